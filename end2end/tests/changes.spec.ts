// The history of a resource: any two of its moments, and what differs between them.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";

test("two moments of a resource are picked on its Changes tab, and what differs between them is readable", async ({ page }) => {
  const QueueName = `moments-${Date.now()}`;
  const seconds = (VisibilityTimeout: string) => ({ Attributes: { VisibilityTimeout } });
  const { QueueUrl } = aws("sqs", "create_queue", { QueueName, ...seconds("31") }) as { QueueUrl: string };
  const collect = page.getByRole("button", { name: "Collect again from AWS" }).first();
  try {
    await page.goto(`/queues?q=${QueueName}`);
    await hydrated(page);
    await collect.click();
    await page.getByRole("link", { name: QueueName }).first().click();
    await expect(page).toHaveURL(new RegExp(`/queues/.*/${QueueName}`));
    await page.getByRole("navigation", { name: "Tabs" }).getByRole("link", { name: /^Changes/ }).click();
    const moments = page.locator(".change-row");
    await expect(moments).toHaveCount(1);
    await expect(page.getByRole("radio")).toHaveCount(0);
    for (const [n, timeout] of ["42", "53"].entries()) {
      aws("sqs", "set_queue_attributes", { QueueUrl, ...seconds(timeout) });
      await collect.click();
      await expect(moments).toHaveCount(n + 2);
    }
    // The last two unless others are picked.
    const [from, to] = ["Compare from here", "Compare to here"].map((name) => page.getByRole("radio", { name }));
    await expect(from.nth(1)).toBeChecked();
    await expect(to.nth(0)).toBeChecked();
    await from.nth(2).check();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await expect(page).toHaveURL(/[?&]from=\d+/);
    const between = page.locator("section.card", { has: page.getByRole("heading", { name: "Between the two moments" }) });
    await expect(between.locator(".path")).toHaveText([/VisibilityTimeout/]);
    await expect(between.locator(".del")).toContainText("31");
    await expect(between.locator(".add")).toContainText("53");
    await hydrated(page);
    await expect(from.nth(2)).toBeChecked();
    await accessible(page);
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth), "the page scrolls sideways").toBeLessThanOrEqual(390);

    await to.nth(2).check();
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await expect(between).toContainText("From and To are one moment");
  } finally {
    aws("sqs", "delete_queue", { QueueUrl });
  }
});
