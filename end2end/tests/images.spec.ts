// What people see of images: what uses them, indexes that open, two of them compared, what refers to them, what AWS says rules would do.
import { account, address, apply, call, dialog, ecr, images, own, push, pushIndex, region } from "../fixtures/ecr";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";

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
  // As the index lists them; then what is said of it.
  await expect(list.locator("tr.part td.name")).toHaveText([/linux\/amd64/, /linux\/arm64\/v8/, /Signature|Bill of materials/, /Signature|Bill of materials/]);
  await accessible(page);
  await open.click();
  await expect(list.locator("tr.part")).toHaveCount(0);

  await page.goto(`${repositories}/northwind/payments`);
  await hydrated(page);
  await expect(list.locator("tbody tr", { hasText: /live/ }).first()).toContainText(/service payments in [\w-]+/);
  // The same as a filter, also over all images.
  await page.goto("/images?account=111122223333&region=eu-west-1&use=In use&q=northwind");
  await hydrated(page);
  await expect(list.locator("tbody a[href^='/images/']").first()).toBeVisible();
  await expect(list.locator("td[data-col=users]").filter({ hasText: /^\s*–\s*$/ })).toHaveCount(0);
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
  // Whoever is sent the address sees the same, and the page answers to clicks.
  await page.reload();
  await hydrated(page);
  await expect(page.getByText("Label org.opencontainers.image.version")).toBeVisible();
  await expect(page.getByRole("heading", { name: "Findings" })).toBeVisible();

  // The image that runs: what made its layers, what refers to it, how it is used next.
  await page.goto(`${repositories}/northwind/payments`);
  await hydrated(page);
  await page.locator("[data-kind='ecr.image'] tbody a[href^='/images/']", { hasText: "live" }).click();
  await expect(page).toHaveURL(/\/images\//);
  await hydrated(page);
  await page.locator("summary", { hasText: "In a new task definition" }).click();
  await expect(page.locator("pre", { hasText: "aws ecs register-task-definition" }).first()).toContainText(/northwind\/payments@sha256:[0-9a-f]{64}/);
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
  await expect(page.getByText("By AWS's own preview", { exact: false })).toBeVisible();
  await accessible(page);
  // Of other rules AWS has said nothing.
  await page.getByLabel("Number").first().fill("3");
  await expect(page.getByText("By Gantry's own reckoning", { exact: false })).toBeVisible();
});

test("signatures are shown as what they are, and are no images to clean up", async ({ page }) => {
  const name = `e2e/signed-${Date.now().toString(36)}`;
  const type = "application/vnd.oci.image.manifest.v1+json";
  const manifest = (config: string, layer: string, more: object = {}) => JSON.stringify({
    schemaVersion: 2, mediaType: type, config: { mediaType: config, size: 2, digest: `sha256:${"c".repeat(64)}` },
    layers: [{ mediaType: layer, size: 40, digest: `sha256:${"d".repeat(64)}` }], ...more,
  });
  aws("ecr", "create_repository", { repositoryName: name });
  const put = (imageManifest: string, tag: object) =>
    (aws("ecr", "put_image", { repositoryName: name, imageManifest, imageManifestMediaType: type, ...tag }) as { image: { imageId: { imageDigest: string } } }).image.imageId.imageDigest;
  const config = "application/vnd.oci.image.config.v1+json";
  const image = put(manifest(config, "application/vnd.oci.image.layer.v1.tar+gzip"), { imageTag: "1.0" });
  const cosign = put(manifest(config, "application/vnd.dev.cosign.simplesigning.v1+json"), { imageTag: `${image.replace(":", "-")}.sig` });
  put(manifest("application/vnd.oci.empty.v1+json", "text/spdx+json", { artifactType: "application/spdx+json", subject: { mediaType: type, size: 1, digest: image } }), {});

  for (const list of ["/repositories", "/images"]) {
    await page.goto(`${list}?account=111122223333&region=eu-west-1&q=${encodeURIComponent(name)}`);
    await hydrated(page);
    await page.getByRole("button", { name: "Collect again from AWS" }).first().click();
    await expect(page.locator(`tbody a[href^='${list}/']`, { hasText: name }).first()).toBeVisible();
  }
  await expect(async () => {
    await page.goto(`${repositories}/${name}`);
    await expect(page.getByRole("button", { name: /^Parts of/ })).toBeVisible({ timeout: 2000 });
  }).toPass();
  await hydrated(page);
  const list = page.locator("[data-kind='ecr.image']");
  await list.getByRole("button", { name: /^Parts of/ }).click();
  await expect(list.locator("tr.part")).toHaveCount(2);
  for (const what of ["Signature (Cosign)", "Bill of materials (SPDX)"]) await expect(list.locator("tr.part td.name", { hasText: what })).toBeVisible();
  await expect(page.getByText(/untagged and used by nothing/)).toHaveCount(0);
  await accessible(page);
  await list.locator("tr.part a", { hasText: "Signature (Cosign)" }).click();
  await expect(page).toHaveURL(new RegExp(cosign));
  await hydrated(page);
  await expect(page.getByText("It says something of")).toBeVisible();
  await accessible(page);
  await page.locator(".note").getByRole("link").click();
  await expect(page).toHaveURL(new RegExp(image));
  aws("ecr", "delete_repository", { repositoryName: name, force: true });
});

test("releases that newer ones replaced go whole by one click, and so does what has no tag", async ({ page }) => {
  const name = own("releases");
  await ecr("CreateRepository", { repositoryName: name });
  const release = async (version: string, tagged: boolean) => {
    const parts: { architecture: string; digest: string }[] = [];
    for (const architecture of ["amd64", "arm64"]) {
      const tag = tagged ? `${version}-${architecture}` : undefined;
      parts.push({ architecture, digest: await push(name, tag, `${name} ${version} ${architecture}`) });
    }
    await pushIndex(name, parts, tagged ? version : undefined);
  };
  for (let n = 1; n <= 12; n++) await release(`${n}`, true);
  await release("lost", false);
  for (const list of ["/repositories", "/images"]) {
    await page.goto(`${list}?account=${account}&region=${region}&q=${encodeURIComponent(name)}`);
    await hydrated(page);
    await page.getByRole("button", { name: "Collect again from AWS" }).first().click();
    await expect(page.locator(`tbody a[href^='${list}/']`, { hasText: name }).first()).toBeVisible();
  }
  const offer = (words: RegExp) => page.getByRole("region", { name: "Stored" }).getByRole("listitem").filter({ hasText: words });
  const offered = async (...all: RegExp[]) => {
    // What an index leads to is read after the list.
    await expect(async () => {
      await page.goto(address(name));
      for (const words of all) await expect(offer(words)).toBeVisible({ timeout: 5000 });
    }).toPass();
    await hydrated(page);
  };
  const lost = /^3 images untagged and used by nothing/;
  const old = /^6 images older than the 10 newest releases and used by nothing/;
  await offered(old, lost);
  await accessible(page);
  // Indexes go first, in a call of their own.
  const go = async (words: RegExp) => {
    await offer(words).getByRole("button", { name: "Delete them…" }).click();
    await expect(call(page, "ecr:BatchDeleteImage")).toHaveCount(2);
    await dialog(page).locator("#act-typed").fill(name);
    await apply(page);
  };
  await go(old);
  expect(await images(name)).toHaveLength(33);
  await offered(lost);
  // All images of the account are listed again first.
  await expect(offer(/older than/)).toHaveCount(0);
  await go(lost);
  const tags = (await images(name)).flatMap((image) => image.imageTags ?? []).toSorted();
  const kept = tags.filter((tag) => /^\d+$/.test(tag));
  expect(kept).toHaveLength(10);
  expect(tags).toEqual(kept.flatMap((version) => [version, `${version}-amd64`, `${version}-arm64`]).toSorted());
  await ecr("DeleteRepository", { repositoryName: name, force: true });
});

test("the first page groups images by repository, beside what else needs a person", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  const images = page.getByRole("group", { name: "Repositories with findings" });
  await expect(images).toBeVisible();
  expect(await images.locator("> a.row").count()).toBeLessThanOrEqual(4);
  const more = images.getByText(/^Show \d+ more$/);
  if (await more.count()) {
    await more.click();
    await expect(images.locator("a.row:visible").nth(4)).toBeVisible();
  }
  await accessible(page);
  await images.locator("> a.row").first().click();
  await expect(page).toHaveURL(/\/repositories\/.*attention=1/);
  await expect(page.locator("[data-kind='ecr.image'] tbody a[href^='/images/']").first()).toBeVisible();
  await page.goto("/");
  await hydrated(page);
  await images.getByRole("link", { name: /^[\d,]+ images?$/ }).click();
  await expect(page).toHaveURL(/\/images\?attention=1/);
  await expect(page.getByText(/^[\d,]+ of [\d,]+ images$/)).toBeVisible();
});
