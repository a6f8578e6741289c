// Every page, in both schemes and at both widths: no console error, no accessibility fault, nothing wider than the window.
import type { Page, Route } from "@playwright/test";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { world } from "../fixtures/world";

const pages: [string, string | RegExp][] = [
  ["/", "Overview"],
  ["/functions", "Functions"],
  ["/services", "Services"],
  ["/tasks", "Tasks"],
  ["/task-definitions", "Task definitions"],
  ["/clusters", "Clusters"],
  ["/eks-clusters", "Kubernetes"],
  ["/repositories", "Repositories"],
  ["/images", "Images"],
  ["/changes", "Changes"],
  ["/runs", "Runs and audit"],
  ["/runs?tab=audit", "Runs and audit"],
  ["/search?q=orders", /Search|orders/],
  ["/compare", "Compare"],
  ["/roles", /roles/i],
  ["/queues", /queues/i],
  ["/settings/you", "Settings"],
  ["/settings/people", "Settings"],
  ["/settings/connections", "Settings"],
  ["/settings/tokens", "Settings"],
];

async function fits(page: Page, path: string, heading: string | RegExp) {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.goto(path);
    await hydrated(page);
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading);
    for (const [width, height] of [[1440, 900], [390, 844], [768, 1024], [2560, 1440]]) {
      await page.setViewportSize({ width, height });
      // Charts follow a frame after the page.
      const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await expect.poll(overflow, { message: `the page scrolls sideways at ${width}` }).toBeLessThanOrEqual(0);
      // Each width and each scheme once: looking takes long.
      if (width === (colorScheme === "light" ? 1440 : 390)) await accessible(page);
    }
  }
}

for (const [path, heading] of pages) {
  test(`${path} in both schemes, on a phone, a tablet, a laptop and a wide screen`, ({ page }) => fits(page, path, heading));
}

// One of each by what its list has first: ids of revisions, digests and clusters are not known beforehand.
for (const [what, list, heading] of [
  ["a function", "/functions?q=orders-worker&account=111122223333&region=eu-west-1", /orders-worker/],
  ["a service", "/services?account=111122223333&region=eu-west-1", /\S/],
  ["a task definition", "/task-definitions?account=111122223333&region=eu-west-1&family=catalog", /catalog/],
  ["a repository", "/repositories?q=northwind/catalog&account=111122223333&region=eu-west-1", /northwind\/catalog/],
  ["an image", "/images?q=northwind/catalog&account=111122223333&region=eu-west-1", /northwind\/catalog/],
  ["a Kubernetes cluster", "/eks-clusters?account=111122223333&region=eu-west-1", /\S/],
] as const) {
  test(`the page of ${what} in both schemes, on a phone, a tablet, a laptop and a wide screen`, async ({ page }) => {
    await page.goto(list);
    const link = page.locator(`tbody td.name a[href^='${list.split("?")[0]}/']`).first();
    const path = (await link.getAttribute("href")) ?? "";
    await fits(page, path, heading);
  });
}

test("a comparison says what it waits for, and that nothing differs", async ({ page }) => {
  await page.goto("/compare");
  await expect(page.getByText("Nothing chosen yet")).toBeVisible();
  await accessible(page);
  const one = encodeURIComponent("lambda.function/111122223333/eu-west-1/orders-api");
  await page.goto(`/compare?left=${one}`);
  await expect(page.getByText("Compare orders-api with what?")).toBeVisible();
  await page.goto(`/compare?left=${one}&right=${one}`);
  await expect(page.getByText("From and To are one and the same")).toBeVisible();
});

test("changes of a kind are a click away, and an account nobody reads is named", async ({ page }) => {
  await page.goto("/changes");
  await hydrated(page);
  await page.getByRole("main").locator("summary", { hasText: "Kind" }).click();
  await page.locator("details.menu[open] a.option", { hasText: /^Functions$/ }).click();
  await expect(page).toHaveURL(/\/changes\?kind=functions/);
  await expect(page.getByRole("main").locator("summary", { hasText: "Kind: Functions" })).toBeVisible();
  await page.goto("/changes?account=999988887777");
  await expect(page.getByText("No connection leads to account 999988887777")).toBeVisible();
  await accessible(page);
});

test("the overview charts CPU and memory of the busiest services, and says of how many", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  const pulse = page.getByRole("region", { name: "What functions and services do now" });
  for (const title of ["CPU of the busiest services", "Memory of the busiest services"]) {
    const card = pulse.locator(".card", { has: page.getByRole("heading", { name: title }) });
    // Asked again each minute, should CloudWatch be late.
    await expect(card.locator("figcaption")).toContainText(/latest\s+\d/);
  }
  await expect(pulse.getByText(/Up to 4 services with the highest average of the last hour, of [\d,]+ services? that CloudWatch/)).toBeVisible();
  await accessible(page);
});

test("a page that was refused for the moment asks again by itself", async ({ browser }) => {
  // A page of its own: the browser reports what was refused as an error.
  const context = await browser.newContext({ baseURL: world().url, storageState: world().state });
  const page = await context.newPage();
  await page.goto("/");
  await hydrated(page);
  for (const { asks, by, shows } of [
    { asks: "list", by: () => page.locator('.rail a[href^="/functions"]').first().click(), shows: page.locator("tbody a[href^='/functions/']").first() },
    { asks: "get", by: () => page.locator("tbody a[href^='/functions/']").first().click(), shows: page.getByRole("complementary", { name: "Connected" }) },
    { asks: "overview", by: () => page.locator('.rail a[href="/"]').first().click(), shows: page.getByRole("heading", { name: "Deployments" }) },
  ]) {
    const refuse = (route: Route) => route.fulfill({ status: 503, body: "" });
    await page.route(`**/api/fn/${asks}`, refuse);
    await by();
    await expect(page.getByRole("main")).toContainText("Gantry does not answer");
    await page.unroute(`**/api/fn/${asks}`, refuse);
    await expect(shows).toBeVisible();
  }
  await context.close();
});
