// What is found is more than one page shows: searches beyond their best hits, histories beyond their latest entries.
import { run } from "../fixtures/database";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { world } from "../fixtures/world";

/** Hits of a search, and entries of a history, that one page shows. */
const [HITS, ENTRIES] = [40, 50];

test("a word that fits more than forty says so, and a heading leads to all of its kind", async ({ page }) => {
  await page.goto("/search?q=orders");
  await hydrated(page);
  const found = page.getByRole("main");
  const more = found.getByText(`The best ${HITS}; there are more.`);
  await expect(more).toBeVisible();
  await accessible(page);
  const heading = found.getByRole("heading", { level: 2 }).getByRole("link").first();
  const list = (await heading.getAttribute("href"))!;
  expect(list).toMatch(/^\/[a-z-]+\?q=orders$/);
  const shown = await found.locator(`a.hit[href^='${list.split("?")[0]}/']`).count();
  expect(shown).toBeGreaterThan(0);
  await heading.click();
  await expect(page).toHaveURL(list);
  await hydrated(page);
  await expect(page.getByRole("searchbox", { name: /^Filter / })).toHaveValue("orders");
  await expect.poll(() => page.locator(`tbody tr:has(a[href^='${list.split("?")[0]}/'])`).count()).toBeGreaterThanOrEqual(shown);

  await page.goto("/search?q=payments-webhook");
  await expect(found.locator("a.hit").first()).toBeVisible();
  await expect(more).toHaveCount(0);
});

test("the search over a page leads to all of a kind, too", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("orders");
  const search = page.getByRole("dialog", { name: "Find anything" });
  await expect(search.locator(".hits")).toHaveAttribute("data-for", "orders");
  await expect(search.getByText(`The best ${HITS}; there are more.`)).toBeVisible();
  const all = search.getByRole("option", { name: /^All .* with these words$/ }).first();
  const list = (await all.getAttribute("href"))!;
  expect(list).toMatch(/^\/[a-z-]+\?q=orders$/);
  await all.click();
  await expect(page).toHaveURL(list);
  await expect(search).toBeHidden();
});

test("a history goes on behind its latest fifty entries", async ({ page }) => {
  // Nobody else looks at this topic. That it appeared is its first entry; so many more are what no page can make quickly.
  const of = "resource = (select id from resources where key = 'sns.topic/444455556666/us-east-1/ops-alerts')";
  await run(world().database, `delete from history where change = 'changed' and ${of}`);
  const values = "resource, at + n * 1000, 'changed', name, doc, '[]'::jsonb, true";
  const more = `insert into history (resource, at, change, name, doc, fields, initial) select ${values} from history, generate_series(1, ${ENTRIES}) n where change = 'appeared' and ${of}`;
  expect(await run(world().database, more)).toBe(`INSERT 0 ${ENTRIES}`);
  await page.goto("/topics/444455556666/us-east-1/ops-alerts?tab=changes");
  await hydrated(page);
  const entries = page.locator(".change-row");
  const appeared = entries.filter({ hasText: "appeared" });
  await expect(entries).toHaveCount(ENTRIES);
  await expect(appeared).toHaveCount(0);
  const [to, from] = [entries.nth(2).getByLabel("Compare to here"), entries.nth(4).getByLabel("Compare from here")];
  await to.check();
  await from.check();
  const pair = [await to.inputValue(), await from.inputValue()];
  await page.getByRole("button", { name: "Earlier", exact: true }).click();
  await expect(page).toHaveURL(/[?&]before=\d+/);
  await expect(appeared).toBeVisible();
  // Beside it the two moments that were picked on the page before.
  const picked = entries.filter({ hasText: "Chosen on another page" });
  await expect(picked).toHaveCount(2);
  await expect(picked.first().getByLabel("Compare to here")).toBeChecked();
  await expect(picked.last().getByLabel("Compare from here")).toBeChecked();
  expect([await page.locator("input[name=to]:checked").inputValue(), await page.locator("input[name=from]:checked").inputValue()]).toEqual(pair);
  await expect(page.getByRole("button", { name: "Earlier", exact: true })).toHaveCount(0);
  await accessible(page);
});
