// A public image of another registry, without a password: copied into ECR, and pulled out of it again by digest with another client; and one that
// a cache rule brings.
import { layer, sha } from "../fixtures/archive";
import { PrivateGantry } from "../fixtures/private";
import { pull } from "../fixtures/pull";
import { OtherRegistry } from "../fixtures/registry";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws, world } from "../fixtures/world";

const account = "111122223333";

test("a public image is copied into a repository, and who pulls it by digest gets every byte", async ({ browser }) => {
  const registry = new OtherRegistry(layer("etc/app", 3_000_000));
  await registry.open();
  const own = new PrivateGantry();
  const name = `e2e/public-${Date.now().toString(36)}`;
  try {
    await own.start();
    aws("ecr", "create_repository", { repositoryName: name });
    const { url } = await own.server(undefined, ["[registries]", `exceptions = ["${registry.host}"]`]);
    const page = await own.page(browser, url);
    await page.goto(`/repositories?account=${account}&region=eu-west-1&q=${encodeURIComponent(name)}`);
    await expect(page.locator("tbody a[href^='/repositories/']", { hasText: name }).first()).toBeVisible();
    await page.goto(`/repositories/${account}/eu-west-1/${name}`);
    await hydrated(page);
    await page.getByRole("button", { name: "Put an image in" }).click();
    const form = page.locator("section.card", { hasText: "Copy an image from another registry" });
    const dialog = page.getByRole("dialog", { name: "Confirm" });
    await form.getByLabel("Image", { exact: true }).fill(`${registry.host}/team/app:v1`);
    await form.getByRole("button", { name: "Review the copy" }).click();
    await expect(dialog.getByRole("button", { name: "Apply" })).toBeVisible();
    await accessible(page);
    await dialog.getByRole("button", { name: "Apply" }).click();
    await expect(dialog.getByText("Applied")).toBeVisible();

    type Detail = { imageDigest: string; imageTags: string[] };
    const { imageDetails } = aws("ecr", "describe_images", { repositoryName: name }) as { imageDetails: Detail[] };
    expect(imageDetails.map((image) => [image.imageDigest, image.imageTags])).toEqual([[registry.digest, ["v1"]]]);
    const { manifest, blobs } = await pull(name, registry.digest);
    expect(`sha256:${sha(manifest)}`).toBe(registry.digest);
    expect([...blobs.keys()].sort()).toEqual([...registry.blobs.keys()].sort());
    for (const [digest, bytes] of blobs) expect(`sha256:${sha(bytes)}`).toBe(digest);
    // Nobody was asked for a password, and none was sent.
    expect(new Set(registry.given)).toEqual(new Set([""]));

    // The run leads to the image, whose page comes by itself once it is collected; from there on no mouse is needed.
    await dialog.getByRole("link", { name: "Open the run" }).click();
    await page.getByRole("link", { name: `Open the image ${name}:v1` }).click();
    await expect(page.getByRole("heading", { level: 1, name: `${name}:v1`, exact: true })).toBeVisible();
    const next = page.getByRole("button", { name: "In a task definition" });
    await next.press("Enter");
    await expect(next).toHaveAttribute("aria-expanded", "true");
  } finally {
    await own.stop();
    await registry.close();
    aws("ecr", "delete_repository", { repositoryName: name, force: true });
  }
});

test("a cache rule brings an image as soon as somebody pulls it, and the lists have it", async ({ page }) => {
  const registry = new OtherRegistry(layer("etc/app", 100_000));
  await registry.open();
  const prefix = `e2e-through-${Date.now().toString(36)}`;
  const name = `${prefix}/team/app`;
  // A registry of this machine stands in for quay.io.
  const standIn = async (method: string, port?: string) => {
    const answer = await fetch(`${world().endpoint}/_sandbox/upstreams/quay.io`, { method, ...(port ? { body: port } : {}) });
    expect(answer.status).toBe(204);
  };
  aws("ecr", "create_pull_through_cache_rule", { ecrRepositoryPrefix: prefix, upstreamRegistryUrl: "quay.io" });
  try {
    await standIn("PUT", registry.host.split(":")[1]);
    const { manifest, blobs } = await pull(name, registry.digest);
    expect(`sha256:${sha(manifest)}`).toBe(registry.digest);
    expect([...blobs.keys()].sort()).toEqual([...registry.blobs.keys()].sort());

    const scope = `account=${account}&region=eu-west-1&q=${encodeURIComponent(prefix)}`;
    for (const list of ["repositories", "images"]) {
      await page.goto(`/${list}?${scope}`);
      await hydrated(page);
      await page.getByRole("button", { name: "Collect again from AWS" }).first().click();
      await expect(page.locator(`tbody a[href^='/${list}/']`).first()).toBeVisible();
    }
  } finally {
    await standIn("DELETE");
    await registry.close();
    aws("ecr", "delete_pull_through_cache_rule", { ecrRepositoryPrefix: prefix });
    aws("ecr", "delete_repository", { repositoryName: name, force: true });
  }
});
