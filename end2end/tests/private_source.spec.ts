// A private image of another registry, with a password that is used once.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { layer } from "../fixtures/archive";
import { PrivateGantry } from "../fixtures/private";
import { OtherRegistry } from "../fixtures/registry";
import { aws } from "../fixtures/world";

const account = "111122223333";
const secret = "dckr_pat_Tr0ub4dor";

test("a private image is copied with a password that is asked for beside its field and kept nowhere", async ({ browser }) => {
  const registry = new OtherRegistry(layer("etc/app", 200_000), { user: "ada", password: secret });
  await registry.open();
  const own = new PrivateGantry();
  const name = `e2e/private-${Date.now().toString(36)}`;
  try {
    await own.start();
    aws("ecr", "create_repository", { repositoryName: name });
    const { url } = await own.server(undefined, ["[registries]", `exceptions = ["${registry.host}"]`]);
    const page = await own.page(browser, url);
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(`/repositories?account=${account}&region=eu-west-1&q=${encodeURIComponent(name)}`);
    await expect(page.locator("tbody a[href^='/repositories/']", { hasText: name }).first()).toBeVisible();
    await page.goto(`/repositories/${account}/eu-west-1/${name}`);
    await hydrated(page);
    await page.getByRole("button", { name: "Put an image in" }).click();
    const form = page.locator("section.card", { hasText: "Copy an image from another registry" });
    const dialog = page.getByRole("dialog", { name: "Confirm" });
    const password = form.getByLabel("Password or access token");
    const review = form.getByRole("button", { name: "Review the copy" });
    await form.getByLabel("Image", { exact: true }).fill(`${registry.host}/team/app:v1`);

    await review.click();
    await expect(form.locator("#credentials-wrong")).toContainText("wants a user name and a password");
    await expect(dialog).toBeHidden();
    await expect(password).toBeFocused();
    await accessible(page);

    await password.fill("guess");
    await review.click();
    await expect(form.locator("#user-wrong")).toContainText("A user name is needed");
    await form.getByLabel("User name").fill("ada");
    await review.click();
    await expect(form.locator("#credentials-wrong")).toContainText("does not take this user name and password");

    // After a look at another tab all of it is there but the password.
    const tabs = page.getByRole("navigation", { name: "Tabs" });
    await tabs.getByRole("link", { name: "Lifecycle", exact: true }).click();
    await expect(form).toHaveCount(0);
    await tabs.getByRole("link", { name: "Images", exact: true }).click();
    await expect(form.getByLabel("User name")).toHaveValue("ada");
    await expect(form.getByLabel("Image", { exact: true })).toHaveValue(`${registry.host}/team/app:v1`);
    await expect(password).toHaveValue("");

    await password.fill(secret);
    await review.click();
    await expect(dialog.getByRole("button", { name: "Apply" })).toBeVisible();
    await accessible(page);
    expect(await page.content()).not.toContain(secret);
    await dialog.getByRole("button", { name: "Apply" }).click();
    await expect(dialog.getByText("Applied")).toBeVisible();
    const { imageDetails } = aws("ecr", "describe_images", { repositoryName: name }) as { imageDetails: { imageDigest: string }[] };
    expect(imageDetails.map((image) => image.imageDigest)).toEqual([registry.digest]);

    // Neither in an address nor in what the run shows.
    await dialog.getByRole("link", { name: "Open the run" }).click();
    await expect(page.getByText("Applied").first()).toBeVisible();
    expect(await page.content()).not.toContain(secret);
    expect(asked.filter((address) => address.includes(secret))).toEqual([]);
  } finally {
    await own.stop();
    await registry.close();
    aws("ecr", "delete_repository", { repositoryName: name, force: true });
  }
});
