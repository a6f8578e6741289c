// Kubernetes clusters with what belongs to them.
import { accessible, expect, test } from "../fixtures/test";

test("a cluster shows its version and its node groups", async ({ page }) => {
  await page.goto("/eks-clusters");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Kubernetes");
  await page.locator("tbody a[href^='/eks-clusters/']").first().click();
  await expect(page).toHaveURL(/\/eks-clusters\/\d{12}\//);
  await expect(page.getByRole("main").getByText(/node group/i).locator("visible=true").first()).toBeVisible();
  await accessible(page);
});
