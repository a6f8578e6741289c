// Lists: what is filtered, how it is sorted and which columns are shown.
import { expect, hydrated, test } from "../fixtures/test";

test("the order of a list is in the address", async ({ page }) => {
  await page.goto("/functions");
  await hydrated(page);
  // The list's own order is shown, and not in the address.
  const name = page.locator("th[data-col=name]");
  await expect(name).toHaveAttribute("aria-sort", "ascending");
  await expect(name.locator("svg")).toBeVisible();
  await name.getByRole("link").click();
  await expect(page).toHaveURL(/[?&]sort=-name/);
  await expect(name).toHaveAttribute("aria-sort", "descending");
  await name.getByRole("link").click();
  await expect(page).not.toHaveURL(/sort=/);
  await expect(name).toHaveAttribute("aria-sort", "ascending");

  await page.getByRole("link", { name: "Memory" }).click();
  await expect(page).toHaveURL(/sort=/);
  await page.reload();
  await expect(page.getByRole("columnheader", { name: /Memory/ })).toHaveAttribute("aria-sort", /ascending|descending/);
  await expect(page.locator("th[aria-sort]")).toHaveCount(1);
  await page.goBack();
  await expect(page).not.toHaveURL(/sort=/);
});

test("chosen columns are remembered until the default ones are wanted", async ({ page }) => {
  await page.goto("/functions");
  await hydrated(page);
  const memory = page.locator("th[data-col=memory]");
  const columns = page.locator("details.menu", { has: page.locator("summary", { hasText: "Columns" }) });
  await expect(memory).toBeVisible();
  await columns.locator("summary").click();
  await columns.getByRole("link", { name: "Memory", exact: true }).click();
  await expect(page).toHaveURL(/[?&]cols=/);
  await expect(memory).toHaveCount(0);
  // The rail's link names no columns.
  await page.locator('.rail a[href^="/services"]').first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Services");
  await page.locator('.rail a[href^="/functions"]').first().click();
  await expect(page.locator("th[data-col=runtime]")).toBeVisible();
  await expect(memory).toHaveCount(0);
  await page.reload();
  await hydrated(page);
  await expect(memory).toHaveCount(0);
  await page.goto("/functions?cols=memory");
  await hydrated(page);
  await expect(memory).toBeVisible();
  await page.goto("/functions");
  await hydrated(page);
  await expect(memory).toHaveCount(0);
  await columns.locator("summary").click();
  await columns.getByRole("link", { name: "Default columns" }).click();
  await expect(memory).toBeVisible();
  await page.reload();
  await hydrated(page);
  await expect(page.locator("th[data-col=runtime]")).toBeVisible();
  await expect(memory).toBeVisible();
});

test("a column keeps the width it was given until it is reset", async ({ page }) => {
  await page.goto("/functions");
  await hydrated(page);
  const head = page.locator("th[data-col=runtime]");
  const width = async () => (await head.boundingBox())!.width;
  const before = await width();
  // Each step is rounded to a whole pixel.
  const off = async () => Math.abs((await width()) - before - 80);
  await page.getByRole("separator", { name: "Width of Runtime", exact: true }).focus();
  for (let n = 0; n < 5; n++) await page.keyboard.press("ArrowRight");
  await expect.poll(off).toBeLessThan(2);
  await page.reload();
  await hydrated(page);
  await expect.poll(off).toBeLessThan(2);
  await page.getByRole("separator", { name: "Width of Runtime", exact: true }).focus();
  await page.keyboard.press("Home");
  await expect.poll(width).toBeLessThan(before + 40);
});

test("filters are in the address, and the menu they are chosen in stays open", async ({ page }) => {
  await page.goto("/functions");
  await hydrated(page);
  const said = (name: string) => () => new URL(page.url()).searchParams.get(name);
  const chip = page.locator("details.menu[data-keep=runtime]");
  await chip.locator("summary").click();
  const values = await chip.locator("a.option .grow").evaluateAll((all) => all.map((one) => one.getAttribute("title") ?? ""));
  expect(values.length).toBeGreaterThan(1);
  const [first, second] = values;
  const option = (value: string) => chip.locator("a.option", { has: page.locator(`.grow[title="${value}"]`) });
  await option(first).click();
  await expect.poll(said("runtime")).toBe(first);
  await expect(option(first)).toHaveAttribute("aria-current", "true");
  await expect(option(second)).toBeVisible();
  await option(second).click();
  await expect.poll(said("runtime")).toBe(`${first},${second}`);
  await expect(option(first)).toBeVisible();
  await expect(option(second)).toHaveAttribute("aria-current", "true");
  await option(first).click();
  await expect.poll(said("runtime")).toBe(second);
  await expect(option(second)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(option(second)).toBeHidden();

  const attention = page.getByRole("link", { name: "Needs attention", exact: true });
  await attention.click();
  await expect.poll(said("attention")).toBe("1");
  expect(said("runtime")()).toBe(second);
  await page.reload();
  await hydrated(page);
  await expect(attention).toHaveAttribute("aria-current", "true");
  await expect(chip.locator("summary")).toHaveText(/^Runtime: /);
  await page.getByRole("link", { name: "Clear filters", exact: true }).first().click();
  await expect.poll(() => new URL(page.url()).search).toBe("");
  await expect(attention).not.toHaveAttribute("aria-current");
  await page.goBack();
  await expect.poll(said("attention")).toBe("1");
  await expect(chip.locator("summary")).toHaveText(/^Runtime: /);
});

test("columns are in the address, and their menu stays open", async ({ page }) => {
  await page.goto("/functions");
  await hydrated(page);
  const columns = page.locator("details.menu", { has: page.locator("summary", { hasText: "Columns" }) });
  const option = (name: string) => columns.getByRole("link", { name, exact: true });
  const shown = (id: string) => page.locator(`th[data-col=${id}]`);
  const said = () => new URL(page.url()).searchParams.get("cols")?.split(",") ?? [];
  await columns.locator("summary").click();
  await option("Memory").click();
  await expect(shown("memory")).toHaveCount(0);
  await expect(option("Memory")).toBeVisible();
  await expect(option("Memory")).not.toHaveAttribute("aria-current");
  await option("Runtime").click();
  await expect(shown("runtime")).toHaveCount(0);
  await expect.poll(() => said().filter((id) => ["memory", "runtime"].includes(id))).toEqual([]);
  expect(said().length).toBeGreaterThan(0);
  await option("Memory").click();
  await expect(shown("memory")).toBeVisible();
  await expect.poll(said).toContain("memory");
  await page.reload();
  await hydrated(page);
  await expect(shown("memory")).toBeVisible();
  await expect(shown("runtime")).toHaveCount(0);
  await columns.locator("summary").click();
  await option("Default columns").click();
  await expect(shown("runtime")).toBeVisible();
  expect(said()).toEqual([]);
  await expect(option("Runtime")).toBeVisible();
});

test("what calls functions is a column, and a filter", async ({ page }) => {
  await page.goto("/functions?account=111122223333&region=eu-west-1&q=orders");
  await hydrated(page);
  const row = (name: string) => page.locator("tbody tr", { has: page.getByRole("link", { name, exact: true }) });
  const cell = (name: string) => row(name).locator("td[data-col=triggers]");
  await expect(cell("orders-worker")).toHaveText("SQS");
  await expect(cell("orders-projector")).toHaveText("DynamoDB");
  await page.locator("details.menu > summary", { hasText: "Triggers" }).click();
  await page.locator("details.menu[open]").getByRole("link", { name: /^SQS/ }).click();
  await expect(page).toHaveURL(/[?&]triggers=SQS/);
  await expect(row("orders-worker")).toBeVisible();
  await expect(row("orders-projector")).toHaveCount(0);
});
