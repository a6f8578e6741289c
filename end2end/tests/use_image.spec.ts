// The next step from an image: into the next revision of a task definition and the services that run it, and into a function; and back.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";
import { press } from "../fixtures/own";
import type { Page } from "@playwright/test";

type Definition = { taskDefinitionArn: string; status: string; containerDefinitions: { name: string; image: string; environment: object[] }[] };

const definition = (id: string) => (aws("ecs", "describe_task_definition", { taskDefinition: id }) as { taskDefinition: Definition }).taskDefinition;
const running = (service: string) =>
  (aws("ecs", "describe_services", { cluster: "northwind-shop", services: [service] }) as { services: { taskDefinition: string }[] }).services[0].taskDefinition;

/** Opens the newest release of a repository that does not carry the tag `live`; answers its digest. */
async function another(page: Page, repository: string): Promise<string> {
  await page.goto(`/repositories/111122223333/eu-west-1/${repository}`);
  await hydrated(page);
  const rows = page.locator("[data-kind='ecr.image'] tbody tr", { has: page.locator("a[href^='/images/']") });
  await rows.filter({ hasText: /\d+\.\d+\.\d+/ }).filter({ hasNotText: "live" }).first().locator("a[href^='/images/']").first().click();
  await expect(page).toHaveURL(/\/images\//);
  await hydrated(page);
  return /sha256:[0-9a-f]{64}/.exec(decodeURIComponent(page.url()))![0];
}

/** Applies what the dialog shows and opens the run. */
async function applied(page: Page) {
  const dialog = page.getByRole("dialog", { name: "Confirm" });
  await dialog.getByRole("button", { name: "Apply" }).click();
  await expect(dialog.getByText("Applied", { exact: true })).toBeVisible();
  await dialog.getByRole("link", { name: "Open the run" }).click();
  await expect(page).toHaveURL(/\/runs\//);
  await hydrated(page);
}

async function undone(page: Page) {
  await press(page, "Undo");
  await expect(page.locator("h1 .badge, .head .badge").filter({ hasText: "Undone" })).toBeVisible();
}

test("an image goes into the next revision of a task definition and its service, and back", async ({ page }) => {
  const before = definition("notifications");
  const ran = running("notifications");
  const digest = await another(page, "northwind/notifications");
  await page.getByRole("button", { name: "In a task definition" }).click();
  // The families that have the repository's images come first.
  const offers = page.getByRole("group", { name: "Task definitions to choose from" });
  await expect(offers.getByRole("button").first()).toContainText(/^notifications:\d+/);
  await accessible(page);
  await offers.getByRole("button").first().click();
  const containers = page.getByRole("group", { name: "Containers that get the image" });
  await expect(containers.getByRole("checkbox", { name: /^notifications/ })).toBeChecked();
  await page.getByRole("group", { name: "Services that are to run it" }).getByRole("checkbox", { name: /northwind-shop\/notifications/ }).check();
  await accessible(page);
  await page.getByRole("button", { name: "Review the change" }).click();
  const dialog = page.getByRole("dialog", { name: "Confirm" });
  await expect(dialog.locator(".says", { hasText: "Register the next revision of notifications" })).toBeVisible();
  await expect(dialog.locator(".says", { hasText: "Have notifications in northwind-shop run the new revision" })).toBeVisible();
  // Values of environment variables are in no plan.
  await expect(dialog).not.toContainText("environment");
  await accessible(page);
  await applied(page);

  const now = definition("notifications");
  expect(now.taskDefinitionArn).not.toBe(before.taskDefinitionArn);
  expect(now.containerDefinitions[0].image).toBe(`111122223333.dkr.ecr.eu-west-1.amazonaws.com/northwind/notifications@${digest}`);
  expect(now.containerDefinitions[0].environment).toEqual(before.containerDefinitions[0].environment);
  expect(running("notifications")).toBe(now.taskDefinitionArn);
  await expect(page.getByRole("link", { name: "Open the service notifications in northwind-shop" })).toBeVisible();
  await accessible(page);

  await undone(page);
  expect(running("notifications")).toBe(ran);
  expect(definition(now.taskDefinitionArn).status).toBe("INACTIVE");
});

test("an image goes into a function that is made from one, and back; what Lambda would refuse is said before", async ({ page }) => {
  const image = () => (aws("lambda", "get_function", { FunctionName: "invoice-render" }) as { Code: { ImageUri: string } }).Code.ImageUri;
  const before = image();
  const digest = await another(page, "northwind/invoice");
  await page.getByRole("button", { name: "In a function" }).click();
  await page.getByLabel("Function", { exact: true }).fill("orders-api");
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(page.getByText(/orders-api is made from a \.zip archive|There is no function orders-api/)).toBeVisible();
  await page.getByLabel("Function", { exact: true }).fill("invoice");
  await page.getByRole("group", { name: "Functions to choose from" }).getByRole("button", { name: /^invoice-render/ }).click();
  await accessible(page);
  await page.getByRole("button", { name: "Review the change" }).click();
  await expect(page.getByRole("dialog", { name: "Confirm" }).getByText("$LATEST", { exact: false })).toBeVisible();
  await applied(page);
  expect(image()).toContain(digest);
  await expect(page.getByRole("link", { name: "Open the function invoice-render" })).toBeVisible();
  await undone(page);
  expect(image()).toBe(before);
});
