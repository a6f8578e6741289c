// Nonsense in addresses, untrusted text, ten tabs at once.
import { expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";

test("what does not exist leads somewhere", async ({ page }) => {
  for (const path of [
    "/functions/999999999999/eu-west-1/nothing",
    "/functions/1234/eu-west-1/nothing",
    "/functions/111122223333/moon-1/nothing",
    "/no-such-page",
    "/resolve?ref=arn:aws:lambda:eu-west-1:111122223333:function:nothing",
  ]) {
    const answer = await page.goto(path);
    expect([400, 404], path).toContain(answer?.status());
    await expect(page.getByRole("main").getByRole("link").first(), path).toBeVisible();
  }
});

test("a filter with nonsense says what is wrong beside a way out", async ({ page }) => {
  await page.goto("/functions?sort=shoe-size");
  await expect(page.getByText(/cannot be sorted by/)).toBeVisible();
  await page.getByRole("link", { name: /clear/i }).first().click();
  await expect(page.getByRole("row").nth(2)).toBeVisible();
});

test("HTML in names and tags stays text", async ({ page }) => {
  const evil = '<img src=x onerror="document.title=1">';
  aws("sqs", "create_queue", { QueueName: "evil-tags", tags: { note: evil } });
  await page.goto("/queues?q=evil-tags");
  await hydrated(page);
  await page.getByRole("button", { name: /refresh|collect/i }).first().click();
  await page.getByRole("link", { name: "evil-tags" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("evil-tags");
  await expect(page.locator('img[src="x"]')).toHaveCount(0);
});

test("ten tabs at once stay live", async ({ context }) => {
  // Ten times the unoptimised WebAssembly on a busy machine.
  test.setTimeout(180_000);
  const tabs = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const page = await context.newPage();
      await page.goto("/queues?q=ten-tabs");
      await hydrated(page);
      return page;
    }),
  );
  const name = `ten-tabs-${Date.now()}`;
  aws("sqs", "create_queue", { QueueName: name });
  await tabs[0].getByRole("button", { name: /refresh|collect/i }).first().click();
  await Promise.all(tabs.map((page) => expect(page.getByRole("link", { name })).toBeVisible({ timeout: 30_000 })));
});
