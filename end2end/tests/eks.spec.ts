// Kubernetes clusters with what belongs to them and what runs in them.
import { accessible, expect, hydrated, test } from "../fixtures/test";

test("a cluster shows its node groups and its pods, and an image the pods that run it", async ({ page }) => {
  await page.goto("/eks-clusters");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Kubernetes");
  await page.locator("tbody a[href^='/eks-clusters/']").first().click();
  await expect(page).toHaveURL(/\/eks-clusters\/\d{12}\//);
  await expect(page.getByRole("main").getByText(/node group/i).locator("visible=true").first()).toBeVisible();
  await accessible(page);
  await page.getByRole("navigation", { name: "Tabs" }).getByRole("link", { name: "Pods" }).click();
  await expect(page.locator("section.card", { has: page.getByRole("heading", { name: "Pods", exact: true }) })).toBeVisible();

  const pod = page.locator("tbody tr", { hasText: "build-runner-0" });
  await expect(async () => {
    await page.goto("/pods?account=111122223333");
    await expect(pod).toContainText(/build:1\.[\d.]+/, { timeout: 2000 });
  }).toPass();
  await hydrated(page);
  await expect(page.locator("tbody tr", { hasText: "recommender-" })).toContainText("ImagePullBackOff");
  await accessible(page);
  await pod.locator("a[href^='/pods/']").first().click();
  await expect(page).toHaveURL(/\/pods\/111122223333\/eu-west-1\//);
  await hydrated(page);
  await accessible(page);
  await page.getByRole("main").locator("a[href^='/images/']", { hasText: /build:1\./ }).first().click();
  await expect(page).toHaveURL(/\/images\//);
  const runs = page.locator("section.card", { has: page.getByRole("heading", { name: "Where it runs" }) });
  await expect(runs.getByRole("link", { name: /build-runner-0/ })).toBeVisible();
  // All pods could be read: nothing is said of others.
  await expect(page.locator(".pods")).toHaveCount(0);
});
