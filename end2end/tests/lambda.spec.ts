// Functions: find one by a mistyped name, see what calls it and its log, watch a row change by itself.
import type { Locator, Page } from "@playwright/test";
import { accessible, expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";

test("a function is found by a mistyped name with the keyboard alone", async ({ page }) => {
  await page.goto("/");
  await hydrated(page);
  await page.keyboard.press("Control+k");
  await page.keyboard.type("thumbnialer");
  await expect(page.getByRole("option", { name: /thumbnailer/ }).first()).toBeVisible();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText("thumbnailer");
  await accessible(page);
});

test("what triggers a function and what it runs as are links", async ({ page }) => {
  await page.goto("/functions/111122223333/eu-west-1/orders-worker");
  const connected = page.getByRole("complementary", { name: "Connected" });
  await expect(connected.getByRole("link", { name: /orders-incoming/ })).toBeVisible();
  await connected.getByRole("link", { name: /northwind-orders-function/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("northwind-orders-function");
  await expect(page.getByRole("complementary", { name: "Connected" }).getByRole("link", { name: /orders-worker/ }).first()).toBeVisible();
});

test("who may call a function is on its page, and that anyone may is said plainly", async ({ page }) => {
  await page.goto("/functions/111122223333/eu-west-1/payments-webhook?tab=triggers");
  const row = page.getByRole("row", { name: /lambda-url\.eu-west-1\.on\.aws/ });
  await expect(row).toContainText("Anyone on the internet may call it");
  const anyone = page.getByRole("row", { name: /anyone on the internet → payments-webhook/ });
  await expect(anyone.filter({ hasText: "by its URL, without sign-in" })).toBeVisible();
  // The policy has only the id of the API.
  const api = page.getByRole("row", { name: /northwind-payments → payments-webhook/ });
  await expect(api).toContainText("API Gateway");
  await expect(api.getByRole("link", { name: "northwind-payments", exact: true })).toBeVisible();
  await accessible(page);
  // Each of its columns is in sight.
  await page.setViewportSize({ width: 1440, height: 900 });
  const callers = page.locator(".scroll", { has: anyone });
  expect(await callers.evaluate((box) => box.scrollWidth - box.clientWidth), "the table of callers scrolls sideways").toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth), "the page scrolls sideways").toBeLessThanOrEqual(390);
  const urls = page.locator(".scroll", { has: row });
  expect(await urls.evaluate((box) => box.scrollWidth - box.clientWidth), "the table of URLs scrolls sideways").toBeLessThanOrEqual(0);

  await page.goto("/functions/111122223333/eu-west-1/orders-api?tab=triggers");
  const partner = page.getByRole("row", { name: /account 444455556666 → orders-api:live/ });
  await expect(partner.first()).toBeVisible();
  await expect(page.getByRole("row", { name: /lambda-url\.eu-west-1\.on\.aws/ })).toContainText("live");
});

test("a permission leads from the function to the bucket it lets call, and back", async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("/functions/111122223333/eu-west-1/thumbnailer?tab=triggers");
  const row = page.getByRole("row", { name: /northwind-uploads-prod-eu-west-1 → thumbnailer/ });
  await expect(row).toBeVisible();
  await row.getByRole("link", { name: "northwind-uploads-prod-eu-west-1", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("northwind-uploads-prod-eu-west-1");
  const connected = page.getByRole("complementary", { name: "Connected" });
  await connected.getByRole("link", { name: /northwind-uploads-prod-eu-west-1 → thumbnailer/ }).click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("→ thumbnailer");
});

test("what changes of a function's permissions is in its history", async ({ page }) => {
  const name = "payments-webhook";
  await page.goto(`/functions/111122223333/eu-west-1/${name}?tab=triggers`);
  // Its policy was read: what comes is news.
  await expect(page.getByRole("row", { name: /API Gateway/ })).toBeVisible();
  const statement = `e2e-${Date.now()}`;
  const permission = { FunctionName: name, StatementId: statement, Action: "lambda:InvokeFunction", Principal: "s3.amazonaws.com", SourceArn: `arn:aws:s3:::${statement}` };
  aws("lambda", "add_permission", permission);
  try {
    await page.goto(`/functions/111122223333/eu-west-1/${name}?tab=changes`);
    await hydrated(page);
    await page.getByRole("button", { name: "Collect again from AWS" }).first().click();
    const entry = page.getByRole("article").filter({ hasText: `${statement} → ${name}` });
    await expect(entry).toContainText("function permission");
    await accessible(page);
    await entry.getByRole("link", { name: `${statement} → ${name}` }).click();
    await expect(page.getByRole("heading", { level: 1 })).toContainText(statement);
  } finally {
    aws("lambda", "remove_permission", { FunctionName: name, StatementId: statement });
  }
});

/** Goes on with a search as often as it stops for having taken long, until it has come to this end. */
const searchedTo = (page: Page, end: Locator) =>
  expect(async () => {
    const on = page.getByRole("button", { name: "Go on", exact: true });
    if (await on.isVisible()) await on.click({ timeout: 5000 });
    await expect(end).toBeVisible({ timeout: 5000 });
  }).toPass();

test("its log is there and goes on while one looks", async ({ page }) => {
  await page.goto("/functions/111122223333/eu-west-1/orders-api?tab=logs");
  await hydrated(page);
  const log = page.getByRole("log");
  await expect(log).toBeVisible();
  aws("lambda", "invoke", { FunctionName: "orders-api", Payload: JSON.stringify({ path: "/orders/e2e-marker", httpMethod: "GET" }) });
  await expect(log).toContainText("START RequestId");

  await page.getByLabel("Filter pattern").fill("nothing-is-like-this");
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await searchedTo(page, log.getByText("No event matches the filter"));
  await expect(page).toHaveURL(/filter=nothing-is-like-this/);

  // Lines that come are matched as AWS does: both words, in whatever order.
  const marker = `e2e${Date.now()}`;
  await page.getByLabel("Filter pattern").fill(`${marker} Task`);
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`filter=${marker}`));
  await searchedTo(page, log.getByText("No event matches the filter"));
  const group = "/aws/lambda/orders-api";
  const [stream] = (aws("logs", "describe_log_streams", { logGroupName: group }) as { logStreams: { logStreamName: string }[] }).logStreams;
  aws("logs", "put_log_events", { logGroupName: group, logStreamName: stream.logStreamName, logEvents: [{ timestamp: Date.now(), message: `Task for ${marker}` }] });
  await expect(log).toContainText(`Task for ${marker}`);
  await expect(log).not.toContainText("START RequestId");
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth), "the page scrolls sideways").toBeLessThanOrEqual(390);
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  await expect(log).toContainText("START RequestId");
  await expect(page).not.toHaveURL(/filter=/);
});

test("earlier lines of a log are there to the last, and the newest are one press away", async ({ page }) => {
  const marker = `earlier${Date.now()}`;
  const at = Date.now() - 600_000;
  const lines = (count: number, timestamp: number) => Array.from({ length: count }, (_, n) => ({ timestamp, message: `${marker} ${n}` }));
  const place = { logGroupName: "/aws/lambda/orders-api", logStreamName: `2026/01/01/[$LATEST]${marker}` };
  aws("logs", "create_log_stream", place);
  // More of one millisecond than an answer has otherwise, and some of the one before.
  aws("logs", "put_log_events", { ...place, logEvents: [...lines(5, at - 1), ...lines(210, at)] });

  await page.goto(`/functions/111122223333/eu-west-1/orders-api?tab=logs&filter=${marker}`);
  await hydrated(page);
  const shown = page.locator(".log > div");
  const state = (word: string) => page.locator(".badge").filter({ hasText: new RegExp(`^${word}$`) });
  await expect(shown).toHaveCount(210);
  const earlier = page.getByRole("button", { name: "Earlier events" });
  await earlier.click();
  await expect(shown).toHaveCount(215);
  await expect(state("paused")).toBeVisible();
  await earlier.click();
  await searchedTo(page, page.getByText("There are no events in the two weeks before these."));
  await accessible(page);
  await page.getByRole("button", { name: "Follow", exact: true }).click();
  await expect(shown).toHaveCount(210);
  await expect(state("following")).toBeVisible();

  // A chart leads to a minute: what was written in it is marked and in sight, below what came before.
  aws("logs", "put_log_events", { ...place, logEvents: lines(3, at + 300_000) });
  await page.goto(`/functions/111122223333/eu-west-1/orders-api?tab=logs&filter=${marker}&at=${at + 300_000}`);
  await hydrated(page);
  await expect(page.locator(".log > .asked")).toHaveCount(3);
  await expect(page.locator(".log > .asked").first()).toBeInViewport();
  await expect(shown.first()).not.toBeInViewport();
});

test("a function that has not run has no log yet, which is no error, and its first line appears by itself", async ({ page }) => {
  const refused: string[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400 && /\/api\/fn\/log\b/.test(response.url())) refused.push(`${response.status()} ${response.url()}`);
  });
  // Nothing calls it.
  const group = { logGroupName: "/aws/lambda/search-suggest" };
  const place = { ...group, logStreamName: "2026/01/01/[$LATEST]first" };
  aws("logs", "delete_log_group", group);
  try {
    await page.goto("/functions/111122223333/eu-west-1/search-suggest?tab=logs");
    await hydrated(page);
    const log = page.getByRole("log");
    await expect(log).toContainText("No logs yet: the function has not run");
    await expect(page.locator(".badge").filter({ hasText: /^following$/ })).toBeVisible();
    await accessible(page);
    aws("logs", "create_log_group", group);
    aws("logs", "create_log_stream", place);
    aws("logs", "put_log_events", { ...place, logEvents: [{ timestamp: Date.now(), message: "the first line" }] });
    await expect(log).toContainText("the first line");
  } finally {
    // It may be away or there by now: the next run begins with it there.
    try {
      aws("logs", "create_log_group", group);
    } catch (error) {
      if (!/AlreadyExists/.test(String(error))) throw error;
    }
  }
  expect(refused).toEqual([]);
});

test("what a chart draws is there in words and numbers, too", async ({ page }) => {
  aws("lambda", "invoke", { FunctionName: "orders-api", Payload: "{}" });
  await page.goto("/functions/111122223333/eu-west-1/orders-api");
  await hydrated(page);
  const chart = (title: string) => page.locator("figure", { has: page.getByRole("img", { name: title, exact: true }) });
  const calls = chart("Invocations and errors");
  // Asked again each minute, should CloudWatch be late.
  await expect(calls.locator("canvas")).toBeVisible();
  await expect(calls.locator("figcaption")).toContainText(/invocations\s+[1-9]/);
  await expect(chart("Duration").locator("figcaption")).toContainText(/duration avg\s+latest\s+[\d.,]+ ms/);
  const numbers = calls.getByRole("table");
  await expect(numbers).toBeHidden();
  await calls.locator("summary", { hasText: "Numbers" }).click();
  await expect(numbers.getByRole("columnheader", { name: "invocations" })).toBeVisible();
  const cells = await numbers.locator("tbody td:nth-child(2)").allInnerTexts();
  expect(cells.filter((cell) => /^[1-9]/.test(cell)).length).toBeGreaterThan(0);
  await accessible(page);
});

test("tags that somebody else set show when the page is asked to read again", async ({ page }) => {
  await page.goto("/functions/111122223333/eu-west-1/orders-worker");
  await hydrated(page);
  const owner = `owner-${Date.now()}`;
  aws("lambda", "tag_resource", { Resource: "arn:aws:lambda:eu-west-1:111122223333:function:orders-worker", Tags: { owner } });
  await page.getByRole("button", { name: "Collect again from AWS" }).click();
  await expect(page.getByText(owner).locator("visible=true").first()).toBeVisible();
});

test("values of environment variables are nowhere on the page", async ({ page }) => {
  await page.goto("/functions/111122223333/eu-west-1/orders-api?tab=configuration");
  await expect(page.getByText("DATABASE_PASSWORD")).toBeVisible();
  expect(await page.content()).not.toContain("sandbox-only-5f2c");
  await page.goto("/functions/111122223333/eu-west-1/orders-api?tab=json");
  expect(await page.content()).not.toContain("sandbox-only-5f2c");
});

test("a row changes by itself after somebody else changed the function, and the history says how", async ({ page }) => {
  await page.goto("/functions?q=hello-northwind&account=111122223333&region=us-east-1");
  await hydrated(page);
  const row = page.getByRole("row", { name: /hello-northwind/ });
  const before = await row.innerText();
  const size = /\b256\b/.test(before) ? 320 : 256;
  aws("lambda", "update_function_configuration", { FunctionName: "hello-northwind", MemorySize: size }, "111122223333", "us-east-1");
  // Nobody asks for it: functions are collected every 36 s or so (server/src/sync/schedule.rs).
  await expect(row).toContainText(String(size));
  await page.goto("/functions/111122223333/us-east-1/hello-northwind?tab=changes");
  await expect(page.getByText("MemorySize").first()).toBeVisible();
});

test("a function whose name does not say why it is listed says it", async ({ page }) => {
  await page.goto("/functions?q=payments");
  await hydrated(page);
  const row = page.locator("tbody tr", { has: page.getByRole("link", { name: "tax-calculator" }) }).first();
  await expect(row.getByText(/^tag \S+=.*payments/)).toBeVisible();
  await accessible(page);
});

test("two rows picked with the keyboard are compared", async ({ page }) => {
  await page.goto("/functions?q=catalog-feed");
  await hydrated(page);
  for (const key of ["j", "x", "j", "x"]) await page.keyboard.press(key);
  await expect(page.getByText("2 functions selected")).toBeVisible();
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await expect(page).toHaveURL(/\/compare\?left=/);
  await expect(page.getByLabel("From", { exact: true })).toHaveValue("catalog-feed");
  // Whoever comes back, or loads the page anew, goes on with what they picked.
  await page.goBack();
  await expect(page.getByText("2 functions selected")).toBeVisible();
  await page.reload();
  await hydrated(page);
  await expect(page.getByText("2 functions selected")).toBeVisible();
});

test("all that match are picked at once, and nothing is", async ({ page }) => {
  await page.goto("/functions?q=catalog");
  await hydrated(page);
  const all = page.getByRole("checkbox", { name: /^Select all [\d,]+ functions$/ });
  const half = () => all.evaluate((box) => (box as HTMLInputElement).indeterminate);
  const picked = page.locator(".selection");
  await all.check();
  await expect(picked).toContainText(/^[\d,]+ functions selected/);
  await expect(page.locator("tbody input.pick:not(:checked)")).toHaveCount(0);
  expect(await half()).toBe(false);
  await page.locator("tbody input.pick").first().uncheck({ force: true });
  await expect.poll(half).toBe(true);
  await accessible(page);
  await all.check();
  await expect.poll(half).toBe(false);
  await expect(page.locator("tbody input.pick:not(:checked)")).toHaveCount(0);
  await all.uncheck();
  await expect(picked).not.toContainText("selected");
});

test("the menu of a row leads to its JSON", async ({ page }) => {
  await page.goto("/functions?q=orders-api&account=111122223333&region=eu-west-1");
  await hydrated(page);
  await page.getByRole("row", { name: /orders-api/ }).first().hover();
  await page.getByRole("button", { name: "Actions for orders-api" }).first().click();
  await page.getByRole("link", { name: "JSON" }).click();
  await expect(page).toHaveURL(/\/functions\/111122223333\/eu-west-1\/orders-api\?tab=json/);
});

test("a search of a log that takes AWS long says how far back it came, and goes on from there", async ({ page }) => {
  // The emulator never takes long: that the time was over is put into its answers.
  const searched = Date.now() - 3_600_000;
  const asked: (number | null)[] = [];
  await page.route("**/api/fn/log", async (route) => {
    const { before } = route.request().postDataJSON() as { before: number | null };
    asked.push(before);
    const found = (await (await route.fetch()).json()) as object;
    return route.fulfill({ json: before === null ? { ...found, events: [], searched } : found });
  });
  await page.goto("/functions/111122223333/eu-west-1/orders-api?tab=logs&filter=nothing-is-like-this");
  await hydrated(page);
  const second = new Date(searched + 999).toISOString().slice(0, 19).replace("T", " ");
  const said = page.getByText(`Searched back to ${second} UTC; what is older was not searched yet.`);
  await expect(said).toBeVisible();
  await expect(page.getByRole("log")).toContainText("Nothing found so far.");
  await accessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth), "the page scrolls sideways").toBeLessThanOrEqual(390);
  await page.getByRole("button", { name: "Go on", exact: true }).click();
  await expect(page.getByRole("log")).toContainText("No event matches the filter");
  await expect(said).toBeHidden();
  expect(asked).toContain(searched);
});
