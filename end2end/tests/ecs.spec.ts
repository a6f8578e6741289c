// Services, tasks and task definitions: from a function's image to the service that runs it, a stopped task's reason, two revisions compared,
// how a service was deployed.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";

test("from a mistyped name to the function, what triggers it, its log, and the service that runs its image, too", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("invoce-render");
  const search = page.getByRole("dialog", { name: "Find anything" });
  await expect(search.locator(".hits")).toHaveAttribute("data-for", "invoce-render");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/functions\/111122223333\/eu-west-1\/invoice-render/);
  // Orders come each minute, and each makes an invoice: the code runs that is in the image.
  await expect(page.getByRole("main").getByRole("link", { name: /invoices/ }).first()).toBeVisible();
  await expect(page.getByRole("log")).toContainText(/invoice for order NW-\d+: 4 lines/, { timeout: 150_000 });
  // Another journey gives the function another image for a while.
  await expect(async () => {
    await page.goto("/functions/111122223333/eu-west-1/invoice-render");
    await page.getByRole("complementary", { name: "Connected" }).locator("a[href^='/images/']").first().click({ timeout: 20_000 });
    await expect(page).toHaveURL(/\/images\//);
    await page.getByRole("complementary", { name: "Connected" }).locator("a[href^='/services/']").first().click({ timeout: 20_000 });
    await expect(page).toHaveURL(/\/services\//);
  }).toPass();
});

test("a stopped task says why it stopped", async ({ page }) => {
  await page.goto("/tasks?state=STOPPED");
  await expect(page.locator("tbody .badge").first()).toHaveText("Stopped");
  // Not one that a person stopped, whose reason is theirs.
  const why = /CannotPullContainerError|OutOfMemory|Essential container|exit code|Scaling activity/i;
  await page.locator("tbody tr", { hasText: why }).first().locator("a[href^='/tasks/']").first().click();
  await expect(page).toHaveURL(/\/tasks\/\d{12}\//);
  await expect(page.getByRole("main").getByText(why).locator("visible=true").first()).toBeVisible();
  // Where one is says names, not ids.
  const name = await page.getByRole("heading", { level: 1 }).innerText();
  await expect(page.getByRole("navigation", { name: "Where you are" })).toContainText(name);
  await accessible(page);
});

test("tasks stand newest started first, and revisions newest registered first", async ({ page }) => {
  await page.goto("/tasks");
  await hydrated(page);
  await expect(page.locator("th[data-col=started]")).toHaveAttribute("aria-sort", "descending");
  await page.goto("/task-definitions?account=111122223333&region=eu-west-1&family=catalog");
  await hydrated(page);
  await expect(page.locator("th[data-col=registered]")).toHaveAttribute("aria-sort", "descending");
  const names = page.locator("tbody td.name a");
  await expect(names.nth(1)).toBeVisible();
  const numbers = (await names.allInnerTexts()).map((name) => Number(name.split(":")[1]));
  expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
  await accessible(page);
});

test("two revisions of a task definition are compared without noise", async ({ page }) => {
  const { taskDefinitionArns: revisions } = aws("ecs", "list_task_definitions", { familyPrefix: "catalog", sort: "DESC" }) as { taskDefinitionArns: string[] };
  expect(revisions.length).toBeGreaterThan(1);
  const [right, left] = revisions.map((arn) => `ecs.task-definition/111122223333/eu-west-1/${arn.split("/")[1]}`);
  await page.goto(`/compare?left=${encodeURIComponent(left)}&right=${encodeURIComponent(right)}`);
  await expect(page.getByRole("main").getByText(/containerDefinitions/).locator("visible=true").first()).toBeVisible();
  for (const noise of ["registeredAt", "taskDefinitionArn"]) await expect(page.getByText(noise, { exact: true })).toHaveCount(0);
});

test("a service that cannot reach its desired count needs a person", async ({ page }) => {
  // ECS says so after several tasks that failed: a fleet that has just begun has to get there.
  await page.goto("/");
  await hydrated(page);
  const deployed = page.locator("section.card", { has: page.getByRole("heading", { name: "Deployments" }) }).getByRole("link", { name: /recommendations/ });
  await deployed.first().click();
  await expect(page).toHaveURL(/\/services\/\d{12}\/.*tab=deployments/);
  await page.goto("/services?attention=1&q=recommendations");
  await hydrated(page);
  await page.locator("tbody a[href^='/services/']").first().click();
  await expect(page).toHaveURL(/\/services\/\d{12}\//);
  await expect(page.getByRole("main").getByText(/is unable to consistently start tasks/).first()).toBeVisible({ timeout: 150_000 });
});

test("a service's page tells its past deployments, from which revision to which", async ({ page }) => {
  // Nobody else's journey deploys it.
  const [account, region] = ["444455556666", "us-east-1"];
  const service = { cluster: "northwind-shop", service: "web" };
  const call = (operation: string, input: object) => aws("ecs", operation, input, account, region);
  const { services } = call("describe_services", { cluster: service.cluster, services: [service.service] }) as { services: { taskDefinition: string }[] };
  const ran = services[0].taskDefinition;
  const { taskDefinitionArns } = call("list_task_definitions", { familyPrefix: "web", sort: "DESC" }) as { taskDefinitionArns: string[] };
  const other = taskDefinitionArns.filter((arn) => arn !== ran)[0];
  const name = (arn: string) => arn.split("/")[1];
  await page.goto(`/services/${account}/${region}/${service.cluster}/${service.service}`);
  await hydrated(page);
  // Its revision says which digests it starts from.
  const images = page.getByRole("complementary", { name: "Connected" }).locator("a[href^='/images/']");
  await expect(images.first()).toBeVisible();
  await page.getByRole("link", { name: "Deployments", exact: true }).click();
  await expect(page).toHaveURL(/tab=deployments/);
  const rows = page.locator("table", { has: page.getByRole("columnheader", { name: "Took" }) }).locator("tbody tr");
  await expect(rows.first()).toContainText(name(ran));
  await accessible(page);

  call("update_service", { ...service, taskDefinition: other });
  try {
    // Nobody asks for it: the tab reads again once the service's own document, collected every 15 s or so, tells of another deployment.
    await expect(rows.first()).toContainText(`${name(other)} from ${name(ran)}`);
    await expect(rows.first().locator(".badge")).toHaveText("Successful");
    await accessible(page);
    await rows.first().getByRole("link", { name: name(other), exact: true }).click();
    await expect(page).toHaveURL(/\/task-definitions\/444455556666\/us-east-1\/web/);
  } finally {
    call("update_service", { ...service, taskDefinition: ran });
  }
});
