// Nonsense in addresses, untrusted text, ten tabs at once, answers that come late or not.
import type { Page } from "@playwright/test";
import { expect, hydrated, test } from "../fixtures/test";
import { aws } from "../fixtures/world";

test("what does not exist leads somewhere", async ({ page }) => {
  for (const path of [
    "/functions/999999999999/eu-west-1/nothing",
    "/functions/1234/eu-west-1/nothing",
    "/functions/111122223333/moon-1/nothing",
    "/no-such-page",
    "/resolve?ref=arn:aws:lambda:eu-west-1:111122223333:function:nothing",
  ]) {
    const answer = await page.goto(path);
    expect([400, 404], path).toContain(answer?.status());
    await expect(page.getByRole("main").getByRole("link").first(), path).toBeVisible();
  }
});

test("a page of an account or region that is not connected says so and leads to the connections", async ({ page }) => {
  for (const [path, words] of [
    ["/functions/999999999999/eu-west-1/nothing", "This account is not connected"],
    ["/functions/111122223333/ap-south-1/nothing", "This region is not connected"],
    ["/resolve?ref=arn:aws:sqs:eu-west-1:999999999999:nothing", "This account is not connected"],
  ] as const) {
    const answer = await page.goto(path);
    expect(answer?.status(), path).toBe(404);
    await expect(page.getByRole("heading", { name: words }), path).toBeVisible();
    await page.getByRole("main").getByRole("link", { name: "See the connections" }).click();
    await expect(page, path).toHaveURL(/\/settings\/connections$/);
  }
  await page.goto("/functions?region=ap-south-1&q=orders");
  await expect(page.getByRole("main").getByText("No connection leads there")).toBeVisible();
});

test("a filter with nonsense says what is wrong beside a way out", async ({ page }) => {
  await page.goto("/functions?sort=shoe-size");
  await expect(page.getByText(/cannot be sorted by/)).toBeVisible();
  await page.getByRole("link", { name: /clear/i }).first().click();
  await expect(page.getByRole("row").nth(2)).toBeVisible();
});

test("HTML in tags and names stays text", async ({ page }) => {
  // Emulators take what AWS's rules for tags forbid; what is on the page must not depend on anybody's rules.
  const evil = `<img src=x onerror=document.title=${Date.now()}>`;
  const worker = "arn:aws:lambda:eu-west-1:111122223333:function:orders-worker";
  aws("lambda", "tag_resource", { Resource: worker, Tags: { note: evil } });
  try {
    await page.goto("/functions/111122223333/eu-west-1/orders-worker");
    await hydrated(page);
    await page.getByRole("button", { name: /refresh|collect/i }).first().click();
    await expect(page.getByRole("main")).toContainText(evil);
    for (const path of ["?tab=json", "?tab=changes"]) {
      await page.goto(`/functions/111122223333/eu-west-1/orders-worker${path}`);
      await hydrated(page);
      await expect(page.getByRole("main"), path).toContainText("onerror=document.title=");
      await expect(page.locator('img[src="x"]'), path).toHaveCount(0);
    }
    await page.goto(`/search?q=${encodeURIComponent("onerror=document")}`);
    await hydrated(page);
    await expect(page.getByRole("main")).toContainText("orders-worker");
    await expect(page.locator('img[src="x"]')).toHaveCount(0);
  } finally {
    aws("lambda", "untag_resource", { Resource: worker, TagKeys: ["note"] });
  }
});

test("HTML in a line of a log stays text", async ({ page }) => {
  // The function writes the number of the order it is asked for as it is.
  const evil = `<img src=x onerror=document.title=${Date.now()}>`;
  aws("lambda", "invoke", { FunctionName: "orders-api", Payload: JSON.stringify({ pathParameters: { id: evil } }) });
  await page.goto("/functions/111122223333/eu-west-1/orders-api?tab=logs");
  await hydrated(page);
  await expect(page.getByRole("log")).toContainText(evil);
  // One that comes while one looks, too.
  const live = evil.replace("document.title=", "document.title=1+");
  aws("lambda", "invoke", { FunctionName: "orders-api", Payload: JSON.stringify({ pathParameters: { id: live } }) });
  await expect(page.getByRole("log")).toContainText(live);
  await expect(page.locator('img[src="x"]')).toHaveCount(0);
  await expect(page).toHaveTitle(/orders-api/);
});

test("ten tabs at once stay live", async ({ context }) => {
  // Ten times the unoptimised WebAssembly on a busy machine.
  const tabs = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const page = await context.newPage();
      await page.goto("/queues?q=ten-tabs");
      await hydrated(page);
      return page;
    }),
  );
  const name = `ten-tabs-${Date.now()}`;
  aws("sqs", "create_queue", { QueueName: name });
  await tabs[0].getByRole("button", { name: /refresh|collect/i }).first().click();
  await Promise.all(tabs.map((page) => expect(page.getByRole("link", { name })).toBeVisible()));
});

/** Has a queue made and collected, and waits until the server knows it and collects nothing of its kind any more. */
async function collected(page: Page, name: string) {
  aws("sqs", "create_queue", { QueueName: name });
  await page.getByRole("button", { name: /refresh|collect/i }).first().click();
  const settled = async () => {
    const answer = await page.request.get(`/api/v1/resources?kind=sqs.queue&q=${name}`);
    const list = (await answer.json()) as { matched: number; freshness: { running: boolean }[] };
    return list.matched === 1 && list.freshness.every((scope) => !scope.running);
  };
  await expect.poll(settled).toBe(true);
}

test("what changes while a list is being answered is shown by itself", async ({ page }) => {
  const name = `meanwhile-${Date.now()}`;
  await page.goto(`/queues?q=${name}`);
  await hydrated(page);
  // The first answer is from before the queue, and comes when all news of it has come.
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let asked = 0;
  await page.route("**/api/fn/list", async (route) => {
    asked += 1;
    if (asked > 1) return route.continue();
    const answer = await route.fetch();
    await held;
    await route.fulfill({ response: answer });
  });
  await collected(page, name);
  await expect.poll(() => asked).toBe(1);
  release();
  await expect(page.getByRole("link", { name })).toBeVisible();
});

test("what changes on the way to a page is shown by itself: a list, and what was not there yet", async ({ page, context }) => {
  const elsewhere = await context.newPage();
  await elsewhere.goto("/queues");
  await hydrated(elsewhere);
  for (const question of ["list", "get"]) {
    const name = `way-${question}-${Date.now()}`;
    await page.goto("/");
    await hydrated(page);
    // Answered before there is a queue; the answer arrives when all news of it has.
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let [asked, answered] = [0, 0];
    await page.route(`**/api/fn/${question}`, async (route) => {
      asked += 1;
      if (asked > 1) return route.continue();
      const answer = await route.fetch();
      answered += 1;
      await held;
      await route.fulfill({ response: answer });
    });
    const address = question === "list" ? `/queues?q=${name}` : `/queues/111122223333/eu-west-1/${name}`;
    await page.evaluate((address) => {
      const link = document.createElement("a");
      link.href = address;
      document.body.append(link);
      link.click();
    }, address);
    await expect.poll(() => answered).toBe(1);
    await collected(elsewhere, name);
    release();
    const shown = question === "list" ? page.getByRole("link", { name }) : page.getByRole("heading", { level: 1, name });
    await expect(shown.first()).toBeVisible();
    await page.unroute(`**/api/fn/${question}`);
  }
});

test("a list that is refused for the moment says so, and asks again by itself", async ({ page }) => {
  const name = `busy-${Date.now()}`;
  await page.goto(`/queues?q=${name}`);
  await hydrated(page);
  let [refusing, refused] = [true, 0];
  const busy = { code: "busy", title: "Too many requests", message: "Gantry answers 50 requests a second per person." };
  await page.route("**/api/fn/list", (route) => {
    if (!refusing) return route.continue();
    refused += 1;
    return route.fulfill({ status: 429, json: busy });
  });
  await collected(page, name);
  await expect(page.getByRole("main").getByText(busy.message)).toBeVisible();
  // News of a collect in four scopes come many times; each question waits for the one before and its pause.
  expect(refused).toBeLessThanOrEqual(5);
  refusing = false;
  await expect(page.getByRole("link", { name })).toBeVisible();
  await expect(page.getByRole("main").getByText(busy.message)).toBeHidden();
});
