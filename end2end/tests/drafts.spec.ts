// What is kept of a wizard, and what is made of it again: a draft goes on in another browser, a run's answers fill the form once more.
import { NewPerson } from "../fixtures/person";
import { accessible, expect, hydrated, test as base } from "../fixtures/test";

const test = base.extend<{ somebody: NewPerson }>({
  somebody: async ({ page, browser }, use) => {
    const somebody = await NewPerson.make(page, browser);
    await use(somebody);
    await somebody.leave();
  },
});
const wizard = "/repositories/new?account=111122223333&region=eu-west-1";

test("a draft goes on in another browser of the same person, and is gone once it is started again", async ({ somebody }) => {
  const [one, two] = [await somebody.browser(), await somebody.browser()];
  await one.goto(wizard);
  await hydrated(one);
  await one.getByLabel("Name", { exact: true }).fill("drafts/begun-here");
  await expect(one.getByText("It is in your account")).toBeVisible();

  await two.goto(wizard);
  await hydrated(two);
  const field = two.getByLabel("Name", { exact: true });
  await expect(field).toHaveValue("drafts/begun-here");
  await field.fill("drafts/gone-on-there");
  await expect(two.getByText("It is in your account")).toBeVisible();

  await one.reload();
  await hydrated(one);
  await expect(one.getByLabel("Name", { exact: true })).toHaveValue("drafts/gone-on-there");
  const forgotten = one.waitForResponse((answer) => answer.url().includes("/api/fn/forget_draft"));
  await one.getByRole("button", { name: "Start again" }).click();
  await forgotten;
  await two.reload();
  await hydrated(two);
  await expect(two.getByText("Your draft is kept.")).toHaveCount(0);
  await expect(field).toHaveValue("");
});

test("what is typed while the server is away is not lost, and reaches it later", async ({ somebody }) => {
  const page = await somebody.browser();
  await page.goto(wizard);
  await hydrated(page);
  await page.route("**/api/fn/keep_draft", (route) => route.abort());
  await page.getByLabel("Name", { exact: true }).fill("drafts/typed-offline");
  await expect(page.getByText("It is only in this browser")).toBeVisible();
  await page.unroute("**/api/fn/keep_draft");
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("drafts/typed-offline");
  await expect(page.getByText("It is in your account")).toBeVisible();
});

test("the answers of a run fill the wizard again, here and for elsewhere", async ({ somebody }) => {
  const page = await somebody.browser();
  const name = `again/${Date.now().toString(36)}`;
  await page.goto(wizard);
  await hydrated(page);
  const field = page.getByLabel("Name", { exact: true });
  await field.fill(name);
  await page.locator("summary", { hasText: "Lifecycle rules" }).click();
  await page.getByRole("radio", { name: "Common rules" }).check();
  await page.getByRole("button", { name: "Review" }).click();
  await expect(page.getByRole("heading", { level: 1, name: `Review: Create the repository ${name}` })).toBeVisible();
  // What other tools get of it, and what IAM says to it.
  await expect(page.getByText("Each permission")).toBeVisible();
  await page.getByRole("link", { name: "CloudFormation" }).click();
  await expect(page.getByText("AWS::ECR::Repository").first()).toBeVisible();
  await expect(page.getByRole("link", { name: "Download template.json" })).toHaveAttribute("download", "template.json");
  await page.getByRole("link", { name: "Terraform" }).click();
  await expect(page.getByText("aws_ecr_repository").first()).toBeVisible();
  await expect(page.getByRole("link", { name: "Download main.tf" })).toHaveAttribute("download", "main.tf");
  await accessible(page);
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Applied" })).toBeVisible();
  const run = page.url();

  await page.getByRole("link", { name: "Use these answers again" }).click();
  await expect(page.getByText(`Filled in as in the run “Create the repository ${name}”`)).toBeVisible();
  await expect(field).toHaveValue(name);
  await expect(page).not.toHaveURL(/from=/);
  // The run has made the repository, so there is no plan for its name; the other answers are there.
  await expect(page.getByText(`A repository named ${name} exists here already.`)).toBeVisible();
  await field.fill(`${name}-2`);
  await expect(page.getByText("ecr:PutLifecyclePolicy").first()).toBeVisible();

  await page.goto(run);
  await hydrated(page);
  await page.getByRole("link", { name: "Make this elsewhere" }).click();
  // The draft that was begun meanwhile is not lost unasked.
  await expect(page.getByText("You have a draft here")).toBeVisible();
  await expect(field).toHaveValue(`${name}-2`);
  await accessible(page);
  await page.getByRole("button", { name: "Keep my draft" }).click();
  await expect(page.getByText("You have a draft here")).toHaveCount(0);
  await expect(field).toHaveValue(`${name}-2`);
  await page.goto(run);
  await hydrated(page);
  await page.getByRole("link", { name: "Make this elsewhere" }).click();
  await page.getByRole("button", { name: "Use the run's answers" }).click();
  await expect(page.getByText("Choose the account and the region first")).toBeVisible();
  await expect(page.getByLabel("Account", { exact: true })).toBeFocused();
  await page.getByLabel("Region", { exact: true }).selectOption("us-east-1");
  await expect(page.getByText("nothing is done yet")).toBeVisible();
  await expect(field).toHaveValue(name);

  // What an address asks for in vain is said, and the form stays usable.
  const ids = [run.split("/").at(-1)?.split("?")[0] ?? "", "nothing", "%00", "x".repeat(3000)];
  const says = ["was planned from another form", "There is no run with this id.", "the character NUL", "There is no run with this id."];
  for (const [n, id] of ids.entries()) {
    await page.goto(`/public-repositories/new?from=${id}&elsewhere=1&step=%F0%9F%92%A5&account=nobody&region=%00`);
    await hydrated(page);
    await expect(page.getByRole("alert").filter({ hasText: says[n] })).toBeVisible();
    await expect(page.getByText("Filled in as in the run")).toHaveCount(0);
    await expect(page).not.toHaveURL(/from=/);
    await field.fill("Again");
    await expect(page.locator("#name-wrong")).toContainText("write again.");
    await field.fill("");
  }
});

test("the audit trail says who did what, by choice, and leaves as a file", async ({ page }) => {
  await page.goto("/runs");
  await hydrated(page);
  await page.getByRole("navigation", { name: "Tabs" }).getByRole("link", { name: "Audit trail" }).click();
  await expect(page).toHaveURL(/tab=audit/);
  await page.getByLabel("What", { exact: true }).fill("session.");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page).toHaveURL(/action=session/);
  // In words; the code is there to see for whoever wants to choose by it.
  await expect(page.locator("table.audit tbody tr").first().locator("[title^='session.']")).toHaveText(/Signed in|Ended a session|Gave the password again|Wrong password/);
  // Nobody's sign-in is a call to AWS, and the choice is in the address.
  const result = page.locator("select[name=result]");
  await hydrated(page);
  await result.selectOption("made");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page).toHaveURL(/result=made/);
  await expect(page.getByText("Nothing in this choice", { exact: true })).toBeVisible();
  await hydrated(page);
  await result.selectOption("done");
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await expect(page).toHaveURL(/result=done/);
  await expect(page.locator("table.audit tbody tr").first()).toBeVisible();
  await accessible(page);
  const downloaded = page.waitForEvent("download");
  await page.getByRole("link", { name: "CSV" }).click();
  expect((await downloaded).suggestedFilename()).toBe("audit.csv");
});
