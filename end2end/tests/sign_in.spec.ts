// Signing in and out, and what happens without.
import { accessible, expect, test } from "../fixtures/test";
import { password } from "../fixtures/world";

test("a visitor is asked to sign in and comes back to the page they wanted", async ({ signedOut: page }) => {
  await page.goto("/functions?q=orders");
  await expect(page).toHaveURL(/\/sign-in\?next=/);
  await accessible(page);
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/functions\?q=orders$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Functions");
});

test("a wrong password says so, and says nothing about whether the name exists", async ({ signedOut: page }) => {
  const attempt = async (name: string) => {
    await page.goto("/sign-in");
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password", { exact: true }).fill("not the password at all");
    await page.getByRole("button", { name: "Sign in" }).click();
    const words = await page.getByRole("alert").innerText();
    await expect(page.getByLabel("Name")).toHaveValue(name);
    await expect(page.getByLabel("Password", { exact: true })).toBeFocused();
    return words;
  };
  expect(await attempt("nobody-here")).toBe(await attempt("nobody-there"));
});

test("the one-time link cannot be used twice", async ({ signedOut: page }) => {
  await page.goto("/welcome?token=used-or-made-up");
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.getByRole("button", { name: "Create administrator" })).toHaveCount(0);
});

test("works without scripts: sign in, list, filter, detail", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false, storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill("not the password at all");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByLabel("Name")).toHaveValue("ada");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.goto("/functions");
  const names = page.locator("tbody a[href^='/functions/']");
  const first = await names.first().innerText();
  await page.getByRole("link", { name: "Next rows" }).click();
  await expect(page).toHaveURL(/from=60/);
  expect(await names.first().innerText()).not.toBe(first);
  await page.getByRole("link", { name: "Previous rows" }).click();
  expect(await names.first().innerText()).toBe(first);
  await page.getByRole("searchbox", { name: "Filter functions" }).fill("thumbnailer");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "thumbnailer" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("thumbnailer");
  await context.close();
});

test("an ended session shows in an open page without losing it", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ baseURL, storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  await page.goto("/sign-in?next=/functions");
  await page.getByLabel("Name").fill("ada");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("html[data-hydrated]").waitFor();
  // the same person ends all of it from elsewhere
  const elsewhere = await context.request.post("/sign-out", { headers: { origin: baseURL!, "sec-fetch-site": "same-origin" } });
  expect(elsewhere.ok()).toBeTruthy();
  await expect(page.getByRole("dialog", { name: /signed out/i })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "Functions" })).toBeVisible();
  await context.close();
});
