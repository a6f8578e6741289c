// From a form to AWS: a wizard makes a plan, the review shows it whole, applying it makes what it said.
import { NewPerson } from "../fixtures/person";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";
import { press } from "../fixtures/own";

test("a repository is made by its plan", async ({ page }) => {
  const name = `e2e/made-${Date.now().toString(36)}`;
  await page.goto("/repositories?account=111122223333&region=eu-west-1");
  await hydrated(page);
  await page.getByRole("link", { name: "Create repository" }).click();
  await expect(page).toHaveURL(/\/repositories\/new/);
  const form = page.locator(".wizard");
  const plan = page.getByRole("complementary", { name: "The plan so far" });
  await expect(form.getByRole("heading", { level: 1, name: "Create private repository" })).toBeVisible();
  // Nobody is told off before they have done anything.
  await expect(plan.getByText("not yet a plan")).toBeVisible();
  await expect(form.locator("[aria-invalid=true]")).toHaveCount(0);
  await accessible(page);

  // A wrong name says so beside its field, and the review waits there.
  const field = form.getByLabel("Name", { exact: true });
  await field.fill("Shop");
  await expect(form.locator("#name-wrong")).toContainText("Capital letters are not allowed: write shop.");
  await expect(field).toHaveAttribute("aria-describedby", /name-wrong/);
  await form.getByRole("button", { name: "Review" }).click();
  await expect(field).toBeFocused();
  await expect(page).not.toHaveURL(/step=review/);

  // The plan grows as one types, and knows at the end that the name is free.
  await field.fill(name);
  await expect(plan.getByText(`Create the repository ${name}`)).toBeVisible();
  await expect(plan.getByText("nothing is done yet")).toBeVisible();
  await expect(plan.getByRole("listitem").filter({ hasText: "ecr:" }).first()).toBeVisible();
  await form.locator("summary", { hasText: "Lifecycle rules" }).click();
  await form.getByRole("radio", { name: "Common rules" }).check();
  await expect(plan.getByText("ecr:PutLifecyclePolicy").first()).toBeVisible();
  await expect(form.getByText("Expire untagged images pushed more than 14 days ago.").filter({ visible: true }).first()).toBeVisible();
  await accessible(page);

  // A reload keeps the draft.
  await page.reload();
  await hydrated(page);
  await expect(field).toHaveValue(name);
  await expect(plan.getByText("ecr:PutLifecyclePolicy").first()).toBeVisible();

  await form.getByRole("button", { name: "Review" }).click();
  await expect(page).toHaveURL(/step=review/);
  await expect(page.getByRole("heading", { level: 1, name: `Review: Create the repository ${name}` })).toBeVisible();
  // The graph says what waits for what, in words too, and each of its boxes leads to its step in the list.
  const graph = page.getByRole("group", { name: `Create the repository ${name}. Then: Let old images of ${name} expire by rules` });
  await expect(graph.getByRole("link")).toHaveCount(2);
  await expect(graph.getByRole("link", { name: "creates CreateRepository" })).toBeVisible();
  await expect(graph.locator("path").first()).toHaveAttribute("d", /^M\d+ \d+C[\d ]+$/);
  // On a phone there is room for it, too: it does not scroll sideways.
  const size = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(graph.locator("svg").first()).toBeHidden();
  expect(await graph.evaluate((drawn) => drawn.scrollWidth - drawn.clientWidth), "the graph scrolls sideways").toBeLessThanOrEqual(0);
  if (size) await page.setViewportSize(size);
  await graph.getByRole("link", { name: "PutLifecyclePolicy" }).click();
  await expect(page).toHaveURL(/#step-lifecycle$/);
  await expect(page.locator("#step-lifecycle")).toBeInViewport();
  await page.locator(".review-steps summary").first().click();
  await expect(page.locator(".review-steps details[open]")).toContainText(`"repositoryName": "${name}"`);
  await accessible(page);
  await page.getByRole("link", { name: "AWS CLI" }).click();
  await expect(page.getByText("aws ecr create-repository", { exact: false }).first()).toBeVisible();
  await expect(page.getByRole("link", { name: "Download plan.sh" })).toHaveAttribute("download", "plan.sh");

  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f]+/);
  // On its run the same boxes say how far each step is.
  await expect(graph.getByRole("link", { name: "done" })).toHaveCount(2);
  await expect(async () => {
    await page.goto(`/repositories?q=${encodeURIComponent(name)}`);
    await expect(page.locator("tbody a[href^='/repositories/']", { hasText: name })).toBeVisible({ timeout: 2000 });
  }).toPass();
});

test("what can become no name is said while it is typed, what is only unfinished once one leaves it or goes on", async ({ page: administrator, browser }) => {
  const somebody = await NewPerson.make(administrator, browser);
  const page = await somebody.browser();
  const field = page.getByLabel("Name", { exact: true });
  const wrong = page.locator("#name-wrong");
  const quiet = async () => {
    await expect(wrong).toHaveCount(0);
    await expect(field).not.toHaveAttribute("aria-invalid");
    await expect(field).toHaveAttribute("aria-describedby", "name-hint");
  };
  for (const { address, refused, says, on } of [
    { address: "/repositories/new?account=111122223333&region=eu-west-1", refused: "Web", says: "Capital letters are not allowed: write team/web.", on: ["Review"] },
    { address: "/public-repositories/new?account=111122223333", refused: "web app", says: "A blank is not allowed", on: ["Gallery page", "Review"] },
  ]) {
    await page.goto(address);
    await hydrated(page);
    // The address that follows from it shows that what was typed has been looked at.
    for (const begun of ["t", "team/"]) {
      await field.pressSequentially(begun.slice((await field.inputValue()).length));
      await expect(page.locator("code.uri").last()).toContainText(`/${begun}`);
      await quiet();
    }
    await field.pressSequentially(refused);
    await expect(wrong).toContainText(says);
    await expect(field).toBeFocused();
    await expect(field).toHaveAttribute("aria-invalid", "true");
    await expect(field).toHaveAttribute("aria-describedby", "name-hint name-wrong");
    await expect(page.locator("[aria-live=polite]").filter({ has: wrong })).toHaveCount(1);
    await accessible(page);
    await field.fill("team/");
    await quiet();
    await field.blur();
    await expect(wrong).toContainText("A / stands between two names");

    await page.getByRole("button", { name: "Start again" }).click();
    await quiet();
    for (const name of on) await page.locator(".wizard").getByRole("button", { name, exact: true }).click();
    await expect(wrong).toContainText("Give it a name");
    await expect(field).toBeFocused();
  }
  await somebody.leave();
});

test("a name that is taken is said before anything is sent", async ({ page: administrator, browser }) => {
  // Drafts belong to people: the other test's must not come between.
  const somebody = await NewPerson.make(administrator, browser);
  const page = await somebody.browser();
  await page.goto("/repositories");
  const first = page.locator("tbody a[href^='/repositories/']").first();
  const [, , account, region, ...id] = ((await first.getAttribute("href")) ?? "").split("?")[0].split("/");
  const taken = decodeURIComponent(id.join("/"));
  await page.goto(`/repositories/new?account=${account}&region=${region}`);
  await hydrated(page);
  const field = page.getByLabel("Name", { exact: true });
  await field.fill(taken);
  await field.blur();
  await expect(page.locator("#name-wrong")).toContainText(`A repository named ${taken} exists here already.`);
  await page.getByRole("button", { name: "Start again" }).click();
  await expect(field).toHaveValue("");
  await somebody.leave();
});

test("namespaces in use are offered, and where else a name is taken is said without calling it wrong", async ({ page: administrator, browser }) => {
  const somebody = await NewPerson.make(administrator, browser);
  const page = await somebody.browser();
  await page.goto("/repositories/new?account=111122223333&region=us-east-1");
  await hydrated(page);
  const field = page.getByLabel("Name", { exact: true });
  const offered = page.getByRole("group", { name: "Namespaces in use" }).getByRole("button");
  // The most used first, whichever those are by now.
  await expect(offered.first()).toBeVisible();
  const counts = (await offered.allTextContents()).map((text) => Number(/\d+$/.exec(text)?.[0]));
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  await field.fill("da");
  await offered.filter({ hasText: "data/" }).click();
  await expect(field).toHaveValue("data/");
  await field.fill("data/airflow");
  const note = page.getByRole("status").filter({ hasText: "This name is also in" });
  await expect(note).toContainText(/eu-west-1: \d+ images/);
  await field.blur();
  await expect(page.getByRole("complementary", { name: "The plan so far" }).getByText("Create the repository data/airflow")).toBeVisible();
  await expect(page.locator("#name-wrong")).toHaveCount(0);
  await accessible(page);
  await field.fill("data/airflow-of-nobody");
  await expect(note).toHaveCount(0);
  await somebody.leave();
});

test("a key is created with the repository that it encrypts, and goes with it", async ({ page: administrator, browser }) => {
  const somebody = await NewPerson.make(administrator, browser);
  const page = await somebody.browser();
  const name = `e2e/locked-${Date.now().toString(36)}`;
  const alias = `alias/${name}`;
  const target = () => {
    const { Aliases } = aws("kms", "list_aliases", {}) as { Aliases: { AliasName: string; TargetKeyId?: string }[] };
    return Aliases.find((one) => one.AliasName === alias)?.TargetKeyId;
  };
  await page.goto("/repositories/new?account=111122223333&region=eu-west-1");
  await hydrated(page);
  const plan = page.getByRole("complementary", { name: "The plan so far" });
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.locator("summary", { hasText: "Encryption" }).click();
  await page.getByRole("radio", { name: "AWS KMS key" }).check();
  const create = page.getByRole("button", { name: "Create a new key" });
  await create.click();
  await expect(create).toHaveAttribute("aria-pressed", "true");
  await expect(plan.getByText(`Call the key ${alias}`)).toBeVisible();
  await expect(plan.getByText("kms:CreateKey").first()).toBeVisible();
  // AWS keeps some aliases for itself.
  const called = page.getByLabel("Name of the new key");
  await called.fill("aws/e2e");
  await called.blur();
  await expect(page.getByText("alias/aws/e2e is reserved", { exact: false }).first()).toBeVisible();
  await called.fill("");
  await accessible(page);

  await page.getByRole("button", { name: "Review" }).click();
  await expect(page.getByRole("heading", { level: 1, name: `Review: Create the repository ${name}` })).toBeVisible();
  await expect(page.getByText("AWS keeps it for 7 to 30 days", { exact: false }).first()).toBeVisible();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f]+/);
  const state = page.locator(".detail-head").getByRole("status");
  await expect(state).toContainText("Applied");
  const key = target();
  expect(key).toBeTruthy();
  const described = () => (aws("kms", "describe_key", { KeyId: key }) as { KeyMetadata: { Arn: string; KeyState: string } }).KeyMetadata;
  const { repositories } = aws("ecr", "describe_repositories", { repositoryNames: [name] }) as {
    repositories: { encryptionConfiguration: { encryptionType: string; kmsKey: string } }[];
  };
  expect(repositories[0].encryptionConfiguration).toEqual({ encryptionType: "KMS", kmsKey: described().Arn });

  await press(page, "Undo");
  await expect(state).toContainText("Undone");
  expect(target()).toBeUndefined();
  expect(described().KeyState).toBe("PendingDeletion");
  await somebody.leave();
});
