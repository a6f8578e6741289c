// What can be changed of a repository that exists: settings, rules, who may use it, images, and itself. Judged by the sandbox's own answers.
import { askToTakeOff } from "../fixtures/ecr";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws, world } from "../fixtures/world";
import type { Page } from "@playwright/test";

const account = "111122223333";

/** A call to the sandbox's ECR without Gantry; what does not exist is undefined. */
async function ecr(operation: string, input: object): Promise<Record<string, never> | undefined> {
  const answer = await fetch(world().endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AmazonEC2ContainerRegistry_V20150921.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${account}/20261123/eu-west-1/ecr/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  });
  if (answer.ok) return (await answer.json()) as Record<string, never>;
  const text = await answer.text();
  if (/NotFound/.test(text)) return undefined;
  throw new Error(`${operation}: ${text}`);
}

/** An image of nothing but its configuration. */
async function push(repository: string, tag: string) {
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", size: 2, digest: `sha256:${tag.repeat(64)}` };
  const manifest = { schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config, layers: [] };
  await ecr("PutImage", { repositoryName: repository, imageManifest: JSON.stringify(manifest), imageManifestMediaType: manifest.mediaType, imageTag: tag });
}

/** Has a list collected, and waits until it shows this. */
async function collect(page: Page, list: string, name: string) {
  await page.goto(`${list}?account=${account}&region=eu-west-1&q=${encodeURIComponent(name)}`);
  await hydrated(page);
  await page.getByRole("button", { name: "Collect again from AWS" }).first().click();
  await expect(page.locator(`tbody a[href^='${list}/']`, { hasText: name }).first()).toBeVisible();
}

/** A repository of the test's own with images 1, 2 and 3, as soon as Gantry shows it. */
async function repository(page: Page): Promise<string> {
  const name = `e2e/own-${Date.now().toString(36)}`;
  await ecr("CreateRepository", { repositoryName: name, tags: [{ Key: "team", Value: "shop" }] });
  for (const tag of ["1", "2", "3"]) await push(name, tag);
  for (const kind of ["/repositories", "/images"]) await collect(page, kind, name);
  return name;
}

const dialog = (page: Page) => page.getByRole("dialog", { name: "Confirm" });

/** The step of a plan in the dialog that sends this. */
const call = (page: Page, name: string) => dialog(page).locator("summary small").getByText(name, { exact: true });

/** Applies what the dialog shows and waits for its end. */
async function apply(page: Page) {
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  await expect(dialog(page).getByText("Applied")).toBeVisible();
  await dialog(page).getByRole("button", { name: "Close" }).click();
  await expect(dialog(page)).toBeHidden();
}

test("a repository is changed, cleaned up and deleted from its page", async ({ page }) => {
  const name = await repository(page);
  const address = `/repositories/${account}/eu-west-1/${name}`;

  // Settings and tags: only what differs is sent.
  await page.goto(`${address}?tab=settings`);
  await hydrated(page);
  await expect(page.getByLabel("Value of tag 1")).toHaveValue("shop");
  await page.getByRole("radio", { name: "Immutable" }).check();
  await page.getByLabel("Value of tag 1").fill("web");
  // Another tab in between takes nothing of it back.
  const tabs = page.getByRole("navigation", { name: "Tabs" });
  await tabs.getByRole("link", { name: "Permissions" }).click();
  await expect(page.getByLabel("Repository policy")).toBeVisible();
  await tabs.getByRole("link", { name: "Settings" }).click();
  await expect(page.getByLabel("Value of tag 1")).toHaveValue("web");
  await expect(page.getByRole("radio", { name: "Immutable" })).toBeChecked();
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(call(page, "ecr:PutImageTagMutability")).toBeVisible();
  await expect(call(page, "ecr:TagResource")).toBeVisible();
  await expect(call(page, "ecr:PutImageScanningConfiguration")).toBeHidden();
  await accessible(page);
  await apply(page);
  const described = await ecr("DescribeRepositories", { repositoryNames: [name] });
  expect(described).toMatchObject({ repositories: [{ imageTagMutability: "IMMUTABLE" }] });
  expect(await ecr("ListTagsForResource", { resourceArn: `arn:aws:ecr:eu-west-1:${account}:repository/${name}` })).toMatchObject({ tags: [{ Key: "team", Value: "web" }] });
  // What was changed shows by itself, tags included, which lists do not say.
  await expect(page.getByLabel("Value of tag 1")).toHaveValue("web");

  // Rules say what they do to each image before they are saved.
  await page.goto(`${address}?tab=lifecycle`);
  await hydrated(page);
  await page.getByRole("button", { name: "Add a rule" }).click();
  await page.getByLabel("Which", { exact: true }).selectOption("any");
  await page.getByLabel("That are").selectOption("count");
  await page.getByLabel("Number").fill("none");
  await expect(page.getByText("The number must be a whole number, 1 or more.")).toBeVisible();
  await page.getByLabel("Number").fill("2");
  await expect(page.getByText("1 of 3 images go", { exact: false })).toBeVisible();
  await accessible(page);
  // Written as JSON it may be in any order, and say more than the form can show: nothing is lost on the way there and back.
  const way = (name: string) => page.getByRole("radio", { name }).check();
  const written = page.getByLabel("Lifecycle policy");
  await way("JSON");
  const before = await written.inputValue();
  const [last] = (JSON.parse(before) as { rules: object[] }).rules;
  const first = { rulePriority: 3, selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 30 }, action: { type: "expire" } };
  await written.fill(JSON.stringify({ rules: [{ ...last, rulePriority: 9 }, first] }));
  await way("Form");
  await expect(page.locator(".rule-card > header b")).toHaveText(["Rule 3", "Rule 9"]);
  await way("JSON");
  expect(JSON.parse(await written.inputValue())).toEqual({ rules: [first, { ...last, rulePriority: 9 }] });
  const more = JSON.stringify({ rules: [first, { ...last, rulePriority: 9, note: "later" }] });
  await written.fill(more);
  await expect(page.locator("#policy-wrong")).toContainText("rules[1].note: Gantry does not know this field");
  await way("Form");
  await expect(page.getByRole("alert").filter({ hasText: "rules[1] says more than the form can show." })).toBeVisible();
  await accessible(page);
  await way("JSON");
  await expect(written).toHaveValue(more);
  await written.fill(before);
  await way("Form");
  await expect(page.getByLabel("Number")).toHaveValue("2");
  // Whoever looks at another tab in between finds it as it was left.
  await page.getByRole("link", { name: "Permissions", exact: true }).click();
  await page.getByLabel("Repository policy").fill("{ begun");
  await page.getByRole("link", { name: "Lifecycle", exact: true }).click();
  await expect(page.getByLabel("Number")).toHaveValue("2");
  await page.getByRole("link", { name: "Permissions", exact: true }).click();
  await expect(page.getByLabel("Repository policy")).toHaveValue("{ begun");
  await page.getByRole("button", { name: "Start over" }).click();
  await expect(page.getByLabel("Repository policy")).toHaveValue("");
  await page.getByRole("link", { name: "Lifecycle", exact: true }).click();
  await page.getByRole("button", { name: "Review the change" }).click();
  await apply(page);
  const rules = (await ecr("GetLifecyclePolicy", { repositoryName: name })) as { lifecyclePolicyText?: string } | undefined;
  expect(JSON.parse(rules?.lifecyclePolicyText ?? "{}")).toMatchObject({ rules: [{ selection: { tagStatus: "any", countNumber: 2 } }] });

  // A policy that locks its author out has to be insisted on by name.
  await page.goto(`${address}?tab=permissions`);
  await hydrated(page);
  await page.getByLabel("Repository policy").fill('{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"ecr:*"}]}');
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(dialog(page).getByRole("heading", { name: "Is that meant?" })).toBeVisible();
  await expect(dialog(page).getByRole("button", { name: "Plan it nevertheless" })).toBeDisabled();
  await accessible(page);
  await dialog(page).getByRole("button", { name: "Cancel" }).click();

  // Deleting says what is lost, and wants the name.
  await page.goto(address);
  await hydrated(page);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(dialog(page).getByText("It holds 3 images.", { exact: false })).toBeVisible();
  await dialog(page).getByLabel("They go with it").check();
  await dialog(page).getByRole("button", { name: "Plan it nevertheless" }).click();
  await expect(dialog(page).getByRole("button", { name: "Apply" })).toBeDisabled();
  await dialog(page).locator("#act-typed").fill(name);
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  await expect(dialog(page).getByText("Applied")).toBeVisible();
  await expect(dialog(page).getByText("Open the run with its journal.", { exact: true })).toBeVisible();
  await dialog(page).getByRole("button", { name: "Close" }).click();
  expect(await ecr("DescribeRepositories", { repositoryNames: [name] })).toBeUndefined();
  // Of what is gone nothing is offered.
  await expect(page.getByText("It no longer exists in AWS", { exact: false })).toBeVisible();
  await expect(page.getByRole("button", { name: "Put an image in" })).toHaveCount(0);
});

test("a change is made again from its run: in another region, and with other values", async ({ page }) => {
  const name = await repository(page);
  const there = (operation: string, input: object) => aws("ecr", operation, input, account, "us-east-1");
  await page.goto(`/repositories/${account}/eu-west-1/${name}?tab=settings`);
  await hydrated(page);
  await page.getByRole("radio", { name: "Immutable" }).check();
  await page.getByRole("button", { name: "Review the change" }).click();
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  await expect(dialog(page).getByText("Applied")).toBeVisible();
  const run = await dialog(page).getByRole("link", { name: "Open the run" }).getAttribute("href");
  await page.goto(run ?? "");
  await hydrated(page);

  // Where it cannot work is said beside its field, before anything is made.
  await page.getByRole("button", { name: "Make this elsewhere" }).click();
  const form = page.locator("section.again");
  const named = form.getByLabel("Repository", { exact: true });
  await expect(form.getByLabel("Account", { exact: true })).toBeFocused();
  await expect(named).toHaveValue(name);
  await form.getByLabel("Region", { exact: true }).selectOption("us-east-1");
  await form.getByRole("button", { name: "Review" }).click();
  await expect(form.locator("#repository-wrong")).toContainText(`There is no repository named ${name} here.`);
  await expect(dialog(page)).toBeHidden();
  await expect(named).toBeFocused();
  await accessible(page);

  there("create_repository", { repositoryName: `${name}-us` });
  await named.fill(`${name}-us`);
  await form.getByRole("button", { name: "Review" }).click();
  await expect(call(page, "ecr:PutImageTagMutability")).toBeVisible();
  await expect(dialog(page).getByText("us-east-1").first()).toBeVisible();
  await accessible(page);
  await apply(page);
  expect(there("describe_repositories", { repositoryNames: [`${name}-us`] })).toMatchObject({ repositories: [{ imageTagMutability: "IMMUTABLE" }] });

  // The same with one value changed, where it was.
  await page.getByRole("button", { name: "Use these answers again" }).click();
  await expect(form.getByRole("heading", { name: "Use these answers again" })).toBeFocused();
  await expect(form.getByLabel("Region", { exact: true })).toHaveValue("eu-west-1");
  await form.getByLabel("Immutable tags").uncheck();
  await form.getByRole("button", { name: "Review" }).click();
  await apply(page);
  expect(await ecr("DescribeRepositories", { repositoryNames: [name] })).toMatchObject({ repositories: [{ imageTagMutability: "MUTABLE" }] });
  await ecr("DeleteRepository", { repositoryName: name, force: true });
  there("delete_repository", { repositoryName: `${name}-us`, force: true });
});

test("what somebody changed between review and apply is shown, with the plan that fits now", async ({ page }) => {
  const name = await repository(page);
  const arn = `arn:aws:ecr:eu-west-1:${account}:repository/${name}`;
  await page.goto(`/repositories/${account}/eu-west-1/${name}?tab=settings`);
  await hydrated(page);
  await page.getByLabel("Value of tag 1").fill("web");
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(call(page, "ecr:TagResource")).toBeVisible();
  await ecr("TagResource", { resourceArn: arn, tags: [{ Key: "team", Value: "theirs" }] });
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  const changed = dialog(page).getByRole("region", { name: "Changed since you reviewed" });
  await expect(changed.getByText("theirs").first()).toBeVisible();
  await expect(changed.getByText("before.team")).toBeVisible();
  await accessible(page);
  expect(await ecr("ListTagsForResource", { resourceArn: arn })).toMatchObject({ tags: [{ Key: "team", Value: "theirs" }] });
  // What is applied now is what was seen now.
  await apply(page);
  expect(await ecr("ListTagsForResource", { resourceArn: arn })).toMatchObject({ tags: [{ Key: "team", Value: "web" }] });
});

test("images are scanned, once in a day, tagged and deleted, but not those in use", async ({ page }) => {
  const name = await repository(page);
  await page.goto(`/images?account=${account}&region=eu-west-1&q=${encodeURIComponent(`${name}:1`)}`);
  await hydrated(page);
  await page.locator("tbody a[href^='/images/']", { hasText: `${name}:1` }).click();
  await hydrated(page);
  await page.getByRole("button", { name: "Scan" }).click();
  await apply(page);
  await page.getByRole("link", { name: "Findings" }).click();
  // They come by themselves once the scan has ended.
  await expect(page.locator("table").getByText(/CVE-/).first()).toBeVisible();
  await accessible(page);
  // One of them is looked for.
  const found = page.locator("table tbody tr", { hasText: /CVE-/ });
  const cve = (await found.first().getByText(/^CVE-[\d-]+$/).first().textContent()) ?? "";
  const search = page.getByRole("search", { name: "Findings" });
  await search.getByLabel("Package or CVE").fill(cve.toLowerCase());
  await expect(found).toHaveCount(1);
  await search.getByLabel("Package or CVE").fill("nothing is named so");
  await expect(page.getByText("None of them is like this.")).toBeVisible();
  await accessible(page);
  await search.getByLabel("Package or CVE").fill("");
  await expect(found.first()).toBeVisible();

  // ECR scans an image once in a day. The scan before is not taken for this one, and AWS's own words say why there is none.
  await page.getByRole("button", { name: "Scan" }).click();
  await expect(call(page, "ecr:StartImageScan")).toBeVisible();
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  await expect(dialog(page).getByText("Undone", { exact: true })).toBeVisible();
  await expect(dialog(page).getByText("The scan quota per image has been exceeded. Wait and try again.")).toBeVisible();
  await accessible(page);
  await dialog(page).getByRole("button", { name: "Close" }).click();
  await expect(dialog(page)).toBeHidden();

  await page.getByText("Tags", { exact: true }).first().click();
  const tag = page.getByLabel("A tag for", { exact: false });
  // Its button stands near the right edge of the window.
  await expect(tag).toBeInViewport({ ratio: 0.99 });
  await tag.fill("stable");
  await page.getByRole("button", { name: "Tag it" }).click();
  await expect(call(page, "ecr:PutImage")).toBeVisible();
  await apply(page);
  const tagged = (await ecr("BatchGetImage", { repositoryName: name, imageIds: [{ imageTag: "stable" }, { imageTag: "1" }] })) as unknown as { images: { imageId: { imageDigest: string } }[] };
  expect(new Set(tagged.images.map((image) => image.imageId.imageDigest)).size).toBe(1);

  // Images picked in the list go together, once the name is typed.
  await page.goto(`/repositories/${account}/eu-west-1/${name}`);
  await hydrated(page);
  await page.getByRole("checkbox", { name: `Select ${name}:2` }).check();
  await page.getByRole("checkbox", { name: `Select ${name}:3` }).check();
  await page.locator(".selection").getByRole("button", { name: "Delete" }).click();
  await expect(call(page, "ecr:BatchDeleteImage")).toBeVisible();
  await dialog(page).locator("#act-typed").fill(name);
  await apply(page);
  const left = (await ecr("ListImages", { repositoryName: name })) as unknown as { imageIds: { imageTag: string }[] };
  expect(left.imageIds.map((id) => id.imageTag).sort()).toEqual(["1", "stable"]);
  await expect(page.locator(".selection")).not.toContainText("selected");

  // What a service starts is not taken away by a rule: its image is the older of two.
  await push(name, "4");
  const service = name.replace("/", "-");
  const image = `${account}.dkr.ecr.eu-west-1.amazonaws.com/${name}:1`;
  aws("ecs", "register_task_definition", { family: service, containerDefinitions: [{ name: "web", image, memory: 128 }] });
  aws("ecs", "create_service", { cluster: "northwind-shop", serviceName: service, taskDefinition: service, desiredCount: 0 });
  const rule = { rulePriority: 1, selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 9 }, action: { type: "expire" } };
  await ecr("PutLifecyclePolicy", { repositoryName: name, lifecyclePolicyText: JSON.stringify({ rules: [rule] }) });
  await collect(page, "/images", `${name}:4`);
  await collect(page, "/task-definitions", service);
  await collect(page, "/services", service);
  await page.goto(`/repositories/${account}/eu-west-1/${name}?tab=lifecycle`);
  await hydrated(page);
  await page.getByLabel("Number").last().fill("1");
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(dialog(page).getByText(`service ${service} in northwind-shop`, { exact: false })).toBeVisible();
  await expect(dialog(page).getByRole("button", { name: "Apply" })).toBeHidden();

  // Nor by hand, unless the name is typed to show that it is meant.
  await page.goto(`/repositories/${account}/eu-west-1/${name}`);
  await hydrated(page);
  await page.getByRole("checkbox", { name: `Select ${name}:1` }).check();
  await page.locator(".selection").getByRole("button", { name: "Delete" }).click();
  await expect(dialog(page).getByRole("heading", { name: "Is that meant?" })).toBeVisible();
  await expect(dialog(page).getByText(`service ${service} in northwind-shop`, { exact: false })).toBeVisible();
  await expect(dialog(page).getByRole("button", { name: "Plan it nevertheless" })).toBeDisabled();
  await accessible(page);
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  // Nor is the tag taken off that it starts by.
  await page.locator("[data-kind='ecr.image'] tbody a[href^='/images/']", { hasText: "stable" }).click();
  await expect(page).toHaveURL(/\/images\//);
  await askToTakeOff(page, "1");
  await expect(dialog(page).getByRole("heading", { name: "Is that meant?" })).toBeVisible();
  await expect(dialog(page).getByText(`What starts by 1 would find no image at its next start: service ${service} in northwind-shop.`, { exact: false })).toBeVisible();
  await accessible(page);
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  const kept = (await ecr("ListImages", { repositoryName: name })) as unknown as { imageIds: { imageTag: string }[] };
  expect(kept.imageIds.map((id) => id.imageTag).sort()).toEqual(["1", "4", "stable"]);
  aws("ecs", "delete_service", { cluster: "northwind-shop", service, force: true });
  await ecr("DeleteRepository", { repositoryName: name, force: true });
});

/** An image of several platforms of the demo fleet, and where it is. */
function index(): { account: string; repository: string; digest: string } {
  type Images = { imageDetails: { imageDigest: string; imageManifestMediaType?: string }[] };
  for (const { id } of world().accounts) {
    const { repositories } = aws("ecr", "describe_repositories", {}, id) as { repositories: { repositoryName: string }[] };
    for (const { repositoryName } of repositories) {
      const { imageDetails } = aws("ecr", "describe_images", { repositoryName }, id) as Images;
      const found = imageDetails.find((image) => /image\.index|manifest\.list/.test(image.imageManifestMediaType ?? ""));
      if (found) return { account: id, repository: repositoryName, digest: found.imageDigest };
    }
  }
  throw new Error("The demo fleet has no image of several platforms.");
}

test("an image is copied from another registry, whole or one platform of it, without Docker", async ({ page }) => {
  const source = index();
  const name = `e2e/copied-${Date.now().toString(36)}`;
  await ecr("CreateRepository", { repositoryName: name });
  await collect(page, "/repositories", name);
  await page.goto(`/repositories/${account}/eu-west-1/${name}`);
  await hydrated(page);
  await page.getByRole("button", { name: "Put an image in" }).click();
  const form = page.locator("section.card", { hasText: "Copy an image from another registry" });
  const image = form.getByLabel("Image", { exact: true });
  const review = form.getByRole("button", { name: "Review the copy" });

  // Where Gantry may not fetch from is said before anything is made.
  await image.fill("registry.internal.example:5000/app:v1");
  await expect(form.getByLabel("Tag in this repository")).toHaveValue("v1");
  await accessible(page);
  // A look at another tab loses nothing of it.
  const tabs = page.getByRole("navigation", { name: "Tabs" });
  await tabs.getByRole("link", { name: "Lifecycle", exact: true }).click();
  await expect(form).toHaveCount(0);
  await tabs.getByRole("link", { name: "Images", exact: true }).click();
  await expect(image).toHaveValue("registry.internal.example:5000/app:v1");
  await review.click();
  await expect(form.locator("#source-wrong")).toContainText("registry.internal.example");
  await expect(dialog(page)).toBeHidden();
  await expect(image).toBeFocused();

  // All platforms: the image keeps its digest.
  await image.fill(`${source.account}.dkr.ecr.eu-west-1.amazonaws.com/${source.repository}@${source.digest}`);
  await form.getByLabel("Tag in this repository").fill("all");
  await review.click();
  await expect(dialog(page).getByText("linux/arm64", { exact: false }).first()).toBeVisible();
  await accessible(page);
  await apply(page);
  const described = (tag: string) => aws("ecr", "describe_images", { repositoryName: name, imageIds: [{ imageTag: tag }] }) as { imageDetails: { imageDigest: string; imageManifestMediaType: string }[] };
  expect(described("all").imageDetails[0].imageDigest).toBe(source.digest);
  await expect(page.locator("tbody a[href^='/images/']", { hasText: /(^|:)all/ }).first()).toBeVisible();

  // One of them: its own manifest, no index.
  await form.getByLabel("Platform").fill("linux/arm64");
  await form.getByLabel("Tag in this repository").fill("arm");
  await review.click();
  await apply(page);
  const [arm] = described("arm").imageDetails;
  expect(arm.imageDigest).not.toBe(source.digest);
  expect(arm.imageManifestMediaType).toMatch(/image\.manifest/);
  await ecr("DeleteRepository", { repositoryName: name, force: true });
});
