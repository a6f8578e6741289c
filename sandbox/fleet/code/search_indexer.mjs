// Turns clicks into search popularity.
export const handler = async (event) => {
  const pages = new Map();
  for (const record of event.Records ?? []) {
    try {
      const click = JSON.parse(Buffer.from(record.kinesis.data, "base64").toString());
      pages.set(click.page, (pages.get(click.page) ?? 0) + 1);
    } catch (problem) {
      console.warn(`skipped a record that is not JSON: ${problem.message}`);
    }
  }
  for (const [page, clicks] of pages) console.log(`popularity ${page} +${clicks}`);
  return { pages: pages.size };
};
