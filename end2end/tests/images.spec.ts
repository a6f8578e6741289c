// What people see of images: what uses them, indexes that open, two of them compared, what refers to them, what AWS says rules would do.
import { accessible, expect, hydrated, test } from "../fixtures/test";

const repositories = "/repositories/111122223333/eu-west-1";

test("a repository's list says what is in use, and an index opens to its platforms", async ({ page }) => {
  await page.goto(`${repositories}/platform/otel-collector`);
  await hydrated(page);
  const list = page.locator("[data-kind='ecr.image']");
  // Tags without the repository's name; the platforms are no rows of their own.
  const index = list.locator("tbody tr", { has: page.getByRole("button", { name: /^Parts of/ }) });
  await expect(index).toHaveCount(1);
  await expect(index.locator("td.name")).toContainText(/^1\.[\d.]+, latest, live$/);
  await expect(list.locator("tr.part")).toHaveCount(0);
  const open = index.getByRole("button", { name: /^Parts of/ });
  await expect(open).toHaveAttribute("aria-expanded", "false");
  await open.click();
  await expect(open).toHaveAttribute("aria-expanded", "true");
  await expect(list.locator("tr.part")).toHaveCount(2);
  for (const platform of ["linux/amd64", "linux/arm64/v8"]) await expect(list.locator("tr.part td.name", { hasText: platform })).toBeVisible();
  await accessible(page);
  await open.click();
  await expect(list.locator("tr.part")).toHaveCount(0);

  await page.goto(`${repositories}/northwind/payments`);
  await hydrated(page);
  await expect(list.locator("tbody tr", { hasText: /live/ }).first()).toContainText(/service [\w-]+\/payments/);
  // The same as a filter, also over all images.
  await page.goto("/images?account=111122223333&region=eu-west-1&use=In use&q=northwind");
  await hydrated(page);
  await expect(list.locator("tbody a[href^='/images/']").first()).toBeVisible();
  for (const row of await list.locator("td[data-col=users]").all()) await expect(row).not.toHaveText("–");
});

test("two images of a list are compared, and one is seen through", async ({ page }) => {
  await page.goto(`${repositories}/northwind/payments`);
  await hydrated(page);
  const rows = page.locator("[data-kind='ecr.image'] tbody tr", { has: page.locator("a[href^='/images/']") }).filter({ hasText: /1\.\d+\.\d+/ });
  await rows.nth(0).getByRole("checkbox").check({ force: true });
  await rows.nth(1).getByRole("checkbox").check({ force: true });
  await page.getByRole("link", { name: "Compare" }).click();
  await expect(page).toHaveURL(/\/compare\?/);
  await expect(page.getByRole("heading", { name: /^Layers: 3 shared \(.*1 gone .*1 new/ })).toBeVisible();
  await expect(page.getByText("Label org.opencontainers.image.version")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Findings" })).toBeVisible();
  await accessible(page);

  // The image that runs: what made its layers, what refers to it, how it is used next.
  await page.goto(`${repositories}/northwind/payments`);
  await hydrated(page);
  await page.locator("[data-kind='ecr.image'] tbody a[href^='/images/']", { hasText: "live" }).click();
  await expect(page).toHaveURL(/\/images\//);
  await hydrated(page);
  await page.locator("summary", { hasText: "In a task definition" }).click();
  await expect(page.locator("pre", { hasText: "aws ecs register-task-definition" })).toContainText(/northwind\/payments@sha256:[0-9a-f]{64}/);
  await accessible(page);
  await page.getByRole("link", { name: "Layers", exact: true }).click();
  await expect(page.locator("code.build-line").first()).toBeVisible();
  await page.getByRole("link", { name: "Referrers", exact: true }).click();
  await expect(page.getByText("Signature (Notation)")).toBeVisible();
  await expect(page.getByText("Bill of materials (SPDX)")).toBeVisible();
  await accessible(page);
  await page.getByRole("link", { name: "Manifest", exact: true }).click();
  await expect(page.getByText("schemaVersion")).toBeVisible();
});

test("AWS says itself what rules would do, where it can", async ({ page }) => {
  await page.goto(`${repositories}/northwind/payments?tab=lifecycle`);
  await hydrated(page);
  await expect(page.getByText("By Gantry's own reckoning", { exact: false })).toBeVisible();
  await page.getByRole("button", { name: "Ask AWS for its own preview" }).click();
  await expect(page.getByText("By AWS's own preview", { exact: false })).toBeVisible({ timeout: 30_000 });
  await accessible(page);
  // Of other rules AWS has said nothing.
  await page.getByLabel("Number").first().fill("3");
  await expect(page.getByText("By Gantry's own reckoning", { exact: false })).toBeVisible();
});
