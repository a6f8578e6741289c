// Services, tasks and task definitions: from a function's image to the service that runs it, a stopped task's reason, two revisions compared.
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";

test("from a function's image to the service that also runs it", async ({ page }) => {
  await page.goto("/functions/111122223333/eu-west-1/invoice-render");
  await page.getByRole("complementary", { name: "Connected" }).getByRole("link", { name: /invoice/ }).first().click();
  await expect(page).toHaveURL(/\/images\//);
  await page.getByRole("complementary", { name: "Connected" }).getByRole("link", { name: /invoice/ }).filter({ hasText: /service/i }).first().click();
  await expect(page).toHaveURL(/\/services\//);
});

test("a stopped task says why it stopped", async ({ page }) => {
  await page.goto("/tasks?state=STOPPED");
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByText(/CannotPullContainerError|OutOfMemory|Essential container|exit code|Scaling activity/i).first()).toBeVisible();
  await accessible(page);
});

test("two revisions of a task definition are compared without noise", async ({ page }) => {
  const { taskDefinitionArns: revisions } = aws("ecs", "list_task_definitions", { familyPrefix: "orders-api", sort: "DESC" }) as { taskDefinitionArns: string[] };
  expect(revisions.length).toBeGreaterThan(1);
  const [right, left] = revisions.map((arn) => `ecs.task-definition/111122223333/eu-west-1/${arn.split("/")[1]}`);
  await page.goto(`/compare?left=${encodeURIComponent(left)}&right=${encodeURIComponent(right)}`);
  await expect(page.getByText(/containerDefinitions\[/).first()).toBeVisible();
  for (const noise of ["registeredAt", "taskDefinitionArn"]) await expect(page.getByText(noise)).toHaveCount(0);
});

test("a service that cannot reach its desired count needs a person", async ({ page }) => {
  await page.goto("/services?attention=1");
  await hydrated(page);
  await page.getByRole("row").nth(1).getByRole("link").first().click();
  await expect(page.getByText(/unable|failed|stopped/i).first()).toBeVisible();
});
