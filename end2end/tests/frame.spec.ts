// What is around every page: the colour scheme, the sign that this is the sandbox, and a session that ends by age.
import { run } from "../fixtures/database";
import { NewPerson } from "../fixtures/person";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { password, world } from "../fixtures/world";

test("the colour scheme is chosen, kept, and left to the system again", async ({ page }) => {
  const root = page.locator("html");
  const colour = () => root.evaluate((html) => getComputedStyle(html).backgroundColor);
  const choose = async (name: string) => {
    await page.locator("summary[aria-label='Colour scheme']").click();
    await page.getByRole("banner").getByRole("button", { name, exact: true }).click();
  };
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/functions");
  await hydrated(page);
  const light = await colour();
  await choose("Dark");
  await expect.poll(colour).not.toBe(light);
  const dark = await colour();
  await expect(root).toHaveAttribute("data-theme", "dark");
  // On every page from now on, before it is painted.
  await page.goto("/services");
  expect(await colour()).toBe(dark);
  await hydrated(page);
  await accessible(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await choose("Light");
  await expect.poll(colour).toBe(light);
  await choose("As the system");
  await expect.poll(colour).toBe(dark);
  await page.reload();
  expect(await colour()).toBe(dark);
  await expect(root).not.toHaveAttribute("data-theme");
});

test("that this is the sandbox is said once on every page and at every width", async ({ page }) => {
  for (const path of ["/", "/functions", "/functions/111122223333/eu-west-1/orders-worker", "/settings/connections", "/no-such-page"]) {
    await page.goto(path);
    for (const [width, height] of [[390, 844], [768, 1024], [1440, 900]]) {
      await page.setViewportSize({ width, height });
      const [place, other] = width < 1080 ? [".bar", ".rail"] : [".rail", ".bar"];
      await expect(page.locator(`${place} .sandbox`), `${path} at ${width}`).toBeVisible();
      await expect(page.locator(`${other} .sandbox`), `${path} at ${width}`).toBeHidden();
      if (path === "/functions") await accessible(page);
    }
  }
});

for (const [what, column, hours] of [["is twelve hours old", "since", 12], ["rested for half an hour", "used", 0.5]] as const) {
  test(`a session that ${what} ends in the open page, which comes back after signing in`, async ({ page, browser }) => {
    const person = await NewPerson.make(page, browser, "viewer");
    const here = await person.browser();
    await here.goto("/functions?q=orders");
    await hydrated(here);
    await expect(here.getByRole("status").filter({ hasText: "Live" })).toBeVisible();
    const whose = `person = (select id from people where name = '${person.name}')`;
    const aged = `update sessions set ${column} = ${column} - ${hours * 3_600_000 + 1_000} where ${whose}`;
    const dialog = here.getByRole("dialog", { name: "Signed out" });
    // A question that is under way may note the use once more.
    await expect(async () => {
      await run(world().database, aged);
      await expect(dialog).toBeVisible({ timeout: 5000 });
    }).toPass();
    await expect(dialog.getByRole("link", { name: "Sign in" })).toBeFocused();
    await accessible(here);
    // What was read stays; nothing more is given.
    await expect(here.getByRole("link", { name: "orders-worker" }).first()).toBeVisible();
    expect((await here.request.get("/api/v1/resources?kind=lambda.function")).status()).toBe(401);
    await dialog.getByRole("link", { name: "Sign in" }).click();
    await here.getByLabel("Name").fill(person.name);
    await here.getByLabel("Password", { exact: true }).fill(password);
    await here.getByRole("button", { name: "Sign in" }).click();
    await expect(here).toHaveURL(/\/functions\?q=orders$/);
    await expect(here.getByRole("link", { name: "orders-worker" }).first()).toBeVisible();
    await person.leave();
  });
}
