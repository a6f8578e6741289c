// The registry as a whole: replication is changed and taken back, a cache rule is tried and deleted, a template is made and changed, a
// setting is switched, a policy that is none is refused.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";
import { press } from "../fixtures/own";
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
  await expect(dialog(page).getByText("Applied")).toBeVisible();
}

/// The page itself has to show what was applied.
async function close(page: Page) {
  await dialog(page).getByRole("button", { name: "Close" }).click();
  await expect(dialog(page)).toBeHidden();
}

type Replication = { replicationConfiguration: { rules: { destinations: { region: string }[] }[] } };
const rules = () => (aws("ecr", "describe_registry", {}, account, region) as Replication).replicationConfiguration.rules;

test("a replication rule is made, and undone", async ({ page }) => {
  await open(page, "overview");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(/^Registry of \S+$/);
  await page.getByRole("button", { name: "Add a rule" }).click();
  // Nothing is wrong with it before somebody was there, or wants it reviewed.
  const destinations = page.getByLabel("Destinations of rule 1");
  await expect(destinations).toBeVisible();
  await expect(destinations).not.toHaveAttribute("aria-invalid", "true");
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(destinations).toHaveAttribute("aria-invalid", "true");
  await expect(destinations).toBeFocused();
  await page.getByRole("button", { name: "Start over" }).click();
  await expect(destinations).toHaveCount(0);
  await page.getByRole("button", { name: "Add a rule" }).click();
  await destinations.fill(region);
  await expect(page.getByText("This is the registry itself.")).toBeHidden();
  await destinations.blur();
  await expect(page.getByText("This is the registry itself.")).toBeVisible();
  await page.getByLabel("Destinations of rule 1").fill("");
  // One that is connected is picked; any other is typed.
  await page.getByLabel("Connected registries for rule 1").selectOption(`${account}/eu-west-1`);
  await expect(page.getByLabel("Destinations of rule 1")).toHaveValue(`${account}/eu-west-1`);
  await expect(page.getByLabel("Connected registries for rule 1")).toHaveValue("");
  await page.getByLabel("Destinations of rule 1").fill("eu-west-1");
  await page.getByLabel("Only names that begin with, rule 1").fill("prod/");
  await accessible(page);
  await page.getByRole("button", { name: "Review the change" }).click();
  await apply(page);
  expect(rules().map((rule) => rule.destinations[0].region)).toEqual(["eu-west-1"]);
  await dialog(page).getByRole("link", { name: "Open the run" }).click();
  await press(page, "Undo");
  await expect.poll(() => rules().length).toBe(0);
});

test("a cache rule is tried and deleted", async ({ page }) => {
  aws("ecr", "create_pull_through_cache_rule", { ecrRepositoryPrefix: "e2e-quay", upstreamRegistryUrl: "quay.io" }, account, region);
  await open(page, "cache");
  const row = page.getByRole("row", { name: /e2e-quay/ });
  await row.getByRole("button", { name: "Validate" }).click();
  await expect(row.getByText("It works.")).toBeVisible();
  // What is half typed beside it stays.
  await page.getByLabel("Upstream registry").selectOption({ label: "GitHub Container Registry" });
  await page.getByLabel("Prefix", { exact: true }).fill("e2e-half");
  await row.getByRole("button", { name: "Delete" }).click();
  await expect(dialog(page).getByRole("button", { name: "Apply" })).toBeDisabled();
  await dialog(page).locator("#act-typed").fill("e2e-quay");
  await apply(page);
  const left = aws("ecr", "describe_pull_through_cache_rules", {}, account, region) as { pullThroughCacheRules: { ecrRepositoryPrefix: string }[] };
  expect(left.pullThroughCacheRules.map((rule) => rule.ecrRepositoryPrefix)).not.toContain("e2e-quay");
  await close(page);
  await expect(row).toBeHidden();
  await expect(page.getByLabel("Prefix", { exact: true })).toHaveValue("e2e-half");
  await expect(page.getByLabel("Upstream registry").locator("option:checked")).toHaveText("GitHub Container Registry");
});

type Template = { prefix: string; appliedFor: string[]; description?: string; imageTagMutability: string };
const templates = () =>
  (aws("ecr", "describe_repository_creation_templates", {}, account, region) as { repositoryCreationTemplates: Template[] })
    .repositoryCreationTemplates;

test("a creation template is added, changed and deleted", async ({ page }) => {
  await open(page, "templates");
  await page.getByLabel("Prefix", { exact: true }).fill("e2e");
  await page.getByRole("checkbox", { name: "Push" }).uncheck();
  await page.getByRole("radio", { name: "Immutable" }).check();
  await accessible(page);
  await page.getByRole("button", { name: "Review the template" }).click();
  await apply(page);
  expect(templates().find((t) => t.prefix === "e2e")).toMatchObject({
    appliedFor: ["PULL_THROUGH_CACHE", "REPLICATION"],
    imageTagMutability: "IMMUTABLE",
  });
  await close(page);
  const row = page.getByRole("row", { name: /e2e/ });
  await expect(row).toBeVisible();
  await expect(page.getByLabel("Prefix", { exact: true })).toHaveValue("");
  await row.getByRole("button", { name: "Change" }).click();
  await page.getByLabel("Description").fill("for the journey");
  await page.getByRole("button", { name: "Review the change" }).click();
  await apply(page);
  expect(templates().find((t) => t.prefix === "e2e")?.description).toBe("for the journey");
  await open(page, "templates");
  await row.getByRole("button", { name: "Delete" }).click();
  await dialog(page).locator("#act-typed").fill("e2e");
  await apply(page);
  expect(templates().filter((t) => t.prefix === "e2e")).toEqual([]);
});

test("a role is chosen among those that ECR may assume, and a secret among those of other rules", async ({ page }) => {
  const trust = (service: string) => JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }] });
  aws("iam", "create_role", { RoleName: "e2e-templates", AssumeRolePolicyDocument: trust("ecr.amazonaws.com") }, account, region);
  aws("iam", "create_role", { RoleName: "e2e-others", AssumeRolePolicyDocument: trust("lambda.amazonaws.com") }, account, region);
  await page.goto(`/roles?account=${account}&q=e2e-templates`);
  await hydrated(page);
  await page.getByRole("button", { name: "Collect again from AWS" }).first().click();
  await expect(page.locator("tbody a[href^='/roles/']", { hasText: "e2e-templates" }).first()).toBeVisible();

  await open(page, "templates");
  const roles = page.getByRole("group", { name: "Roles to choose from" });
  await expect(roles).toBeHidden();
  await page.getByRole("radio", { name: "AWS KMS" }).check();
  await expect(roles.getByRole("button", { name: "e2e-templates" })).toBeVisible();
  await expect(roles.getByRole("button", { name: "e2e-others" })).toBeHidden();
  await accessible(page);
  await roles.getByRole("button", { name: "e2e-templates" }).click();
  await expect(page.getByLabel("Custom role")).toHaveValue(`arn:aws:iam::${account}:role/e2e-templates`);

  const secret = `arn:aws:secretsmanager:${region}:${account}:secret:ecr-pullthroughcache/hub-AbCdEf`;
  const rule = { ecrRepositoryPrefix: "e2e-hub", upstreamRegistryUrl: "registry-1.docker.io", upstreamRegistry: "docker-hub", credentialArn: secret };
  aws("ecr", "create_pull_through_cache_rule", rule, account, region);
  await open(page, "cache");
  await page.getByRole("group", { name: "Secrets to choose from" }).getByRole("button", { name: "hub-AbCdEf" }).click();
  await expect(page.getByLabel("Secret with user and token")).toHaveValue(secret);
  await accessible(page);
  aws("ecr", "delete_pull_through_cache_rule", { ecrRepositoryPrefix: "e2e-hub" }, account, region);
  for (const RoleName of ["e2e-templates", "e2e-others"]) aws("iam", "delete_role", { RoleName }, account, region);
});

test("a setting of the account is changed, and its other value offered", async ({ page }) => {
  await open(page, "settings");
  await page.getByRole("button", { name: "Enable" }).click();
  await apply(page);
  expect(aws("ecr", "get_account_setting", { name: "BLOB_MOUNTING" }, account, region)).toMatchObject({ value: "ENABLED" });
  await close(page);
  await expect(page.getByRole("button", { name: "Disable" })).toBeVisible();
});

test("the repositories lead to the registry in scope", async ({ page }) => {
  await page.goto(`/repositories?account=${account}&region=${region}`);
  await hydrated(page);
  await page.getByRole("link", { name: "Registry settings" }).click();
  await expect(page).toHaveURL(new RegExp(own));
});

test("a policy that is no JSON is refused beside its field", async ({ page }) => {
  await open(page, "policy");
  const field = page.getByLabel("Registry policy");
  const again = page.getByRole("button", { name: "Start over" });
  await expect(again).toBeDisabled();
  const before = await field.inputValue();
  await field.fill("no policy");
  await expect(page.locator("#policy-wrong")).toBeVisible();
  await expect(page.locator(".acts[inert]")).toHaveCount(1);
  await again.click();
  await expect(field).toHaveValue(before);
  await expect(page.locator("#policy-wrong")).toBeHidden();
});
