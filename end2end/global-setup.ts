// Starts a sandbox and a server of its own on free ports, makes the first administrator through the one-time link, waits for the fleet.
import { chromium } from "@playwright/test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import config from "./playwright.config";
import { Reporter } from "./fixtures/processes";
import { freePort } from "./fixtures/private";
import { signIn } from "./fixtures/sign_in";
import { password } from "./fixtures/world";

export default async function setup() {
  const bin = process.env.GANTRY_BIN_DIR;
  const site = process.env.GANTRY_SITE;
  if (!bin || !site) throw new Error("Run these through `cargo xtask test`: GANTRY_BIN_DIR and GANTRY_SITE are not set.");

  // A fixed folder can be given to keep the seeded fleet between runs while working on tests.
  const given = process.env.GANTRY_E2E_DIR;
  const folder = given ?? mkdtempSync(join(tmpdir(), "gantry-e2e-"));
  mkdirSync(folder, { recursive: true });
  // As root, Postgres and the emulator run as other users, who must be able to reach it.
  chmodSync(folder, 0o755);
  process.env.GANTRY_E2E_DIR = folder;
  const logs = join(folder, "logs");

  const sandbox = new Reporter("sandbox", join(bin, "gantry-sandbox"), ["up", "--own-database", "--data-dir", join(folder, "data"), "--exit-with-stdin"], {}, logs);
  const stop: (() => Promise<void>)[] = [() => sandbox.stop()];
  const teardown = async () => {
    for (const step of stop.reverse()) await step();
    if (!given) rmSync(folder, { recursive: true, force: true });
  };
  try {
    const cloud = await sandbox.event("ready", 300_000);
    const accounts = cloud.accounts as { id: string; name: string }[];
    const regions = cloud.regions as string[];
    const toml = accounts
      .map((a) =>
        [
          "[[connections]]",
          `name = "${a.name}"`,
          `account = "${a.id}"`,
          `regions = ${JSON.stringify(regions)}`,
          `endpoint_url = "${cloud.endpoint_url}"`,
          `access_key = "${a.id}"`,
          'secret_key = "sandbox"',
          "sandbox = true",
        ].join("\n"),
      )
      .join("\n\n");
    writeFileSync(join(folder, "gantry.toml"), toml);
    // The whole fleet first: then one collect sees all of it.
    await sandbox.event("seeded", 300_000);
    const port = await freePort();
    const server = new Reporter(
      "gantry",
      join(bin, "gantry"),
      ["serve", "--exit-with-stdin"],
      {
        DATABASE_URL: cloud.database_url as string,
        GANTRY_LISTEN: `127.0.0.1:${port}`,
        GANTRY_SITE: site,
        GANTRY_CONFIG: join(folder, "gantry.toml"),
        GANTRY_CONNECTIONS: "",
        AWS_EC2_METADATA_DISABLED: "true",
      },
      logs,
    );
    stop.push(() => server.stop());
    const ready = await server.event("ready", 120_000);
    const welcome = new URL(ready.url as string);
    // A folder that was kept has been collected, and nothing is said of it.
    if (welcome.searchParams.has("token")) await server.event("progress", 120_000, (e) => e.step === "collect" && e.done === e.total);

    const url = `http://127.0.0.1:${port}`;
    const state = join(folder, "state.json");
    const browser = await chromium.launch(config.use?.launchOptions);
    const page = await browser.newPage({ baseURL: url });
    if (welcome.searchParams.has("token")) {
      await page.goto(welcome.href);
      await page.getByLabel("Name").fill("ada");
      await page.getByLabel("Password", { exact: true }).fill(password);
      await page.getByRole("button", { name: "Create administrator" }).click();
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    } else {
      await signIn(page, "ada");
    }
    await page.context().storageState({ path: state });
    await browser.close();

    writeFileSync(
      join(folder, "world.json"),
      JSON.stringify({ url, endpoint: cloud.endpoint_url, database: cloud.database_url, python: cloud.python, state, accounts }),
    );
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}
