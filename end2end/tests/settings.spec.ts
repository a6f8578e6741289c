// Passwords, sessions, people and tokens: what was done is said, and what ends somebody's access is said before.
import { NewPerson } from "../fixtures/person";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { password } from "../fixtures/world";

const some = () => `e2e-${Math.random().toString(36).slice(2, 10)}`;

test("a password is changed by its owner and set anew by an administrator; sessions end", async ({ page, browser }) => {
  const person = await NewPerson.make(page, browser, "viewer");
  const [here, elsewhere] = [await person.browser(), await person.browser()];
  await here.goto("/settings/you");
  await hydrated(here);
  await here.getByLabel("Current password").fill("not the password at all");
  await here.getByLabel("New password").fill("gravel pillow atlas");
  await here.getByRole("button", { name: "Change password" }).click();
  await expect(here.getByText("That is not your current password.")).toBeVisible();
  await here.getByLabel("Current password").fill(password);
  await here.getByRole("button", { name: "Change password" }).click();
  await expect(here.getByText("Your password is changed.")).toBeVisible();
  await expect(here.getByLabel("Current password")).toHaveValue("");
  await accessible(here);
  await expect(elsewhere.getByRole("dialog", { name: /signed out/i })).toBeVisible();

  await page.goto("/settings/people");
  await hydrated(page);
  await page.getByRole("button", { name: `Set a new password for ${person.name}` }).click();
  const dialog = page.getByRole("dialog", { name: "Set a new password" });
  await expect(dialog.getByText("Their sessions end at once")).toBeVisible();
  await dialog.getByLabel("New password").fill("copper violin meadow");
  await accessible(page);
  await dialog.getByRole("button", { name: "Set password" }).click();
  await expect(page.getByText(`The new password of ${person.name} is set.`)).toBeVisible();
  await expect(dialog).toBeHidden();
  await expect(here.getByRole("dialog", { name: /signed out/i })).toBeVisible();
  await person.leave();
});

test("one's own sessions are listed, and ending one signs that browser out", async ({ page, browser }) => {
  const person = await NewPerson.make(page, browser, "viewer");
  const [here, elsewhere] = [await person.browser(), await person.browser()];
  await hydrated(elsewhere);
  await here.goto("/settings/you");
  await hydrated(here);
  const sessions = here.locator("section.card", { has: here.getByRole("heading", { name: "Sessions" }) });
  const rows = sessions.locator("tbody tr");
  const own = rows.filter({ hasText: "this one" });
  await expect(rows).toHaveCount(2);
  await expect(own).toHaveCount(1);
  await expect(own).toContainText("by signing out");
  await accessible(here);
  await sessions.getByRole("button", { name: /^End the session of / }).click();
  await expect(rows).toHaveCount(1);
  await expect(own).toHaveCount(1);
  await expect(elsewhere.getByRole("dialog", { name: /signed out/i })).toBeVisible();
  await elsewhere.goto("/functions");
  await expect(elsewhere).toHaveURL(/\/sign-in\?next=/);
  await here.reload();
  await expect(here.getByRole("heading", { level: 1 })).toHaveText("Settings");
  await person.leave();
});

test("adding a person says so and empties the form; a role is saved once another is chosen", async ({ page }) => {
  await page.goto("/settings/people");
  await hydrated(page);
  const [name, form] = [some(), page.locator("form", { hasText: "Add person" })];
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Password").fill(password);
  await form.getByRole("button", { name: "Add person" }).click();
  await expect(form.getByText(`${name} can sign in now`)).toBeVisible();
  await expect(form.getByLabel("Name")).toHaveValue("");
  await expect(form.getByLabel("Password")).toHaveValue("");
  const row = page.getByRole("row", { name: new RegExp(name) });
  await expect(row.getByRole("button", { name: "Save" })).toBeDisabled();
  await row.getByLabel(`Role of ${name}`).selectOption("operator");
  await row.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText(`The role of ${name} is operator now.`)).toBeVisible();
  // The table is read anew.
  await expect(row.getByRole("button", { name: "Save" })).toBeDisabled();
  await row.locator("summary").click();
  await row.locator(".panel button").click();
  await expect(page.getByText(`Removed ${name}`)).toBeVisible();
  await expect(row).toHaveCount(0);
});

test("a token is revoked after a question", async ({ page }) => {
  await page.goto("/settings/tokens");
  await hydrated(page);
  const name = some();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Create token" }).click();
  await expect(page.getByText("Copy the token now")).toBeVisible();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("");
  const row = page.getByRole("row", { name: new RegExp(name) });
  await row.getByLabel(`Revoke the token ${name}`).click();
  await expect(row.getByText("refused at once")).toBeVisible();
  await row.getByRole("button", { name: `Revoke ${name}` }).click();
  await expect(row).toHaveCount(0);
});
