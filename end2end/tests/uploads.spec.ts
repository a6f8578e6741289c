// An image from a tar on somebody's computer, without Docker. Judged by boto3, and by pulling it back from the registry by digest.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { dockerSave, layer, ociLayout, sha } from "../fixtures/archive";
import { Street } from "../fixtures/street";
import { aws, world } from "../fixtures/world";
import { press } from "../fixtures/own";
import type { Page } from "@playwright/test";
import { gunzipSync } from "node:zlib";

const account = "111122223333";
const dialog = (page: Page) => page.getByRole("dialog", { name: "Confirm" });
const form = (page: Page) => page.locator("section.card", { hasText: "Send an image from this computer" });

type Detail = { imageDigest: string; imageTags?: string[]; imageManifestMediaType?: string };
const images = (repositoryName: string) => (aws("ecr", "describe_images", { repositoryName }) as { imageDetails: Detail[] }).imageDetails;

/** Something of the registry, as a container client asks for it. */
async function pulled(path: string): Promise<Buffer> {
  const { authorizationData } = aws("ecr", "get_authorization_token", {}) as { authorizationData: { authorizationToken: string }[] };
  const answer = await fetch(`${world().endpoint}/v2/${path}`, {
    headers: { authorization: `Basic ${authorizationData[0].authorizationToken}`, accept: "*/*" },
  });
  expect(answer.status, path).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

/** A repository of the test's own with the form open on its page. */
async function repository(page: Page): Promise<string> {
  const name = `e2e/sent-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`;
  aws("ecr", "create_repository", { repositoryName: name });
  await page.goto(`/repositories?account=${account}&region=eu-west-1&q=${encodeURIComponent(name)}`);
  await hydrated(page);
  await page.getByRole("button", { name: "Collect again from AWS" }).first().click();
  await expect(page.locator("tbody a[href^='/repositories/']", { hasText: name }).first()).toBeVisible();
  await page.goto(`/repositories/${account}/eu-west-1/${name}`);
  await hydrated(page);
  await page.getByRole("button", { name: "Put an image in" }).click();
  return name;
}

const choose = (page: Page, name: string, buffer: Buffer) =>
  form(page).locator("input[type=file]").setInputFiles({ name, mimeType: "application/x-tar", buffer });

async function apply(page: Page) {
  await form(page).getByRole("button", { name: "Review and put it in" }).click();
  await accessible(page);
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  await expect(dialog(page).getByText("Applied")).toBeVisible();
}

test("what docker save wrote is sent, reviewed, tagged, and taken back", async ({ page }) => {
  const name = await repository(page);
  const layers = [layer("etc/one", 700_000), layer("etc/two", 3_000)];
  await accessible(page);
  await choose(page, "image.tar", dockerSave("shop/web:v1", layers));
  await expect(form(page).getByText("has arrived", { exact: false })).toBeVisible();
  await accessible(page);
  // Nothing can be pulled before it was reviewed.
  expect(images(name)).toEqual([]);
  const tags = form(page).getByLabel(/^Tags of /);
  await expect(tags).toHaveValue("v1");
  await tags.fill("v1 -x");
  await tags.blur();
  await expect(form(page).getByText("A tag begins with", { exact: false })).toBeVisible();
  await tags.fill("v1 stable");
  await apply(page);
  const [image] = images(name);
  expect(image.imageTags?.toSorted()).toEqual(["stable", "v1"]);
  const manifest = await pulled(`${name}/manifests/${image.imageDigest}`);
  expect(`sha256:${sha(manifest)}`).toBe(image.imageDigest);
  const told = JSON.parse(manifest.toString()) as { layers: { digest: string }[] };
  for (const [n, { digest }] of told.layers.entries()) {
    const packed = await pulled(`${name}/blobs/${digest}`);
    expect(`sha256:${sha(packed)}`).toBe(digest);
    expect(gunzipSync(packed).equals(layers[n])).toBe(true);
  }
  // Taken back: nothing can be pulled, as before.
  await dialog(page).getByRole("link", { name: "Open the run" }).click();
  await press(page, "Undo");
  await expect.poll(() => images(name).length).toBe(0);
  aws("ecr", "delete_repository", { repositoryName: name, force: true });
});

test("an OCI layout for several platforms keeps its digest; the same file again sends nothing", async ({ page }) => {
  const name = await repository(page);
  const { archive, digest, layer: first } = ociLayout("v2", { amd64: layer("etc/amd", 300_000), arm64: layer("etc/arm", 300_000) });
  await choose(page, "layout.tar", archive);
  await expect(form(page).getByLabel(/linux\/arm64/)).toHaveValue("v2");
  await apply(page);
  await dialog(page).getByRole("button", { name: "Close" }).click();
  await expect(form(page).getByText("“layout.tar” is in: v2.")).toBeVisible();
  await expect(form(page).getByText("has arrived", { exact: false })).toHaveCount(0);
  const tagged = images(name).find((image) => image.imageTags?.includes("v2"));
  expect(tagged?.imageDigest).toBe(digest);
  expect(images(name)).toHaveLength(3);
  expect(`sha256:${sha(await pulled(`${name}/blobs/${first}`))}`).toBe(first);
  await choose(page, "layout.tar", archive);
  await expect(form(page).getByText(/^(\d+) layers and documents, \1 of them there already$/)).toBeVisible();
  // What is there already is said beside what was asked, not in a dialog.
  await form(page).getByRole("button", { name: "Review and put it in" }).click();
  await expect(form(page).getByText("has all of this under these tags already", { exact: false })).toBeVisible();
  await expect(dialog(page)).toBeHidden();
  aws("ecr", "delete_repository", { repositoryName: name, force: true });
});

test("a truncated archive, one that is no image, and one too large for a proxy are refused where they were dropped", async ({ page }) => {
  const name = await repository(page);
  const whole = dockerSave("shop/web:v1", [layer("etc/one", 400_000)]);
  await choose(page, "half.tar", whole.subarray(0, 200_000));
  await expect(form(page).getByText("It is truncated", { exact: false })).toBeVisible();
  await accessible(page);
  await choose(page, "notes.txt", Buffer.from("no image\n".repeat(200)));
  await expect(form(page).getByText("not a tar file", { exact: false })).toBeVisible();
  // A proxy in front that lets less pass: that is said at once, and nothing is sent again.
  const refusal = { status: 413, contentType: "text/html", body: "<html>413 Request Entity Too Large</html>" };
  await page.route(/\/api\/v1\/uploads\?/, (route) => route.fulfill(refusal));
  await choose(page, "large.tar", whole);
  await expect(form(page).getByText("Too large for a proxy")).toBeVisible();
  expect(images(name)).toEqual([]);
  aws("ecr", "delete_repository", { repositoryName: name, force: true });
});

/** Waits until the server has some of what is sent, and no more comes. */
const arrivedInPart = (page: Page) =>
  page.waitForResponse(
    async (answer) =>
      /\/uploads\/\w+$/.test(new URL(answer.url()).pathname) && answer.ok() && ((await answer.json()) as { received: number }).received > 500_000,
  );

/** The next request that goes on with an upload: where. */
async function offset(page: Page): Promise<number> {
  const request = await page.waitForRequest((one) => one.method() === "POST" && /[?&]offset=\d+/.test(one.url()));
  return Number(new URL(request.url()).searchParams.get("offset"));
}

test("an upload goes on where its connection broke, also after the page was loaded anew", async ({ browser }) => {
  const street = new Street();
  const url = await street.open();
  // A page of its own: broken connections are errors in its console.
  const context = await browser.newContext({ baseURL: url, storageState: world().state });
  try {
    const page = await context.newPage();
    const name = await repository(page);
    const archive = dockerSave("shop/web:v1", [layer("etc/one", 4_000_000)]);

    street.hold(2_000_000);
    let part = arrivedInPart(page);
    await choose(page, "image.tar", archive);
    await part;
    street.break();
    await expect(form(page).getByText("The connection broke:")).toBeVisible();
    await expect(form(page).getByText(/going on in \d+ s\./)).toBeVisible();
    // Long enough a pause to look at.
    await expect(form(page).getByText(/going on in [4-8] s\./)).toBeVisible();
    await accessible(page);
    await expect(form(page).getByText(/going on in ([4-9]|\d\d) s\./)).toBeVisible();
    street.mend();
    let from = offset(page);
    // A machine that was slower than the pause has gone on by itself.
    await form(page).getByRole("button", { name: "Now" }).click({ timeout: 6_000 }).catch(() => {});
    expect(await from).toBeGreaterThan(500_000);
    await expect(form(page).getByText("has arrived", { exact: false })).toBeVisible();
    await form(page).getByLabel(/^Tags of /).fill("v1");
    await apply(page);
    const [image] = images(name);
    expect(`sha256:${sha(await pulled(`${name}/manifests/${image.imageDigest}`))}`).toBe(image.imageDigest);
    await dialog(page).getByRole("button", { name: "Close" }).click();

    // Another file, and the page is loaded anew in the middle of it.
    const second = dockerSave("shop/web:v2", [layer("etc/two", 4_100_000)]);
    street.hold(2_000_000);
    part = arrivedInPart(page);
    await choose(page, "second.tar", second);
    await part;
    // Whoever leaves in the middle of a file is asked whether that is meant.
    const asked = page.waitForEvent("dialog");
    const anew = page.goto(`/repositories/${account}/eu-west-1/${name}`);
    const leaving = await asked;
    expect(leaving.type()).toBe("beforeunload");
    await leaving.accept();
    await anew;
    await hydrated(page);
    street.hold(Infinity);
    await expect(form(page).getByText("“second.tar” has not arrived whole.", { exact: false })).toBeVisible();
    await accessible(page);
    from = offset(page);
    await choose(page, "second.tar", second);
    expect(await from).toBeGreaterThan(500_000);
    await expect(form(page).getByLabel(/^Tags of /)).toHaveValue("v2");

    // Cancelled in the middle: the server hears of it, too.
    street.hold(2_000_000);
    part = arrivedInPart(page);
    const sent = page.waitForRequest((one) => one.method() === "POST" && new URL(one.url()).pathname.endsWith("/uploads"));
    await choose(page, "third.tar", dockerSave("shop/web:v3", [layer("etc/three", 4_200_000)]));
    const id = new URL((await sent).url()).searchParams.get("id");
    await part;
    await form(page).getByRole("button", { name: "Cancel" }).click();
    await expect(form(page).getByText("Cancelled. Nothing was tagged.", { exact: false })).toBeVisible();
    const told = async () => (await (await page.request.get(`/api/v1/uploads/${id}`)).json()) as { problem?: { title: string } };
    await expect.poll(async () => (await told()).problem?.title).toBe("The upload was cancelled");
    expect(images(name).flatMap((one) => one.imageTags ?? [])).toEqual(["v1"]);
    aws("ecr", "delete_repository", { repositoryName: name, force: true });
  } finally {
    await context.close();
    await street.close();
  }
});

test("a file goes on while one looks at other tabs and pages; what has arrived stays until it is put, also after a reload", async ({ browser }) => {
  const street = new Street();
  const url = await street.open();
  const context = await browser.newContext({ baseURL: url, storageState: world().state });
  try {
    const page = await context.newPage();
    const name = await repository(page);
    const tab = (tabName: string) => page.getByRole("navigation", { name: "Tabs" }).getByRole("link", { name: tabName, exact: true });
    const opens = page.getByRole("button", { name: "Put an image in" });
    const sends = form(page).getByText("Sending “image.tar”.");
    const sent: string[] = [];
    page.on("request", (one) => {
      if (one.method() === "POST" && new URL(one.url()).pathname.endsWith("/uploads")) sent.push(one.url());
    });

    street.hold(2_000_000);
    const part = arrivedInPart(page);
    await choose(page, "image.tar", dockerSave("shop/web:v1", [layer("etc/one", 4_000_000)]));
    await part;
    // Another tab, another page, and the form closed and opened again.
    await tab("Lifecycle").click();
    await expect(form(page)).toHaveCount(0);
    await tab("Images").click();
    await expect(sends).toBeVisible();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Runs and audit" }).click();
    await expect(page).toHaveURL(/\/runs/);
    await expect(form(page)).toHaveCount(0);
    // A form that only chooses what is shown is no page load.
    const runs = page.getByRole("search", { name: "Runs" });
    await runs.getByLabel("State").selectOption("Stuck");
    await runs.getByRole("button", { name: "Show" }).click();
    await expect(page).toHaveURL(/state=stuck/);
    // A link beside it is made of the address: what was chosen and not shown is chosen no more.
    await runs.getByLabel("State").selectOption("All");
    await runs.getByRole("link", { name: "Last 24 hours" }).click();
    await expect(page).toHaveURL(/from=24h/);
    await expect(runs.getByLabel("State")).toHaveValue("stuck");
    await page.goBack();
    await page.goBack();
    await expect(runs.getByLabel("State")).toHaveValue("");
    await page.goBack();
    await expect(sends).toBeVisible();
    await opens.click();
    await expect(form(page)).toHaveCount(0);
    await opens.click();
    await expect(sends).toBeVisible();
    // That it has arrived is told on whatever page is looked at.
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Runs and audit" }).click();
    await expect(form(page)).toHaveCount(0);
    street.release();
    await expect(page.getByText("“image.tar” has arrived: its images wait for their tags.")).toBeVisible();
    await page.goBack();
    await expect(form(page).getByText("has arrived", { exact: false })).toBeVisible();

    // What has arrived, and what was typed, are there after a look at another tab.
    const tags = form(page).getByLabel(/^Tags of /);
    await tags.fill("v1 kept");
    await tab("Lifecycle").click();
    await expect(form(page)).toHaveCount(0);
    await tab("Images").click();
    await expect(tags).toHaveValue("v1 kept");
    // What has arrived is there after a reload, too; nobody opens the form for it.
    await page.reload();
    await hydrated(page);
    await expect(form(page).getByText("“image.tar” has arrived.", { exact: false })).toBeVisible();
    await expect(tags).toHaveValue("v1");
    await apply(page);
    await dialog(page).getByRole("button", { name: "Close" }).click();
    await expect(form(page).getByText("“image.tar” is in: v1.")).toBeVisible();
    // All of it in one request; afterwards there is nothing to come back to.
    expect(sent).toHaveLength(1);
    expect(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("gantry-upload-")))).toEqual([]);
    expect(images(name).flatMap((image) => image.imageTags ?? [])).toEqual(["v1"]);
    aws("ecr", "delete_repository", { repositoryName: name, force: true });
  } finally {
    await context.close();
    await street.close();
  }
});
