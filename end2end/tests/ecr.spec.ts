// Repositories and images.
import { accessible, expect, hydrated, test } from "../fixtures/test";

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

test("a repository's images stand newest pushed first, and the head of the order turns it round", async ({ page }) => {
  await page.goto("/repositories/111122223333/eu-west-1/northwind/catalog");
  await hydrated(page);
  const list = page.locator("[data-kind='ecr.image']");
  const head = list.locator("th[data-col=pushed]");
  const pushed = () => list.locator("td[data-col=pushed] time").evaluateAll((times) => times.map((time) => time.getAttribute("datetime") ?? ""));
  const names = () => list.locator("tbody td.name a").allInnerTexts();
  await expect(head).toHaveAttribute("aria-sort", "descending");
  await expect(list.locator("th[aria-sort]")).toHaveCount(1);
  expect((await pushed()).length).toBeGreaterThan(3);
  expect(await pushed()).toEqual((await pushed()).sort().reverse());
  // The last release that was pushed runs.
  const newest = await names();
  expect(newest[0]).toContain("live");
  await accessible(page);

  await head.getByRole("link", { name: "Pushed" }).click();
  await expect(page).toHaveURL(/[?&]sort=pushed$/);
  await expect(head).toHaveAttribute("aria-sort", "ascending");
  await expect.poll(names).toEqual([...newest].reverse());
  await head.getByRole("link", { name: "Pushed" }).click();
  await expect(page).not.toHaveURL(/sort=/);
  await expect(head).toHaveAttribute("aria-sort", "descending");
  await expect.poll(names).toEqual(newest);
});
