// Images of a private repository: tags are taken off and moved, and come back; what is stored is reckoned; what is deleted stays away. Judged
// by the sandbox's own answers.
import { dockerSave, layer } from "../fixtures/archive";
import { type Detail, address, apply, askToTakeOff, call, dialog, ecr, images, repository, undo } from "../fixtures/ecr";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import type { Page } from "@playwright/test";

/** The tags of each image, by digest. */
async function tags(name: string): Promise<Record<string, string[]>> {
  return Object.fromEntries((await images(name)).map((image) => [image.imageDigest, (image.imageTags ?? []).toSorted()]));
}

/** Asks from an image's page, which the repository's list leads to, that one of its tags is taken off. */
async function takeOff(page: Page, repository: string, tag: string) {
  await page.goto(address(repository));
  await hydrated(page);
  await page.locator("[data-kind='ecr.image'] tbody a[href^='/images/']", { hasText: tag }).click();
  await expect(page).toHaveURL(/\/images\//);
  await askToTakeOff(page, tag);
}

test("a tag is taken off an image and comes back; the last one stays", async ({ page }) => {
  const name = await repository(page, "untagged", [["only"], ["stable", "extra"]]);
  const before = await tags(name);
  expect(Object.values(before).toSorted()).toEqual([["extra", "stable"], ["only"]]);
  await takeOff(page, name, "extra");
  await expect(call(page, "ecr:BatchDeleteImage")).toBeVisible();
  await accessible(page);
  // The image stays: there is no name to type.
  await expect(dialog(page).locator("#act-typed")).toHaveCount(0);
  const run = await apply(page);
  expect(Object.values(await tags(name)).toSorted()).toEqual([["only"], ["stable"]]);
  await undo(page, run);
  expect(await tags(name)).toEqual(before);

  await takeOff(page, name, "only");
  await expect(dialog(page).getByRole("heading", { name: "This cannot be planned" })).toBeVisible();
  await expect(dialog(page).getByText("ECR deletes an image with its last tag. Give it another first.")).toBeVisible();
  await dialog(page).getByRole("button", { name: "Cancel" }).click();
  await ecr("DeleteRepository", { repositoryName: name, force: true });
});

/** What a repository's page says of these images, once it knows the layers of all of them: none is in two. */
function stored(all: Detail[]): string {
  const bytes = all.reduce((sum, image) => sum + image.imageSizeInBytes, 0);
  const cost = `$${((bytes / 1e9) * 0.1).toFixed(2)}`;
  return `${all.length} images, ${(bytes / 2 ** 30).toFixed(0)} GiB stored: ${cost} a month. 0 in use.`;
}

test("what a repository stores is reckoned from its images, and goes down with one that is deleted for good", async ({ page }) => {
  const name = await repository(page, "stored", [["one"], ["two"], ["three"]], 15_000_000_000);
  const line = page.getByRole("region", { name: "Stored" });
  const says = async (words: string) =>
    expect(async () => {
      await page.goto(address(name));
      await expect(line).toContainText(words, { timeout: 5000 });
    }).toPass();
  await says(stored(await images(name)));
  expect(stored(await images(name))).toContain("stored: $4.50 a month");
  await accessible(page);

  await hydrated(page);
  await page.getByRole("checkbox", { name: `Select ${name}:three` }).check();
  await page.locator(".selection").getByRole("button", { name: "Delete" }).click();
  await expect(dialog(page).getByText("It is lost for good.", { exact: false })).toBeVisible();
  // No other image has its layer.
  await expect(dialog(page).getByText("saves $1.50", { exact: true })).toBeVisible();
  await dialog(page).locator("#act-typed").fill(name);
  const run = await apply(page);
  const left = await images(name);
  expect(left.flatMap((image) => image.imageTags).toSorted()).toEqual(["one", "two"]);
  // The page that is open follows, without waiting until all images were listed again.
  await expect(line).toContainText(stored(left));
  await expect(line).toContainText(/Listed .+ ago\./);

  // Its run says why there is no way back.
  await page.goto(run);
  await hydrated(page);
  const undoing = page.locator(".detail-head").getByRole("button", { name: "Undo" });
  await expect(undoing).toHaveAttribute("aria-disabled", "true");
  await expect(undoing).toHaveAttribute("title", /an image that was deleted has to be pushed again/);
  await accessible(page);
  await ecr("DeleteRepository", { repositoryName: name, force: true });
});

test("an image from this computer takes a tag over, and gives it back", async ({ page }) => {
  const name = await repository(page, "moved", [["live"]]);
  const before = await tags(name);
  await page.goto(address(name));
  await hydrated(page);
  await page.getByRole("button", { name: "Put an image in" }).click();
  const form = page.locator("section.card", { hasText: "Send an image from this computer" });
  const buffer = dockerSave("shop/web:live", [layer("etc/one", 5_000)]);
  await form.locator("input[type=file]").setInputFiles({ name: "image.tar", mimeType: "application/x-tar", buffer });
  await expect(form.getByLabel(/^Tags of /)).toHaveValue("live");
  await form.getByRole("button", { name: "Review and put it in" }).click();
  await expect(dialog(page).getByText(`Move the tag live of ${name}`, { exact: false }).first()).toBeVisible();
  await accessible(page);
  const run = await apply(page);
  const moved = await tags(name);
  const [old] = Object.keys(before);
  expect(moved[old]).toEqual([]);
  expect(Object.values(moved).filter((all) => all.includes("live"))).toHaveLength(1);
  expect(Object.keys(moved)).toHaveLength(2);

  await undo(page, run);
  expect(await tags(name)).toEqual(before);
  await ecr("DeleteRepository", { repositoryName: name, force: true });
});
