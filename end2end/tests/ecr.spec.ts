// Repositories and images.
import { accessible, expect, test } from "../fixtures/test";

test("a repository holds its images, a multi-architecture image says its platforms", async ({ page }) => {
  await page.goto("/repositories");
  await accessible(page);
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await page.goto("/images?q=arm64");
  await page.goto("/images");
  await expect(page.getByText("linux/arm64").first()).toBeVisible();
});
