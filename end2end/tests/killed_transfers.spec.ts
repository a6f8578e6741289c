// Images on their way when their server dies: the next one goes on or takes back, and the page that was open shows it. Judged by what the
// sandbox lists, and by pulling.
import type { Browser, Page } from "@playwright/test";
import { layer, ociLayout, sha } from "../fixtures/archive";
import { account, dialog, images, own as ownName, region } from "../fixtures/ecr";
import { press, state, test } from "../fixtures/own";
import type { PrivateGantry } from "../fixtures/private";
import type { Reporter } from "../fixtures/processes";
import { pull } from "../fixtures/pull";
import { OtherRegistry } from "../fixtures/registry";
import { accessible, expect, hydrated } from "../fixtures/test";
import { aws, world } from "../fixtures/world";

/** A repository of the test's own, made outside of Gantry. */
function repository(what: string): string {
  const repositoryName = ownName(what);
  aws("ecr", "create_repository", { repositoryName });
  return repositoryName;
}

const remove = (repositoryName: string) => aws("ecr", "delete_repository", { repositoryName, force: true });

/** Marks the page; a reload would lose it. */
const mark = (page: Page) => page.evaluate(() => document.documentElement.setAttribute("data-never-left", ""));
const neverLeft = (page: Page) => expect(page.locator("html[data-never-left]")).toHaveCount(1);

/** The page of a repository with the forms by which images come in, as soon as a new Gantry has collected it. */
async function open(page: Page, name: string) {
  await page.goto(`/repositories?account=${account}&region=${region}&q=${encodeURIComponent(name)}`);
  await expect(page.locator("tbody a[href^='/repositories/']", { hasText: name }).first()).toBeVisible();
  await page.goto(`/repositories/${account}/${region}/${name}`);
  await hydrated(page);
  await mark(page);
  await page.getByRole("button", { name: "Put an image in" }).click();
}

/** Asks the sandbox's registry as a container client does. */
function registry(name: string) {
  const { authorizationData } = aws("ecr", "get_authorization_token", {}) as { authorizationData: { authorizationToken: string }[] };
  const headers = { authorization: `Basic ${authorizationData[0].authorizationToken}`, accept: "*/*" };
  return (path: string, method = "GET") => fetch(`${world().endpoint}/v2/${name}/${path}`, { method, headers });
}

/** Which of these blobs a repository has. */
async function arrived(ask: ReturnType<typeof registry>, digests: string[]): Promise<string[]> {
  const answers = await Promise.all(digests.map((digest) => ask(`blobs/${digest}`, "HEAD")));
  return digests.filter((_, n) => answers[n].ok);
}

/** An image is whole: each byte of it comes back to another client, by digest. */
async function whole(name: string, digest: string): Promise<string[]> {
  const { manifest, blobs } = await pull(name, digest);
  expect(`sha256:${sha(manifest)}`).toBe(digest);
  for (const [named, bytes] of blobs) expect(`sha256:${sha(bytes)}`).toBe(named);
  return [...blobs.keys()].sort();
}

/** Has a copy begun whose last layer stalls once the others have arrived. */
async function copyHalf(page: Page, other: OtherRegistry, name: string) {
  const last = other.layers[other.layers.length - 1];
  const stalled = other.stall(last);
  const form = page.locator("section.card", { hasText: "Copy an image from another registry" });
  await form.getByLabel("Image", { exact: true }).fill(`${other.host}/team/app:v1`);
  await form.getByRole("button", { name: "Review the copy" }).click();
  await dialog(page).getByRole("button", { name: "Apply" }).click();
  await stalled;
  const ask = registry(name);
  await expect.poll(() => arrived(ask, other.layers)).toEqual(other.layers.slice(0, -1));
  await expect(dialog(page).getByText("Applying").first()).toBeVisible();
}

type Half = { other: OtherRegistry; name: string; page: Page; process: Reporter; again: () => Promise<Reporter> };

/** A copy of three layers, half of it there, on the page of a Gantry whose server may be killed; then the rest of the test. */
async function halfCopied(own: PrivateGantry, browser: Browser, what: string, then: (half: Half) => Promise<void>) {
  const other = new OtherRegistry(["etc/one", "etc/two", "etc/three"].map((name) => layer(name, 300_000)));
  await other.open();
  const name = repository(what);
  try {
    const { url, process, again } = await own.server(undefined, ["[registries]", `exceptions = ["${other.host}"]`]);
    const page = await own.page(browser, url);
    await open(page, name);
    await copyHalf(page, other, name);
    await then({ other, name, page, process, again });
    // What had arrived was not fetched a second time.
    expect(other.layers.slice(0, -1).map((digest) => other.fetched(digest))).toEqual([1, 1]);
    // What stalls for long is asked for again without a new server, too.
    expect(other.fetched(other.layers[2])).toBeGreaterThan(1);
  } finally {
    await other.close();
    remove(name);
  }
}

test("a server dies between the layers of a copy: the next one fetches what has not arrived", async ({ own, browser }) => {
  await halfCopied(own, browser, "killed-copy", async ({ other, name, page, process, again }) => {
    expect(await process.endsOn("SIGKILL", 10_000)).toBe(true);
    expect(await images(name)).toEqual([]);
    other.mend();
    await again();
    await expect(dialog(page).getByText("Applied")).toBeVisible();
    await neverLeft(page);
    expect((await images(name)).map((image) => [image.imageDigest, image.imageTags])).toEqual([[other.digest, ["v1"]]]);
    expect(await whole(name, other.digest)).toEqual([...other.blobs.keys()].sort());
  });
});

/** The layers that the page of a run shows, and those of them that ended so. */
const layers = (page: Page) => page.getByRole("list", { name: "Layers" });
const ended = (page: Page, words: string) => layers(page).getByText(new RegExp(`^\\d.*, ${words}$`));

test("a copy that a dead server left is cancelled at the next one: nothing has the tag", async ({ own, browser }) => {
  await halfCopied(own, browser, "killed-cancelled", async ({ other, name, page, process, again }) => {
    await dialog(page).getByRole("link", { name: "Open the run" }).click();
    await expect(state(page)).toContainText("Applying");
    await hydrated(page);
    // Two layers and the configuration are there, of the last one half has come; a reload shows the same, and there is room for it on a phone.
    const moving = page.getByRole("progressbar", { name: `Layer ${other.layers[2].slice("sha256:".length, "sha256:".length + 12)}` });
    const half = async () => {
      await expect(ended(page, "sent")).toHaveCount(3);
      await expect(moving).toHaveAttribute("value", String(Math.floor((other.blobs.get(other.layers[2])?.length ?? 0) / 2)));
      await expect(page.getByRole("progressbar", { name: "Copied" })).toBeVisible();
    };
    await half();
    const size = page.viewportSize();
    await page.setViewportSize({ width: 390, height: 844 });
    await page.reload();
    await hydrated(page);
    await half();
    expect(await page.evaluate(() => document.documentElement.scrollWidth), "the page scrolls sideways").toBeLessThanOrEqual(390);
    await accessible(page);
    if (size) await page.setViewportSize(size);
    await mark(page);
    expect(await process.endsOn("SIGKILL", 10_000)).toBe(true);
    const before = other.fetched(other.layers[2]);
    await again();
    // The next server has gone on to where the source stalls, and shows what it found there.
    await expect.poll(() => other.fetched(other.layers[2])).toBeGreaterThan(before);
    await expect(ended(page, "there already")).toHaveCount(3);
    await press(page, "Cancel");
    await expect(state(page)).toContainText("Undone");
    await expect(layers(page)).toHaveCount(0);
    await expect(page.getByText("Layers that arrived may stay").first()).toBeVisible();
    await accessible(page);
    await neverLeft(page);
    expect(await images(name)).toEqual([]);
  });
});

test("a server dies in the middle of an upload, and of putting what it brought: the image is there once", async ({ own, browser }) => {
  const name = repository("killed-upload");
  const { archive, digest, layer: first } = ociLayout("v1", { amd64: layer("etc/amd", 300_000), arm64: layer("etc/arm", 12_000_000) });
  try {
    const { url, road, process, again } = await own.server();
    const page = await own.page(browser, url);
    await open(page, name);
    const form = page.locator("section.card", { hasText: "Send an image from this computer" });

    // The first layer arrives; of the second the first piece never does, so that the browser still sends.
    let firstIsThere = false;
    const between = new Promise<void>((resolve) => {
      road.fate = ({ method, path }) => {
        if (method === "PUT" && decodeURIComponent(path).includes(first)) firstIsThere = true;
        if (method !== "PATCH" || !firstIsThere) return undefined;
        resolve();
        return "lost";
      };
    });
    await form.locator("input[type=file]").setInputFiles({ name: "layout.tar", mimeType: "application/x-tar", buffer: archive });
    await between;
    await expect(form.getByText("Sending “layout.tar”.")).toBeVisible();
    expect(await process.endsOn("SIGKILL", 10_000)).toBe(true);
    road.fate = () => undefined;
    await expect(form.getByText("The connection broke:")).toBeVisible();
    expect(await images(name)).toEqual([]);
    const second = await again();
    // The page sends the file again by itself.
    await expect(form.getByText("has arrived", { exact: false })).toBeVisible();
    await expect(form.getByText(/layers and documents, [1-9]\d* of them there already$/)).toBeVisible();
    expect(await images(name)).toEqual([]);

    // Of the two parts, the index and the tag, the second part is put and its answer is lost.
    let puts = 0;
    const halfPut = new Promise<void>((resolve) => {
      road.fate = ({ operation }) => {
        if (operation !== "PutImage" || (puts += 1) !== 2) return undefined;
        resolve();
        return "answer lost";
      };
    });
    await form.getByRole("button", { name: "Review and put it in" }).click();
    await dialog(page).getByRole("button", { name: "Apply" }).click();
    await halfPut;
    await expect.poll(async () => (await images(name)).length).toBe(2);
    expect(await second.endsOn("SIGKILL", 10_000)).toBe(true);
    expect((await images(name)).flatMap((image) => image.imageTags ?? [])).toEqual([]);
    await again();
    await expect(dialog(page).getByText("Applied")).toBeVisible();
    await neverLeft(page);
    const made = await images(name);
    expect(made.map((image) => image.imageDigest).filter((one) => one === digest)).toHaveLength(1);
    expect(made.flatMap((image) => (image.imageTags ?? []).map((tag) => [tag, image.imageDigest]))).toEqual([["v1", digest]]);
    expect(made).toHaveLength(3);
    expect(puts, "each is put once, and the tag").toBe(4);
    const index = Buffer.from(await (await registry(name)(`manifests/${digest}`)).arrayBuffer());
    expect(`sha256:${sha(index)}`).toBe(digest);
    const parts = (JSON.parse(index.toString()) as { manifests: { digest: string }[] }).manifests.map((part) => part.digest);
    expect(parts.toSorted()).toEqual(made.map((image) => image.imageDigest).filter((one) => one !== digest).toSorted());
    for (const part of parts) await whole(name, part);
  } finally {
    remove(name);
  }
});
