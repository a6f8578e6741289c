// Repositories and images.
import { accessible, expect, test } from "../fixtures/test";

test("a repository holds its images, a multi-architecture image says its platforms", async ({ page }) => {
  // Other journeys make repositories that hold nothing.
  await page.goto("/repositories?q=northwind");
  await accessible(page);
  await page.locator("tbody a[href^='/repositories/']").first().click();
  await expect(page).toHaveURL(/\/repositories\/\d{12}\//);
  await expect(page.locator("tbody a[href^='/images/']").first()).toBeVisible();
  await page.goto("/images?q=otel-collector");
  await expect(page.getByRole("row", { name: /linux\/amd64.*linux\/arm64/ }).first()).toBeVisible();
});
