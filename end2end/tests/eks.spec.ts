// Kubernetes clusters with what belongs to them.
import { accessible, expect, test } from "../fixtures/test";

test("a cluster shows its version and its node groups", async ({ page }) => {
  await page.goto("/eks-clusters");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Kubernetes");
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByText(/node group/i).first()).toBeVisible();
  await accessible(page);
});
