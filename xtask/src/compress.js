// Writes a brotli and a gzip copy beside each file named on the command line.
// Run by compress.rs: Node's own zlib is many times quicker than an unoptimised build of this tool would be.
const { readFileSync, writeFileSync } = require("node:fs");
const { promisify } = require("node:util");
const zlib = require("node:zlib");

async function compress(path) {
  const bytes = readFileSync(path);
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
  const params = { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const [br, gz] = await Promise.all([promisify(zlib.brotliCompress)(bytes, { params }), promisify(zlib.gzip)(bytes, { level: 9 })]);
  writeFileSync(`${path}.br`, br);
  writeFileSync(`${path}.gz`, gz);
}

Promise.all(process.argv.slice(1).map(compress)).catch((error) => {
  console.error(String(error));
  process.exit(1);
});
