// The registry as a whole: replication is changed and taken back, a cache rule is tried and deleted, a policy that is none is refused.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";
import type { Page } from "@playwright/test";

const account = "444455556666";
const region = "us-east-1";
const own = `/registries/${account}/${region}/${account}`;

const dialog = (page: Page) => page.getByRole("dialog", { name: "Confirm" });

async function open(page: Page, tab: string) {
  await page.goto(`${own}?tab=${tab}`);
  await hydrated(page);
}

async function apply(page: Page) {
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  await expect(dialog(page).getByText("Applied")).toBeVisible({ timeout: 30_000 });
}

type Replication = { replicationConfiguration: { rules: { destinations: { region: string }[] }[] } };
const rules = () => (aws("ecr", "describe_registry", {}, account, region) as Replication).replicationConfiguration.rules;

test("a replication rule is made, and undone", async ({ page }) => {
  await open(page, "overview");
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("Destinations of rule 1").fill(region);
  await expect(page.getByText("This is the registry itself.")).toBeVisible();
  await page.getByLabel("Destinations of rule 1").fill("eu-west-1");
  await page.getByLabel("Only names that begin with, rule 1").fill("prod/");
  await accessible(page);
  await page.getByRole("button", { name: "Review the change" }).click();
  await apply(page);
  expect(rules().map((rule) => rule.destinations[0].region)).toEqual(["eu-west-1"]);
  await dialog(page).getByRole("link", { name: "Open the run" }).click();
  await page.locator("summary", { hasText: /^Undo$/ }).click();
  await page.locator(".about").getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => rules().length, { timeout: 30_000 }).toBe(0);
});

test("a cache rule is tried and deleted", async ({ page }) => {
  aws("ecr", "create_pull_through_cache_rule", { ecrRepositoryPrefix: "e2e-quay", upstreamRegistryUrl: "quay.io" }, account, region);
  await open(page, "cache");
  const row = page.getByRole("row", { name: /e2e-quay/ });
  await row.getByRole("button", { name: "Validate" }).click();
  await expect(row.getByText("It works.")).toBeVisible();
  await row.getByRole("button", { name: "Delete" }).click();
  await apply(page);
  const left = aws("ecr", "describe_pull_through_cache_rules", {}, account, region) as { pullThroughCacheRules: unknown[] };
  expect(left.pullThroughCacheRules).toEqual([]);
});

test("a policy that is no JSON is refused beside its field", async ({ page }) => {
  await open(page, "policy");
  await page.getByLabel("Registry policy").fill("no policy");
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(page.locator(".acts[inert]")).toHaveCount(1);
});
