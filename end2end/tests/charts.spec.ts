// Charts: what a pointer does on them. Their numbers are the journey's own, an hour of them; the log is the sandbox's.
import type { Page } from "@playwright/test";
import { expect, hydrated, test } from "../fixtures/test";

const MINUTE = 60_000;

/** Opens a function's page with a call each minute of the last hour. */
async function openCharts(page: Page) {
  const last = Math.floor(Date.now() / MINUTE) * MINUTE;
  const points = Array.from({ length: 60 }, (_, n) => [last - (59 - n) * MINUTE, 10]);
  await page.route("**/api/fn/metrics", (route) => route.fulfill({ json: [{ name: "invocations", unit: "count", points }] }));
  await page.goto("/functions/111122223333/eu-west-1/orders-api");
  await hydrated(page);
  const chart = page.getByRole("img", { name: "Invocations and errors" });
  const over = chart.locator(".u-over");
  await over.scrollIntoViewIfNeeded();
  const at = async (part: number): Promise<[number, number]> => {
    const { x, y, width, height } = (await over.boundingBox())!;
    return [x + width * part, y + height / 2];
  };
  /** The minute of the last day that is under the pointer there. */
  const minute = async (part: number): Promise<number> => {
    await page.mouse.move(...(await at(part)));
    const said = chart.locator(".chart-tip b");
    await expect(said).toHaveText(/^\d\d:\d\d UTC$/);
    const [hours, minutes] = (await said.innerText()).split(/[: ]/).map(Number);
    return hours * 60 + minutes;
  };
  return { at, minute };
}

/** How many minutes after the first the other is, over midnight too. */
const between = (first: number, other: number) => (other - first + 24 * 60) % (24 * 60);

test("a click on a chart leads to the log as it was in that minute", async ({ page }) => {
  const { at, minute } = await openCharts(page);
  const pointed = await minute(0.5);
  await page.mouse.click(...(await at(0.5)));
  await expect(page).toHaveURL(/\/functions\/111122223333\/eu-west-1\/orders-api\?tab=logs&at=\d+$/);
  const moment = new Date(Number(new URL(page.url()).searchParams.get("at"))).toISOString();
  // New numbers, once a minute, may have moved the chart in between.
  const led = Number(moment.slice(11, 13)) * 60 + Number(moment.slice(14, 16));
  expect(between(pointed - 1, led)).toBeLessThanOrEqual(2);
  await expect(page.getByText(`paused at ${moment.slice(0, 19).replace("T", " ")} UTC`)).toBeVisible();
});

test("a drag over a chart shows that part of the hour, and a double click all of it again", async ({ page }) => {
  const { at, minute } = await openCharts(page);
  const address = page.url();
  const span = async () => between(await minute(0.02), await minute(0.98));
  await expect.poll(span).toBeGreaterThan(50);
  await page.mouse.move(...(await at(0.25)));
  await page.mouse.down();
  await page.mouse.move(...(await at(0.5)), { steps: 4 });
  await page.mouse.up();
  await expect.poll(span).toBeLessThan(20);
  await page.mouse.dblclick(...(await at(0.5)));
  await expect.poll(span).toBeGreaterThan(50);
  // Neither was the click that leads to the log.
  expect(page.url()).toBe(address);
});
