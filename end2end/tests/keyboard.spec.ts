// With the keyboard alone: each key that the help names does what it says there.
import type { Page } from "@playwright/test";
import { accessible, expect, hydrated, test } from "../fixtures/test";

const heading = (page: Page) => page.getByRole("heading", { level: 1 });
/** Keys one right after the other, however long the page takes for each. */
const together = (page: Page, keys: string) => Promise.all(keys.split(" ").map((key) => page.keyboard.press(key)));
const rows = (page: Page) => page.locator(".rows tbody td.name a");

test("the help opens with its key, and every place it names is two keys away", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toBeVisible();
  await accessible(page);
  const named = await help
    .locator(".keys > div")
    .evaluateAll((lines) => lines.map((line) => ["dt", "dd"].map((part) => line.querySelector(part)?.textContent?.trim() ?? "")));
  const places = named.filter(([keys]) => /^g [a-z]$/.test(keys));
  expect(places).toHaveLength(10);
  // Keys are the dialog's while it is open.
  await together(page, "g f");
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  await expect(heading(page)).toHaveText("Overview");
  for (const [keys, what] of places.reverse()) {
    await together(page, keys);
    await expect(heading(page)).toHaveText(what);
  }
});

test("a list is filtered, its rows are walked, picked and opened, and one comes back to where one was", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  await together(page, "g f");
  await expect(heading(page)).toHaveText("Functions");
  await expect(rows(page).first()).toBeVisible();
  await page.keyboard.press("/");
  const filter = page.getByRole("searchbox", { name: "Filter functions" });
  await expect(filter).toBeFocused();
  await page.keyboard.type("payments");
  await expect(page).toHaveURL(/[?&]q=payments/);
  await expect(page.locator(".tablefoot").getByText(/^\d+ of \d+ functions$/)).toBeVisible();
  // Leaving the filter keeps it.
  await page.keyboard.press("Escape");
  await expect(filter).not.toBeFocused();
  await expect(filter).toHaveValue("payments");
  await page.keyboard.press("/");
  await expect(filter).toBeFocused();

  await page.keyboard.press("ArrowDown");
  for (const [key, row] of [["j", 1], ["j", 2], ["k", 1], ["ArrowDown", 2], ["ArrowUp", 1], ["k", 0], ["k", 0]] as const) {
    await page.keyboard.press(key);
    await expect(rows(page).nth(row)).toBeFocused();
  }
  await page.keyboard.press("x");
  await expect(page.getByText("1 function selected")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText("1 function selected")).toHaveCount(0);
  await expect(rows(page).first()).toBeFocused();

  const name = (await rows(page).first().getAttribute("title")) ?? "";
  await page.keyboard.press("Enter");
  await expect(heading(page)).toContainText(name);
  await page.goBack();
  await expect(heading(page)).toHaveText("Functions");
  await expect(filter).toHaveValue("payments");
  await expect(rows(page).nth(1)).toBeVisible();
  await page.keyboard.press("j");
  await expect(rows(page).nth(1)).toBeFocused();
});

test("the focus is in a list before its filter's answer, and on the row one comes back from", async ({ page }) => {
  await page.goto("/functions");
  await hydrated(page);
  await expect(rows(page).first()).toBeVisible();
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/api/fn/list", async (route) => {
    await held;
    await route.continue();
  });
  await page.keyboard.press("/");
  await page.keyboard.type("payments");
  await page.keyboard.press("ArrowDown");
  await expect(rows(page).first()).toBeFocused();
  release();
  await expect(page.locator(".tablefoot").getByText(/^\d+ of \d+ functions$/)).toBeVisible();
  await expect(rows(page).first()).toBeFocused();
  const name = (await rows(page).first().getAttribute("title")) ?? "";
  await page.keyboard.press("Enter");
  await expect(heading(page)).toContainText(name);

  // Far below what is in sight at first.
  await page.goto("/task-definitions");
  await hydrated(page);
  await expect(rows(page).first()).toBeVisible();
  for (let n = 0; n < 45; n += 1) await page.keyboard.press("j");
  const href = (await page.locator(".rows tbody a:focus").getAttribute("href")) ?? "";
  const row = page.locator(`.rows tbody a[href="${href}"]`);
  await expect(row).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp("/task-definitions/\\d{12}/"));
  await page.goBack();
  await expect(row).toBeFocused();
  await expect(row).toBeInViewport();
  expect(await page.locator(".rows").evaluate((box) => box.scrollTop)).toBeGreaterThan(0);
});

test("the first link skips what is before the page", async ({ page }) => {
  await page.goto("/functions");
  await hydrated(page);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the page" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("main#page")).toBeFocused();
  await expect(page).toHaveURL(/\/functions$/);
});

test("anything is found from anywhere, chosen with the arrows, and left with one key", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  const search = page.getByRole("dialog", { name: "Find anything" });
  const field = search.getByRole("combobox", { name: "Find anything" });
  const options = search.getByRole("option");
  // The key for a list's filter, where there is none.
  for (const key of ["/", "Control+k", "Meta+k"]) {
    await page.keyboard.press(key);
    await expect(field).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(search).toBeHidden();
  }
  await page.keyboard.press("Control+k");
  await page.keyboard.type("tasks");
  await expect(search.locator(".hits")).toHaveAttribute("data-for", "tasks");
  for (const [key, chosen] of [["ArrowDown", 1], ["ArrowDown", 2], ["ArrowUp", 1], ["ArrowUp", 0]] as const) {
    await page.keyboard.press(key);
    await expect(options.nth(chosen)).toHaveAttribute("aria-selected", "true");
    await expect(field).toHaveAttribute("aria-activedescendant", (await options.nth(chosen).getAttribute("id")) ?? "");
  }
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect(search).toBeHidden();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("people");
  await expect(search.locator(".hits")).toHaveAttribute("data-for", "people");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/settings\/people$/);
  await expect(search).toBeHidden();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("dark theme");
  await expect(search.locator(".hits")).toHaveAttribute("data-for", "dark theme");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(search).toBeHidden();
  await expect(page).toHaveURL(/\/settings\/people$/);
});
