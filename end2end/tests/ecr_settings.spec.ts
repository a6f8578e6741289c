// How a private registry and its repositories are set up: what the wizard offers beside the name, and what holds for the registry as a whole.
// Each change is judged by the sandbox's own answers and taken back.
import type { Browser, Page } from "@playwright/test";
import { account, address, apply, call, dialog, ecr, own, push, region, undo } from "../fixtures/ecr";
import { NewPerson } from "../fixtures/person";
import { accessible, expect, hydrated, test } from "../fixtures/test";

/** The other account of the fleet; its registry in this region is changed by no other journey. */
const other = "444455556666";

/** The wizard with a name in it, in a browser of somebody who has no other draft. */
async function wizard(administrator: Page, browser: Browser, name: string): Promise<{ page: Page; somebody: NewPerson }> {
  const somebody = await NewPerson.make(administrator, browser);
  const page = await somebody.browser();
  await page.goto(`/repositories/new?account=${account}&region=${region}`);
  await hydrated(page);
  await page.getByLabel("Name", { exact: true }).fill(name);
  return { page, somebody };
}

/** A section of the wizard's form, by how its line begins. */
const section = (page: Page, title: RegExp) => page.locator("details.fold-card > summary", { hasText: title });

/** Reviews and applies what the wizard has. The address of the run. */
async function make(page: Page, name: string): Promise<string> {
  await page.getByRole("button", { name: "Review", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: `Review: Create the repository ${name}` })).toBeVisible();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f]+/);
  await expect(page.getByRole("link", { name: `Open the repository ${name}` })).toBeVisible();
  return page.url();
}

test("a new repository lets another account, Lambda and an organization pull, and its page says so", async ({ page: administrator, browser }) => {
  const name = own("shared");
  const { page, somebody } = await wizard(administrator, browser, name);
  await section(page, /^Permissions/).click();
  await page.getByRole("radio", { name: "Let others pull" }).check();
  await page.getByRole("checkbox", { name: "Other accounts" }).check();
  await page.getByLabel("Account ids").fill(other);
  await page.getByRole("checkbox", { name: "AWS Lambda" }).check();
  await page.getByRole("checkbox", { name: "Everybody in an organization" }).check();
  const organization = page.getByLabel("Organization id");
  await organization.fill("o-short");
  await organization.blur();
  await expect(page.locator("[id='permissions.organization-wrong']")).toContainText("“o-short” is not the id of an organization");
  await organization.fill("o-exampleorgid");

  const gains = [
    `Account ${other} may pull images.`,
    `AWS Lambda may pull images, only for functions of this account in ${region} (aws:SourceArn).`,
    "Everyone in organization o-exampleorgid may pull images.",
  ];
  await expect(page.locator(".means li")).toHaveText(gains);
  await accessible(page);
  const run = await make(page, name);

  const { policyText } = (await ecr("GetRepositoryPolicy", { repositoryName: name })) as { policyText: string };
  const Action = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
  expect(JSON.parse(policyText).Statement).toEqual([
    { Sid: "AllowPullFromAccounts", Effect: "Allow", Principal: { AWS: `arn:aws:iam::${other}:root` }, Action },
    {
      Sid: "LambdaECRImageRetrievalPolicy", Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action,
      Condition: { StringLike: { "aws:SourceArn": `arn:aws:lambda:${region}:${account}:function:*` } },
    },
    { Sid: "AllowPullFromOrganization", Effect: "Allow", Principal: "*", Action, Condition: { StringEquals: { "aws:PrincipalOrgID": "o-exampleorgid" } } },
  ]);

  // The repository's page says the same of what AWS has.
  await expect(async () => {
    await page.goto(address(name, "permissions"));
    await expect(page.locator(".means li")).toHaveText(gains, { timeout: 5000 });
  }).toPass();
  await expect(page.getByRole("heading", { name: "Who gains what" })).toBeVisible();
  await accessible(page);

  await undo(page, run);
  expect(await ecr("DescribeRepositories", { repositoryNames: [name] })).toBeUndefined();
  await somebody.leave();
});

/** Whether tags of a repository stay, and which do not. */
async function mutability(name: string): Promise<[string, string[]]> {
  type Told = { imageTagMutability: string; imageTagMutabilityExclusionFilters?: { filterType: string; filter: string }[] };
  const { repositories } = (await ecr("DescribeRepositories", { repositoryNames: [name] })) as { repositories: Told[] };
  return [repositories[0].imageTagMutability, (repositories[0].imageTagMutabilityExclusionFilters ?? []).map(({ filter }) => filter)];
}

test("tags stay but for those excepted, by the wizard; others are excepted on the settings, and that is undone", async ({ page: administrator, browser }) => {
  const name = own("excepted");
  const { page, somebody } = await wizard(administrator, browser, name);
  await section(page, /^Tags of images/).click();
  await page.getByRole("radio", { name: "Immutable" }).check();
  const except = page.getByLabel("Except tags that match");
  await except.fill("latest, latest");
  await except.blur();
  await expect(page.locator("#exclusions-wrong")).toContainText("“latest” stands twice.");
  await except.fill("latest, dev-*");
  await expect(section(page, /^Tags of images/)).toContainText("Immutable, except latest, dev-*");
  await section(page, /^Tags(?! of images)/).click();
  await page.getByRole("button", { name: "Add a tag" }).click();
  await page.getByLabel("Key of tag 1").fill("team");
  await page.getByLabel("Value of tag 1").fill("shop");
  await accessible(page);
  await make(page, name);
  expect(await mutability(name)).toEqual(["IMMUTABLE_WITH_EXCLUSION", ["latest", "dev-*"]]);
  for (const tag of ["latest", "dev-1", "1.0"]) await push(name, tag, `${tag} first`);
  for (const tag of ["latest", "dev-1"]) await push(name, tag, `${tag} second`);
  await expect(push(name, "1.0", "1.0 second")).rejects.toThrow(/ImageTagAlreadyExists/);

  // The form fills with what was collected; tags of the repository come last.
  const exceptions = page.getByLabel("Except tags that match");
  await expect(async () => {
    await page.goto(address(name, "settings"));
    await expect(page.getByLabel("Value of tag 1")).toHaveValue("shop", { timeout: 5000 });
  }).toPass();
  await hydrated(page);
  await expect(page.getByRole("radio", { name: "Immutable" })).toBeChecked();
  await expect(exceptions).toHaveValue("latest, dev-*");
  await exceptions.fill("latest");
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(call(page, "ecr:PutImageTagMutability")).toBeVisible();
  await expect(call(page, "ecr:TagResource")).toBeHidden();
  await accessible(page);
  const run = await apply(page);
  expect(await mutability(name)).toEqual(["IMMUTABLE_WITH_EXCLUSION", ["latest"]]);
  await expect(push(name, "dev-1", "dev-1 third")).rejects.toThrow(/ImageTagAlreadyExists/);

  await undo(page, run);
  expect(await mutability(name)).toEqual(["IMMUTABLE_WITH_EXCLUSION", ["latest", "dev-*"]]);
  await ecr("DeleteRepository", { repositoryName: name, force: true });
  await somebody.leave();
});

/** A tab of the registry's page. */
async function open(page: Page, tab: string) {
  await page.goto(`/registries/${other}/${region}/${other}?tab=${tab}`);
  await hydrated(page);
}

/** What IAM says to the change of the scanning that the dialog shows, and what other tools get of it: folded away until it is asked for. */
async function toolsGetTheSame(page: Page) {
  const permission = dialog(page).locator(".permissions li", { hasText: "ecr:PutRegistryScanningConfiguration" }).first();
  await expect(permission).toBeHidden();
  await dialog(page).locator("summary", { hasText: /^(As far as IAM can tell|Whether this is allowed)/ }).click();
  await expect(permission).toBeVisible();

  const script = dialog(page).locator("pre", { hasText: "#!/bin/sh" });
  await expect(script).toHaveCount(0);
  await dialog(page).locator("summary", { hasText: "As a script" }).click();
  await expect(script).toContainText(`aws ecr put-registry-scanning-configuration --region ${region}`);
  await expect(script).toContainText("e2e-scan/web");
  await expect(dialog(page).getByRole("button", { name: "AWS CLI", pressed: true })).toBeVisible();
  await expect(dialog(page).getByRole("link", { name: "Download plan.sh" })).toHaveAttribute("download", "plan.sh");
  await accessible(page);

  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await dialog(page).evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
  await dialog(page).getByRole("button", { name: "Terraform" }).click();
  await expect(dialog(page).getByText("aws_ecr_registry_scanning_configuration").first()).toBeVisible();
  // However much is open, what applies it is there.
  await dialog(page).evaluate((element) => element.scrollTo(0, 0));
  await expect(dialog(page).getByRole("button", { name: "Apply" })).toBeInViewport({ ratio: 0.9 });
  if (size) await page.setViewportSize(size);
}

test("how the registry's images are scanned is changed, and undone", async ({ page }) => {
  const scanning = async () => (await ecr("GetRegistryScanningConfiguration", {}, other))?.scanningConfiguration;
  const before = await scanning();
  await open(page, "scanning");
  await page.getByRole("radio", { name: "Enhanced" }).check();
  await page.getByLabel("Scan on push").fill("e2e-scan/*");
  const continuous = page.getByLabel("Scan continuously");
  await continuous.fill("E2E");
  await expect(page.locator("#continuous-wrong")).toContainText("“E2E” is not allowed");
  await continuous.fill("e2e-scan/web");
  await accessible(page);
  let reviews = 0;
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/api/fn/review") reviews += 1;
  });
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(call(page, "ecr:PutRegistryScanningConfiguration")).toBeVisible();
  await toolsGetTheSame(page);
  expect(reviews).toBe(1);
  await expect(dialog(page).getByText("Amazon Inspector bills for each image it scans", { exact: false }).first()).toBeVisible();
  const run = await apply(page);
  const rule = (scanFrequency: string, filter: string) => ({ scanFrequency, repositoryFilters: [{ filter, filterType: "WILDCARD" }] });
  expect(await scanning()).toEqual({ scanType: "ENHANCED", rules: [rule("SCAN_ON_PUSH", "e2e-scan/*"), rule("CONTINUOUS_SCAN", "e2e-scan/web")] });
  await open(page, "scanning");
  await expect(page.getByRole("radio", { name: "Enhanced" })).toBeChecked();
  await expect(continuous).toHaveValue("e2e-scan/web");
  await undo(page, run);
  expect(await scanning()).toEqual(before);
});

test("a registry policy is set, explained, and undone", async ({ page }) => {
  const nobody = page.getByText("Nobody outside of this account may replicate images here or use the registry as a whole.");
  const policy = {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "in", Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["ecr:CreateRepository", "ecr:ReplicateImage"], Resource: `arn:aws:ecr:${region}:${other}:repository/e2e-in/*`,
      },
    ],
  };
  const gains = [`Account ${account} may replicate images into this registry and have repositories created, in e2e-in/*.`];
  await open(page, "policy");
  await expect(nobody).toBeVisible();
  const field = page.getByLabel("Registry policy");
  // Without its repositories it would be refused by AWS.
  const { Resource: _, ...bare } = policy.Statement[0];
  await field.fill(JSON.stringify({ ...policy, Statement: [bare] }));
  await expect(page.locator("#policy-wrong")).toContainText("Statement[0].Resource: Say which repositories it is about");
  await field.fill(JSON.stringify(policy));
  await expect(page.locator(".means li")).toHaveText(gains);
  await accessible(page);
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(call(page, "ecr:PutRegistryPolicy")).toBeVisible();
  const run = await apply(page);
  const set = (await ecr("GetRegistryPolicy", {}, other)) as { policyText: string };
  expect(JSON.parse(set.policyText)).toEqual(policy);
  await open(page, "policy");
  await expect(page.locator(".means li")).toHaveText(gains);

  await undo(page, run);
  expect(await ecr("GetRegistryPolicy", {}, other)).toBeUndefined();
  await open(page, "policy");
  await expect(nobody).toBeVisible();
});

test("a cache rule is made in the form and deleted by its name, and the deletion is undone", async ({ page }) => {
  type Rule = { ecrRepositoryPrefix: string; upstreamRegistryUrl: string; upstreamRepositoryPrefix?: string };
  const rule = async () => {
    const { pullThroughCacheRules } = (await ecr("DescribePullThroughCacheRules", {}, other)) as { pullThroughCacheRules: Rule[] };
    return pullThroughCacheRules.find(({ ecrRepositoryPrefix }) => ecrRepositoryPrefix === "e2e-form");
  };
  const made = { upstreamRegistryUrl: "quay.io", upstreamRepositoryPrefix: "prometheus" };
  await open(page, "cache");
  // Docker Hub lets in whoever has an account there: without a secret there is nothing to review, and the field says so.
  await page.getByLabel("Upstream registry").selectOption("docker-hub");
  await page.getByRole("button", { name: "Review the rule" }).click();
  await expect(page.locator("#credential-wrong")).toContainText("name the secret that has one");
  await expect(page.getByLabel("Secret with user and token")).toBeFocused();
  await page.getByLabel("Upstream registry").selectOption("quay");
  const prefix = page.getByLabel("Prefix", { exact: true });
  await expect(prefix).toHaveValue("quay");
  await expect(page.getByLabel("Secret with user and token")).toBeHidden();
  await prefix.fill("e2e-form");
  // What somebody typed stays.
  await page.getByLabel("Upstream registry").selectOption("k8s");
  await expect(prefix).toHaveValue("e2e-form");
  await page.getByLabel("Upstream registry").selectOption("quay");
  await page.getByLabel("Upstream prefix").fill("prometheus");
  await accessible(page);
  await page.getByRole("button", { name: "Review the rule" }).click();
  await expect(call(page, "ecr:CreatePullThroughCacheRule")).toBeVisible();
  await apply(page);
  expect(await rule()).toMatchObject(made);

  await open(page, "cache");
  const row = page.getByRole("row", { name: /e2e-form/ });
  await expect(row).toContainText("quay.io/prometheus");
  await row.getByRole("button", { name: "Delete" }).click();
  await expect(dialog(page).getByText("It goes; Undo makes it again.", { exact: false })).toBeVisible();
  await dialog(page).locator("#act-typed").fill("e2e");
  await expect(dialog(page).getByRole("button", { name: "Apply" })).toBeDisabled();
  await dialog(page).locator("#act-typed").fill("e2e-form");
  const run = await apply(page);
  expect(await rule()).toBeUndefined();

  await undo(page, run);
  expect(await rule()).toMatchObject(made);
  await ecr("DeletePullThroughCacheRule", { ecrRepositoryPrefix: "e2e-form" }, other);
});
