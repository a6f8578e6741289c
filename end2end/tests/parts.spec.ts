// Code that is fetched when a page needs it (app/src/later.rs).
import { NewPerson } from "../fixtures/person";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { world } from "../fixtures/world";

/** Where a part of the program comes from; not the program itself, which every page loads. */
const PARTS = /\/pkg\/(split|chunk)_[^/]*\.wasm$/;

test("the first visit loads no part that only other pages need", async ({ page }) => {
  const parts: string[] = [];
  page.on("request", (request) => {
    if (PARTS.test(request.url())) parts.push(request.url());
  });
  for (const path of ["/", "/functions", "/images?q=orders", "/search?q=orders"]) {
    await page.goto(path);
    await hydrated(page);
  }
  expect(parts).toEqual([]);
});

test("every page whose code comes later answers to clicks, opened directly and by a link", async ({ page }) => {
  const pages = ["/changes", "/runs", "/settings/you", "/settings/tokens", "/settings/people", "/settings/connections"];
  for (const path of [...pages, "/repositories/new", "/public-repositories/new"]) {
    await page.goto(path);
    await hydrated(page);
    await expect(page.locator("h1").first()).toBeVisible();
  }
  await page.goto("/");
  await hydrated(page);
  await page.locator('a[href^="/changes"]').first().click();
  await expect(page).toHaveURL(/\/changes/);
  await expect(page.locator("h1")).toContainText("Changes");
});

test("a review fetches the page of its run, so that the run is seen whatever becomes of the server", async ({ page: owner, browser }) => {
  // The draft is theirs.
  const somebody = await NewPerson.make(owner, browser);
  const page = await somebody.browser();
  await page.goto("/repositories/new?account=111122223333&region=eu-west-1");
  await hydrated(page);
  await page.getByLabel("Name", { exact: true }).fill("e2e/never-made");
  await expect(page.getByText("nothing is done yet")).toBeVisible();
  const fetched = page.waitForResponse(/\/pkg\/split_details[^/]*\.wasm$/);
  await page.getByRole("button", { name: "Review", exact: true }).click();
  expect((await fetched).ok()).toBe(true);
  await somebody.leave();
});

test("a part that cannot be fetched says so, keeps the rest alive and comes with the next load", async ({ browser }) => {
  // A page of its own: the browser reports the failed fetch as an error.
  const context = await browser.newContext({ baseURL: world().url, storageState: world().state });
  const page = await context.newPage();
  await page.goto("/functions?q=invoice-render");
  await hydrated(page);
  await page.route(PARTS, (route) => route.fulfill({ status: 404, body: "" }));
  await page.locator("tbody").getByRole("link", { name: "invoice-render" }).first().click();
  await expect(page.getByRole("alert")).toContainText("This page could not be loaded");
  await accessible(page);
  // What is here goes on.
  await page.locator('nav a[href^="/services"]').first().click();
  await expect(page.locator("h1")).toContainText("Services");
  await page.goBack();
  // The part is asked for once more; were it let through before that, there would be nothing to load again.
  const again = page.getByRole("link", { name: "Load it again" });
  await expect(again).toBeVisible();
  await page.unroute(PARTS);
  await again.click();
  await expect(page.locator("h1")).toContainText("invoice-render");
  await hydrated(page);
  await context.close();
});

test("what an act would do is fetched when somebody asks for one, and a dialog without it says so", async ({ browser }) => {
  const context = await browser.newContext({ baseURL: world().url, storageState: world().state });
  const page = await context.newPage();
  const dialog = page.getByRole("dialog", { name: "Confirm" });
  const ask = async () => {
    await page.goto("/images?q=northwind");
    await hydrated(page);
    await page.locator("tbody .pick").first().check();
    await page.locator(".tablefoot").getByRole("button", { name: "Delete" }).click();
  };
  await page.route(PARTS, (route) => route.fulfill({ status: 404, body: "" }));
  await ask();
  await expect(dialog).toContainText("This could not be loaded");
  await accessible(page);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await page.unroute(PARTS);
  await ask();
  await expect(dialog.locator("h2")).not.toHaveText("One moment");
  await expect(dialog.locator("h2")).toBeFocused();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toBeHidden();
  await context.close();
});
