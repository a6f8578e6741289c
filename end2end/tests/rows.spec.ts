// A list of ten thousand rows: to the end and back with the wheel, the scrollbar and the keyboard. `cargo xtask bench` measures how smoothly.
import type { Page } from "@playwright/test";
import { accessible, expect, hydrated, test } from "../fixtures/test";

const ROWS = 10_000;
const name = (row: number) => `row-${String(row).padStart(5, "0")}`;

type Row = { key: string; name: string; arn: string | null };
type Answer = { rows: Row[]; total: number; matched: number };

/** Opens a list of functions that is so long: its rows are made from the first real one. Answers how many windows were asked for so far. */
async function openLongList(page: Page): Promise<() => number> {
  await page.goto("/");
  await hydrated(page);
  let asked = 0;
  let like: Answer | undefined;
  await page.route("**/api/fn/list", async (route) => {
    const { query } = route.request().postDataJSON() as { query: { kind: string; offset: number; limit: number } };
    if (query.kind !== "lambda.function") return route.continue();
    asked += 1;
    like ??= (await (await route.fetch()).json()) as Answer;
    const [row] = like.rows;
    const numbers = Array.from({ length: Math.max(0, Math.min(query.limit, ROWS - query.offset)) }, (_, n) => query.offset + n);
    const rows = numbers.map((n) => ({ ...row, name: name(n), key: row.key.replace(/[^/]+$/, name(n)) }));
    return route.fulfill({ json: { ...like, rows, total: ROWS, matched: ROWS } });
  });
  await page.locator('nav a[href^="/functions"]').first().click();
  await expect(page.getByText("10,000 functions", { exact: true })).toBeVisible();
  return () => asked;
}

const row = (page: Page, n: number) => page.getByRole("row", { name: name(n) });
const link = (page: Page, n: number) => page.getByRole("link", { name: name(n), exact: true });
const place = (page: Page) => page.locator(".rows").evaluate((box) => box.scrollTop);

test("ten thousand rows: to the end and back, with what is picked and the address kept", async ({ page }) => {
  const asked = await openLongList(page);
  await row(page, 0).getByRole("checkbox").check();
  await expect(page.getByText("1 function selected")).toBeVisible();
  const address = page.url();

  await page.locator(".rows").hover();
  await page.mouse.wheel(0, 3000);
  await expect(link(page, 85)).toBeInViewport();
  await expect(link(page, 0)).toHaveCount(0);
  // What had the focus is gone from the page: the next row is one in sight.
  await page.keyboard.press("j");
  await expect(page.locator("tbody a:focus")).toBeInViewport();
  expect(await page.locator("tbody a:focus").innerText()).toMatch(/^row-000[78]\d$/);

  // As the thumb of the scrollbar is dragged: a place further with each frame. Of 167 windows those are asked for that are looked at.
  const before = asked();
  const { time, moved } = await page.locator(".rows").evaluate(
    (box) =>
      new Promise<{ time: number; moved: number }>((resume) => {
        const widths = () => [...box.querySelectorAll("th")].map((head) => head.getBoundingClientRect().width);
        const [begin, from, at] = [performance.now(), box.scrollTop, widths()];
        let moved = 0;
        const step = () => {
          moved = Math.max(moved, ...widths().map((width, n) => Math.abs(width - at[n])));
          const part = Math.min(1, (performance.now() - begin) / 3000);
          box.scrollTop = from + part * (box.scrollHeight - box.clientHeight - from);
          if (part < 1) requestAnimationFrame(step);
          else resume({ time: performance.now() - begin, moved });
        };
        requestAnimationFrame(step);
      }),
  );
  expect(moved, "columns keep their widths while rows are on their way").toBeLessThan(2);
  await expect(link(page, ROWS - 1)).toBeInViewport();
  // Three at most each tenth of a second, and those in sight again when the fleet has changed meanwhile.
  expect(asked() - before).toBeLessThanOrEqual(3 * (time / 100 + 1) + 12);
  await expect(page.getByRole("main").locator(".blank")).toHaveCount(0);
  const names = await page.locator("tbody td.name a").allInnerTexts();
  expect(new Set(names).size, "no row is there twice").toBe(names.length);
  expect(page.url()).toBe(address);

  await page.locator(".rows").evaluate((box) => (box.scrollTop = 0));
  await expect(link(page, 0)).toBeInViewport();
  // Not at the end: there a row is half below the head, with its box too near to the one for all.
  await accessible(page);
  await expect(row(page, 0).getByRole("checkbox")).toBeChecked();
  await expect(page.getByText("1 function selected")).toBeVisible();
  expect(page.url()).toBe(address);
});

test("ten thousand rows with the keyboard: End, Home, and page by page", async ({ page }) => {
  await openLongList(page);
  await page.locator(".rows").focus();
  await page.keyboard.press("End");
  await expect(link(page, ROWS - 1)).toBeInViewport();
  await page.keyboard.press("Home");
  await expect(link(page, 0)).toBeInViewport();
  // From a row, which is taken from the page when it is far out of sight: keys go on in its list.
  await page.keyboard.press("j");
  await expect(link(page, 0)).toBeFocused();
  await page.keyboard.press("End");
  await expect(link(page, ROWS - 1)).toBeInViewport();
  await page.keyboard.press("PageUp");
  await expect(link(page, ROWS - 1)).not.toBeInViewport();
  await page.keyboard.press("Home");
  await expect(link(page, 0)).toBeInViewport();
  // Another order begins at its top.
  await page.keyboard.press("End");
  await expect(link(page, ROWS - 1)).toBeInViewport();
  await page.getByRole("link", { name: "Memory", exact: true }).click();
  await expect(page).toHaveURL(/sort=/);
  await expect(link(page, 0)).toBeInViewport();
});

test("who scrolls before the script has come stays where they are", async ({ page }) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\.wasm$/, async (route) => {
    await held;
    await route.continue();
  });
  // By name, and of the fleet's own: what other journeys push and delete meanwhile would move all.
  await page.goto("/images?sort=name&q=northwind/&from=60", { waitUntil: "domcontentloaded" });
  const rows = page.locator("tbody td.name a");
  await expect(rows.first()).toBeInViewport();
  const third = await rows.nth(3).getAttribute("href");
  await page.locator(".rows").evaluate((box) => (box.scrollTop = 76));
  release();
  await hydrated(page);
  // 60 rows are above these, 38 pixels each, and two that were scrolled.
  await expect.poll(() => place(page)).toBe(60 * 38 + 76);
  await expect(page.locator(`tbody td.name a[href="${third}"]`)).toBeInViewport();
});

test("a list is where it was after a reload, and begins at its top when it is opened", async ({ page }) => {
  await page.goto("/images?sort=name");
  await hydrated(page);
  await page.locator(".rows").evaluate((box) => (box.scrollTop = 2000));
  await page.reload();
  await hydrated(page);
  await expect.poll(() => place(page)).toBe(2000);
  await expect(page.locator("tbody td.name a").last()).toBeVisible();
  await page.goto("/images?sort=name&q=a");
  await hydrated(page);
  await expect(page.locator("tbody td.name a").first()).toBeInViewport();
  expect(await place(page)).toBe(0);
});
