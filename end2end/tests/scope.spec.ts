// Which accounts and regions are looked at: chosen with the mouse or the keyboard, in the address, carried along.
import type { Page } from "@playwright/test";
import { accessible, expect, hydrated, test } from "../fixtures/test";

const staging = "444455556666";
const picker = (page: Page) => page.locator("details.menu", { has: page.locator("summary.scope") });

/** How many functions there are in a scope; the list says the same. */
async function counted(page: Page, scope = ""): Promise<number> {
  const answer = await page.request.get(`/api/v1/resources?kind=lambda.function${scope}`);
  const { total } = (await answer.json()) as { total: number };
  await expect(page.locator(".tablefoot").getByText(`${total} functions`, { exact: true })).toBeVisible();
  return total;
}

test("a scope chosen with the mouse is in the address, goes along, and lists follow it", async ({ page }) => {
  await page.goto("/functions?sort=-name");
  await hydrated(page);
  const all = await counted(page);
  const menu = picker(page);
  const button = menu.locator("summary");
  await expect(button).toHaveAttribute("aria-label", "Scope: All accounts · all regions");

  // The panel stays open for the second choice, and what else is in the address stays.
  await button.click();
  await accessible(page);
  await menu.getByRole("link", { name: /staging/ }).click();
  await expect(page).toHaveURL(/\/functions\?sort=-name&account=444455556666$/);
  await expect(menu.getByRole("link", { name: /staging/ })).toHaveAttribute("aria-current", "true");
  const account = await counted(page, `&account=${staging}`);
  await menu.getByRole("link", { name: /us-east-1/ }).click();
  await expect(page).toHaveURL(/&account=444455556666&region=us-east-1$/);
  const both = await counted(page, `&account=${staging}&region=us-east-1`);
  expect(account).toBeLessThan(all);
  expect(both).toBeLessThan(account);
  await expect(page.locator("tbody a[href^='/functions/']").first()).toBeVisible();
  await expect(page.locator(`tbody a[href^='/functions/']:not([href*='/${staging}/us-east-1/'])`)).toHaveCount(0);
  await page.keyboard.press("Escape");

  await page.locator('nav a[href^="/services"]').first().click();
  await expect(page).toHaveURL(/\/services\?account=444455556666&region=us-east-1$/);
  await page.goBack();
  await page.locator("tbody a[href^='/functions/']").first().click();
  await expect(page).toHaveURL(/\/functions\/444455556666\/us-east-1\/[^?]+\?account=444455556666&region=us-east-1$/);
  await page.reload();
  await hydrated(page);
  await expect(button).toHaveAttribute("aria-label", "Scope: staging · us-east-1");
  await page.goto(`/functions?account=${staging}&region=us-east-1`);
  await hydrated(page);
  await button.click();
  await menu.getByRole("link", { name: "All accounts and regions" }).click();
  await expect(page).toHaveURL(/\/functions$/);
  await counted(page);
});

test("a scope is found and chosen with the keyboard alone", async ({ page }) => {
  await page.goto("/functions");
  await hydrated(page);
  const menu = picker(page);
  await menu.locator("summary").focus();
  await page.keyboard.press("Enter");
  await expect(menu.getByLabel("Find an account or region")).toBeFocused();
  await page.keyboard.type("stag");
  await expect(menu.getByRole("link", { name: /prod/ })).toBeHidden();
  await page.keyboard.press("Tab");
  await expect(menu.getByRole("link", { name: /staging/ })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/functions\?account=444455556666$/);
  await counted(page, `&account=${staging}`);
  await page.keyboard.press("Escape");
  await expect(menu).not.toHaveAttribute("open");
  await expect(menu.locator("summary")).toBeFocused();
});

test("a list that is empty in its scope says so and leads out of it", async ({ page }) => {
  await page.goto("/eks-clusters?region=us-east-1&sort=-name");
  await hydrated(page);
  const list = page.getByRole("main").locator(".empty");
  await expect(list).toContainText("No EKS clusters in us-east-1");
  await accessible(page);
  await list.getByRole("link", { name: "All accounts and regions" }).click();
  await expect(page).toHaveURL(/\/eks-clusters\?sort=-name$/);
  await expect(page.locator("tbody a[href^='/eks-clusters/']").first()).toBeVisible();
});
