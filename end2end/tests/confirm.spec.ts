// What is dangerous wants the password again once it was last given a quarter of an hour ago: asked in place, and then it goes on with
// what was typed.
import { run } from "../fixtures/database";
import { account, dialog, region } from "../fixtures/ecr";
import { NewPerson } from "../fixtures/person";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws, password, world } from "../fixtures/world";

/** As if a quarter of an hour had passed since this person, who is in one browser, last gave their password. */
async function age(person: NewPerson) {
  const quarter = 15 * 60_000;
  const whose = `person = (select id from people where name = '${person.name}')`;
  const aged = `update sessions set since = since - ${quarter}, confirmed = confirmed - ${quarter} where ${whose}`;
  expect(await run(world().database, aged)).toBe("UPDATE 1");
}

const some = () => `e2e-${Math.random().toString(36).slice(2, 10)}`;

test("a deletion is asked to be confirmed, and is made", async ({ page, browser }) => {
  const person = await NewPerson.make(page, browser);
  const here = await person.browser();
  const prefix = some();
  const rules = () => {
    const all = aws("ecr", "describe_pull_through_cache_rules", {}, account, region) as { pullThroughCacheRules: { ecrRepositoryPrefix: string }[] };
    return all.pullThroughCacheRules.map((rule) => rule.ecrRepositoryPrefix);
  };
  aws("ecr", "create_pull_through_cache_rule", { ecrRepositoryPrefix: prefix, upstreamRegistryUrl: "registry.k8s.io" }, account, region);
  await here.goto(`/registries/${account}/${region}/${account}?tab=cache`);
  await hydrated(here);
  await here.getByRole("row", { name: new RegExp(prefix) }).getByRole("button", { name: "Delete" }).click();
  await dialog(here).locator("#act-typed").fill(prefix);
  await age(person);
  await dialog(here).getByRole("button", { name: "Apply" }).click();
  const field = dialog(here).getByLabel("Your password");
  await expect(field).toBeFocused();
  await accessible(here);
  expect(rules()).toContain(prefix);
  await field.fill("not the password at all");
  await field.press("Enter");
  await expect(dialog(here).getByText("That is not your password.")).toBeVisible();
  await here.setViewportSize({ width: 390, height: 844 });
  await accessible(here);
  await field.fill(password);
  await dialog(here).getByRole("button", { name: "Confirm", exact: true }).click();
  await expect(dialog(here).getByText("Applied")).toBeVisible();
  expect(rules()).not.toContain(prefix);
  await person.leave();
});

test("people and tokens are asked to be confirmed, and nothing that was typed is lost", async ({ page, browser }) => {
  const person = await NewPerson.make(page, browser, "administrator");
  const here = await person.browser();
  const ask = here.locator("form.confirm");
  const confirm = async () => {
    await expect(ask.getByLabel("Your password")).toBeFocused();
    await ask.getByLabel("Your password").fill(password);
    await ask.getByRole("button", { name: "Confirm" }).click();
  };
  await here.goto("/settings/people");
  await hydrated(here);
  await age(person);
  const [name, form] = [some(), here.locator("form", { hasText: "Add person" })];
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Password").fill(password);
  await form.getByRole("button", { name: "Add person" }).click();
  await expect(ask).toBeVisible();
  await expect(form.getByLabel("Name")).toHaveValue(name);
  await accessible(here);
  await confirm();
  await expect(form.getByText(`${name} can sign in now`)).toBeVisible();
  await expect(ask).toHaveCount(0);

  // Lately confirmed, it is not asked again.
  const row = here.getByRole("row", { name: new RegExp(name) });
  await row.getByLabel(`Role of ${name}`).selectOption("operator");
  await row.getByRole("button", { name: "Save" }).click();
  await expect(here.getByText(`The role of ${name} is operator now.`)).toBeVisible();
  // The table is read anew.
  await expect(row.getByRole("button", { name: "Save" })).toBeDisabled();

  // Away from the row it says whom it concerns.
  await age(person);
  await row.getByLabel(`Role of ${name}`).selectOption("viewer");
  await row.getByRole("button", { name: "Save" }).click();
  await expect(ask).toContainText(`the role of ${name} becomes viewer`);
  await confirm();
  await expect(here.getByText(`The role of ${name} is viewer now.`)).toBeVisible();
  await expect(row.getByRole("button", { name: "Save" })).toBeDisabled();

  await age(person);
  await here.getByRole("button", { name: `Set a new password for ${name}` }).click();
  const box = here.getByRole("dialog", { name: "Set a new password" });
  await box.getByLabel("New password").fill("copper violin meadow");
  await box.getByRole("button", { name: "Set password" }).click();
  await confirm();
  await expect(here.getByText(`The new password of ${name} is set.`)).toBeVisible();
  await expect(box).toBeHidden();

  await age(person);
  await row.locator("summary").click();
  await row.locator(".panel button").click();
  await expect(ask).toContainText(`${name} is removed`);
  await confirm();
  await expect(here.getByText(`Removed ${name}`)).toBeVisible();
  await expect(row).toHaveCount(0);

  await age(person);
  await here.goto("/settings/tokens");
  await hydrated(here);
  await here.getByLabel("Name", { exact: true }).fill(name);
  await here.getByRole("button", { name: "Create token" }).click();
  await confirm();
  await expect(here.getByText("Copy the token now")).toBeVisible();
  await expect(here.getByLabel("Name", { exact: true })).toHaveValue("");
  await person.leave();
});
