// Public repositories: made by the wizard, listed, changed and deleted. Judged by the sandbox's own answers.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws, world } from "../fixtures/world";
import type { Page } from "@playwright/test";

const account = "111122223333";
/** The smallest PNG there is: one pixel. */
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const ecr = (operation: string, input: object) => aws("ecr-public", operation, input, account, "us-east-1") as Record<string, never>;

const dialog = (page: Page) => page.getByRole("dialog", { name: "Confirm" });

async function apply(page: Page) {
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  await expect(dialog(page).getByText("Applied")).toBeVisible();
  await dialog(page).getByRole("button", { name: "Close" }).click();
  await expect(dialog(page)).toBeHidden();
}

test("a public repository is made by its plan, listed, changed and deleted", async ({ page }) => {
  expect(world().accounts.map(({ id }) => id)).toContain(account);
  const name = `e2e/public-${Date.now().toString(36)}`;
  await page.goto(`/public-repositories?account=${account}`);
  await hydrated(page);
  await expect(page.locator("tbody a[href^='/public-repositories/']", { hasText: "tools/probe" }).first()).toBeVisible();
  await accessible(page);
  await page.getByRole("link", { name: "Create public repository" }).click();
  await expect(page).toHaveURL(/\/public-repositories\/new/);
  const form = page.locator(".wizard");
  const plan = page.getByRole("complementary", { name: "The plan so far" });
  await expect(form.getByRole("heading", { level: 1, name: "Create public repository" })).toBeVisible();
  await expect(form.getByText("us-east-1").first()).toBeVisible();
  await accessible(page);
  await form.getByLabel("Name", { exact: true }).fill("tools/probe");
  await form.getByLabel("Name", { exact: true }).blur();
  await expect(page.locator("#name-wrong")).toContainText("exists in this account already");
  await form.getByLabel("Name", { exact: true }).fill(name);
  await form.getByLabel("Description").fill("Made by a journey.");
  await form.getByLabel("ARM 64", { exact: true }).check();
  await form.getByLabel("Linux").check();
  await form.getByRole("button", { name: "Gallery page" }).click();

  // What is written is shown as the gallery would, and nothing of it is HTML of its own.
  await form.getByLabel("About", { exact: true }).fill("# Hello\n\n<b onclick=\"x\">bold</b> [bad](javascript:alert(1)) [good](https://example.com)\n");
  await form.getByRole("button", { name: "Preview of About" }).click();
  const preview = form.getByRole("region", { name: "Preview of About" });
  await expect(preview.getByRole("heading", { name: "Hello" })).toBeVisible();
  await expect(preview).toContainText('<b onclick="x">bold</b>');
  await expect(preview.getByRole("link")).toHaveCount(1);
  await form.locator("#logo").setInputFiles({ name: "a.txt", mimeType: "image/png", buffer: Buffer.from("no picture") });
  await expect(page.locator("#logo-wrong")).toContainText("no PNG");
  // One message, of the file that was chosen last; it is not kept, and nobody goes on past it unawares.
  await form.locator("#logo").setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: Buffer.alloc(700_000) });
  await expect(page.locator("#logo-wrong")).toHaveText("A logo has at most 500 kB; this has 700 kB.");
  await expect(form.getByRole("img", { name: "The logo as chosen" })).toHaveCount(0);
  await form.getByRole("button", { name: "Review", exact: true }).click();
  await expect(form.getByRole("group", { name: "Logo", exact: true })).toBeFocused();
  await form.locator("#logo").setInputFiles({ name: "logo.png", mimeType: "image/png", buffer: Buffer.from(pixel, "base64") });
  await expect(form.getByRole("img", { name: "The logo as chosen" })).toBeVisible();
  await expect(plan.getByText("ecr-public:CreateRepository").first()).toBeVisible();
  await accessible(page);

  await form.getByRole("button", { name: "Review", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: `Review: Create the public repository ${name}` })).toBeVisible();
  await page.getByText("After it is created: push the first image").click();
  await expect(page.getByText("aws ecr-public get-login-password --region us-east-1", { exact: false }).first()).toBeVisible();
  await accessible(page);
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f]+/);
  await page.getByRole("link", { name: `Open the public repository ${name}` }).waitFor();
  await expect(page.getByText("docker push public.ecr.aws/", { exact: false })).toBeVisible();
  expect(ecr("get_repository_catalog_data", { repositoryName: name })).toMatchObject({
    catalogData: { description: "Made by a journey.", architectures: ["ARM 64"], operatingSystems: ["Linux"], logoUrl: expect.stringMatching(/^https:/) },
  });

  await expect(async () => {
    await page.goto(`/public-repositories?q=${encodeURIComponent(name)}`);
    await expect(page.locator("tbody a[href^='/public-repositories/']", { hasText: name })).toBeVisible({ timeout: 2000 });
  }).toPass();
  await page.goto(`/public-repositories/${account}/us-east-1/${name}`);
  await hydrated(page);
  await expect(page.locator(".markdown").getByRole("heading", { name: "Hello" })).toBeVisible();
  await expect(page.locator(".markdown b")).toHaveCount(0);
  await accessible(page);

  // Only what differs is sent, and the logo stays.
  await page.getByRole("link", { name: "Settings", exact: true }).last().click();
  const about = page.getByLabel("About", { exact: true });
  await about.fill("Something else.");
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(dialog(page).locator("summary small").getByText("ecr-public:PutRepositoryCatalogData", { exact: true })).toBeVisible();
  await accessible(page);
  await apply(page);
  expect(ecr("get_repository_catalog_data", { repositoryName: name })).toMatchObject({
    catalogData: { aboutText: "Something else.", description: "Made by a journey.", logoUrl: expect.stringMatching(/^https:/) },
  });

  // Another logo takes its place.
  const logo = () => (ecr("get_repository_catalog_data", { repositoryName: name }) as unknown as { catalogData: { logoUrl: string } }).catalogData.logoUrl;
  const first = logo();
  await expect(page.getByRole("button", { name: "Start over" })).toBeDisabled();
  await page.locator("#logo").setInputFiles({ name: "other.png", mimeType: "image/png", buffer: Buffer.concat([Buffer.from(pixel, "base64"), Buffer.from("other")]) });
  await expect(page.getByRole("img", { name: "The logo as chosen" })).toBeVisible();
  await page.getByRole("button", { name: "Review the change" }).click();
  await dialog(page).locator("summary").first().click();
  await expect(dialog(page).getByText("put the old picture in its place again", { exact: false }).first()).toBeVisible();
  await accessible(page);
  await apply(page);
  await expect.poll(logo).not.toBe(first);
  expect(ecr("get_repository_catalog_data", { repositoryName: name })).toMatchObject({ catalogData: { aboutText: "Something else." } });

  // Its images: pushed by somebody else, deleted here.
  const put = (tag: string) => ecr("put_image", {
    repositoryName: name, imageTag: tag, imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
    imageManifest: JSON.stringify({ schemaVersion: 2, config: { mediaType: "application/vnd.oci.image.config.v1+json", size: 2, digest: `sha256:${"0".repeat(64)}` }, layers: [{ mediaType: "l", size: 5_000_000, digest: `sha256:${"1".repeat(64)}` }], annotations: { tag } }),
  });
  put("1.0");
  put("2.0");
  await page.getByRole("link", { name: "Images", exact: true }).last().click();
  const images = page.locator("table.public-images tbody tr");
  await expect(images).toHaveCount(2);
  await expect(images.filter({ hasText: "1.0" })).toContainText("4.8 MiB");
  await accessible(page);
  await page.getByRole("checkbox", { name: "Choose 1.0" }).check();
  await page.getByRole("button", { name: "Delete 1 image…" }).click();
  await dialog(page).locator("summary").first().click();
  await expect(dialog(page).getByText("an image that was deleted has to be pushed again", { exact: false }).first()).toBeVisible();
  await dialog(page).locator("#act-typed").fill(name);
  await apply(page);
  await expect(images).toHaveCount(1);
  const tags = ecr("describe_image_tags", { repositoryName: name }) as unknown as { imageTagDetails: { imageTag: string }[] };
  expect(tags.imageTagDetails.map((one) => one.imageTag)).toEqual(["2.0"]);

  // What a connected account starts goes only if that is insisted on.
  const { repositories: [{ repositoryUri }] } = ecr("describe_repositories", { repositoryNames: [name] }) as unknown as { repositories: { repositoryUri: string }[] };
  const service = name.replace("/", "-");
  aws("ecs", "register_task_definition", { family: service, containerDefinitions: [{ name: "web", image: `${repositoryUri}:2.0`, memory: 128 }] });
  aws("ecs", "create_service", { cluster: "northwind-shop", serviceName: service, taskDefinition: service, desiredCount: 0 });
  for (const list of ["/task-definitions", "/services"]) {
    await page.goto(`${list}?account=${account}&region=eu-west-1&q=${service}`);
    await hydrated(page);
    await page.getByRole("button", { name: "Collect again from AWS" }).first().click();
    await expect(page.locator(`tbody a[href^='${list}/']`, { hasText: service }).first()).toBeVisible();
  }
  await page.goto(`/public-repositories/${account}/us-east-1/${name}?tab=images`);
  await hydrated(page);
  await expect(images).toHaveCount(1);
  await expect(images).toContainText(`service ${service} in northwind-shop`);
  await accessible(page);
  await page.getByRole("checkbox", { name: "Choose 2.0" }).check();
  await page.getByRole("button", { name: "Delete 1 image…" }).click();
  await expect(dialog(page).getByRole("heading", { name: "Is that meant?" })).toBeVisible();
  await expect(dialog(page).getByText(`${name}:2.0 (used by service ${service} in northwind-shop)`, { exact: false })).toBeVisible();
  await accessible(page);
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  await expect(dialog(page)).toBeHidden();

  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await dialog(page).getByRole("checkbox").check();
  await dialog(page).locator("#act-insist").fill(name);
  await dialog(page).getByRole("button", { name: "Plan it nevertheless" }).click();
  await dialog(page).locator("#act-typed").fill(name);
  await apply(page);
  const left = ecr("describe_repositories", {}) as unknown as { repositories: { repositoryName: string }[] };
  expect(left.repositories.map((one) => one.repositoryName)).not.toContain(name);
  aws("ecs", "delete_service", { cluster: "northwind-shop", service, force: true });
});

test("in a region without the API it is said that there are none", async ({ page }) => {
  await page.goto("/public-repositories?region=eu-west-1");
  await hydrated(page);
  await expect(page.getByText("There are no public repositories in these regions")).toBeVisible();
  await page.getByRole("link", { name: "All regions" }).click();
  await expect(page.locator("tbody a[href^='/public-repositories/']").first()).toBeVisible();
});
