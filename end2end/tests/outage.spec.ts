// AWS away, AWS refusing, the clock wrong, Postgres restarted, servers sharing and dying: each with processes of its own.
import { execFileSync } from "node:child_process";
import type { Locator } from "@playwright/test";
import { test } from "../fixtures/own";
import { type Freshness, freshness } from "../fixtures/private";
import { accessible, expect, hydrated } from "../fixtures/test";
import { world } from "../fixtures/world";

const everythingRead = (lists: Freshness[]) => lists.length > 0 && lists.every((list) => list.complete !== null);
const settled = (lists: Freshness[]) => lists.length > 0 && lists.every((list) => list.complete !== null || list.failing !== null);

test("while AWS is away pages answer with their age, and recover by themselves", async ({ own, browser }) => {
  const { url, road } = await own.server();
  const token = own.token();
  await expect.poll(async () => everythingRead(await freshness(url, token))).toBe(true);
  const page = await own.page(browser, url);
  await page.goto("/functions");
  await hydrated(page);
  const rows = page.locator("tbody a[href^='/functions/']");
  await expect(rows.first()).toBeVisible();
  // Services are promised every 30 s, functions every 90 s.
  const services = await page.context().newPage();
  await services.goto(`${url}/services`);
  await hydrated(services);
  const age = services.locator(".data-age");
  const colour = () => age.evaluate((text) => getComputedStyle(text).color);
  await expect(age).toHaveText(/^\d+ s old$/);
  await expect(age).not.toHaveClass(/\blate\b/);
  const calm = await colour();
  // Kept open all the while, never read anew.
  const kept: Locator[] = [];
  for (const [path, trouble] of [
    ["/", /^\s*Functions in /],
    ["/functions/111122223333/eu-west-1/orders-api", /What is shown is from before/],
  ] as const) {
    const other = await page.context().newPage();
    await other.goto(`${url}${path}`);
    await hydrated(other);
    kept.push(other.getByRole("main").locator("details.failing > summary", { hasText: trouble }).first());
  }
  for (const trouble of kept) await expect(trouble).toBeHidden();

  await road.close();
  await page.getByRole("button", { name: /refresh|collect/i }).first().click();
  const trouble = page.getByRole("main").getByText(/could not be reached|cannot be reached|did not answer/i).first();
  await expect(trouble).toBeVisible();
  for (const trouble of kept) await expect(trouble).toBeVisible();
  // How old it is goes on counting, and what is older than promised is amber.
  await expect(age).toHaveClass(/\blate\b/);
  await expect(age).toHaveText(/^([3-5]\d s|\d min) old$/);
  await expect.poll(colour).not.toBe(calm);
  await accessible(services);
  await page.reload();
  await expect(rows.first()).toBeVisible();
  await expect(trouble).toBeVisible();
  await expect(page.locator(".data-age")).toHaveText(/^(\d+ s|\d min) old$/);

  await road.open();
  await expect(trouble).toBeHidden();
  await expect(rows.first()).toBeVisible();
  for (const trouble of kept) await expect(trouble).toBeHidden();
  await expect(age).not.toHaveClass(/\blate\b/);
  await expect.poll(colour).toBe(calm);
});

test("denied for one service in one region, and functions one by one: the rest goes on, the pages name the actions", async ({ own, browser }) => {
  const denied = (action: string, resource: string) => ({
    status: 400,
    code: "AccessDeniedException",
    message: `User: arn:aws:iam::111122223333:user/gantry is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
  });
  const { url } = await own.server((road) => {
    road.refuse = ({ service, region, method, path }) => {
      if (region !== "us-east-1") return undefined;
      if (service === "ecr") return denied("ecr:DescribeRepositories", "arn:aws:ecr:us-east-1:111122223333:repository/*");
      const name = /^\/2015-03-31\/functions\/([^/?]+)(?:\?.*)?$/.exec(path)?.[1];
      return method === "GET" && name ? denied("lambda:GetFunction", `arn:aws:lambda:us-east-1:111122223333:function:${name}`) : undefined;
    };
  });
  const token = own.token();
  await expect.poll(async () => settled(await freshness(url, token))).toBe(true);
  // A call that a busy sandbox did not answer in time is tried again.
  const failing = async () => [...new Set((await freshness(url, token)).filter((list) => list.failing).map((list) => `${list.kind.split(".")[0]} ${list.scope.region}`))];
  await expect.poll(failing).toEqual(["ecr us-east-1"]);
  const page = await own.page(browser, url);
  await page.goto("/repositories");
  await expect(page.getByRole("main").getByText(/ecr:DescribeRepositories/).first()).toBeVisible();
  await expect(page.locator("tbody a[href*='/eu-west-1/']").first()).toBeVisible();
  // The bar of every page says that not everything is read, and where.
  const late = page.locator(".bar .light a");
  await expect(late).toContainText(/\d lists? late/);
  await expect(late).toHaveAttribute("title", /us-east-1: /);
  await page.goto("/functions?region=us-east-1");
  await hydrated(page);
  await expect(page.locator("tbody a[href*='/us-east-1/']").first()).toBeVisible();
  const missing = page.getByRole("main").getByText("lambda:GetFunction", { exact: true });
  await expect(missing.first()).toBeVisible();
  await accessible(page);

  const details = (await freshness(url, token)).filter((list) => list.details).map((list) => `${list.kind} ${list.scope.region}`);
  expect(details).toContain("lambda.function us-east-1");
  await late.click();
  await expect(page).toHaveURL(/\/settings\/connections/);
  await expect(page.getByRole("main").getByText(/lambda:GetFunction/).first()).toBeVisible();
});

test("where tasks may not be listed, the use of images is not known: what takes them has to be insisted on", async ({ own, browser }) => {
  const { url } = await own.server((road) => {
    road.refuse = ({ operation, region }) =>
      operation === "ListTasks" && region === "eu-west-1"
        ? { status: 400, code: "AccessDeniedException", message: "User: arn:aws:iam::111122223333:user/gantry is not authorized to perform: ecs:ListTasks on resource: * because no identity-based policy allows the ecs:ListTasks action" }
        : undefined;
  });
  const token = own.token();
  await expect.poll(async () => settled(await freshness(url, token))).toBe(true);
  const page = await own.page(browser, url);
  await page.goto("/repositories/111122223333/eu-west-1/northwind/payments");
  await hydrated(page);
  const why = "tasks in 111122223333 eu-west-1 could not be read: ecs:ListTasks is denied";
  const stored = page.getByRole("region", { name: "Stored" });
  await expect(stored.getByText("Nothing is offered for deletion", { exact: false })).toContainText(why);
  await accessible(page);

  const rows = page.locator("[data-kind='ecr.image'] tbody tr", { has: page.locator("a[href^='/images/']") }).filter({ hasText: "live" });
  await rows.getByRole("checkbox").check({ force: true });
  await page.locator(".selection").getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog", { name: "Confirm" });
  await expect(dialog.getByRole("heading", { name: "Is that meant?" })).toBeVisible();
  await expect(dialog.getByText("It is not known what else uses images", { exact: false })).toContainText(why);
  await expect(dialog.getByRole("button", { name: "Plan it nevertheless" })).toBeDisabled();
  await accessible(page);
  await dialog.locator("#act-insist").fill("northwind/payments");
  await dialog.getByRole("button", { name: "Plan it nevertheless" }).click();
  await expect(dialog.locator("summary small").getByText("ecr:BatchDeleteImage", { exact: true })).toBeVisible();
  await expect(dialog.getByText("Accounts that are not connected are not seen", { exact: false })).toHaveCount(1);
});

test("a clock that AWS refuses is called that", async ({ own, browser }) => {
  const { url } = await own.server((road) => {
    road.refuse = ({ service }) =>
      service === "lambda"
        ? { status: 403, code: "InvalidSignatureException", message: "Signature expired: 20261123T100000Z is now earlier than 20261123T103500Z (20261123T104000Z - 5 min.)" }
        : undefined;
  });
  const token = own.token();
  await expect.poll(async () => settled(await freshness(url, token))).toBe(true);
  const page = await own.page(browser, url);
  await page.goto("/functions");
  await expect(page.getByRole("main").getByText(/clock/i).first()).toBeVisible();
});

test("Postgres restarted: lists go on, everything recovers within five seconds", async ({ own, browser }) => {
  const { url } = await own.server();
  const token = own.token();
  await expect.poll(async () => everythingRead(await freshness(url, token))).toBe(true);
  const page = await own.page(browser, url);
  await page.goto("/functions");
  await hydrated(page);
  await own.stopDatabase();
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  await expect(page.locator("tbody a[href^='/functions/']").first()).toBeVisible();

  await own.startDatabase();
  // The five seconds are the server's: they are taken without a browser. A page has more, for what else this machine does meanwhile.
  const back = Date.now();
  await expect.poll(async () => (await fetch(`${url}/readyz`)).status, { intervals: [50] }).toBe(200);
  expect(Date.now() - back, "milliseconds until the server is ready").toBeLessThan(5_000);
  const answer = await page.request.get("/functions");
  expect([answer.status(), (await answer.text()).includes("/functions/111122223333/")]).toEqual([200, true]);
  expect(Date.now() - back, "milliseconds until a page is there").toBeLessThan(20_000);
  await page.goto("/functions");
  await expect(page.locator("tbody a[href^='/functions/']").first()).toBeVisible();
  // Collecting goes on, and its news arrive: the listener has a new connection too.
  const before = (await freshness(url, token)).filter((list) => list.kind === "lambda.function").map((list) => list.complete ?? 0);
  await hydrated(page);
  await page.getByRole("button", { name: /refresh|collect/i }).first().click();
  await expect
    .poll(async () => (await freshness(url, token)).filter((list) => list.kind === "lambda.function").every((list, n) => (list.complete ?? 0) > before[n]))
    .toBe(true);

  // What is opened while it is away has no scripts, and comes by itself all the same.
  await own.stopDatabase();
  // That a session is good is believed for a moment.
  await expect.poll(async () => (await page.request.get("/services")).status()).toBe(503);
  await page.goto("/services");
  await expect(page.getByRole("heading", { level: 1, name: "The database has trouble" })).toBeVisible();
  await own.startDatabase();
  await expect(page.getByRole("heading", { level: 1, name: "Services" })).toBeVisible();
});

test("a page whose code no server could give comes by itself with the next server", async ({ own, browser }) => {
  const { url, process, again } = await own.server();
  const page = await own.page(browser, url);
  const link = page.locator("tbody a[href^='/functions/']").first();
  await page.goto("/functions");
  await hydrated(page);
  await expect(link).toBeVisible();
  expect(await process.endsOn("SIGKILL", 10_000)).toBe(true);
  await link.click();
  await expect(page.getByRole("alert")).toContainText("This page could not be loaded");
  const next = await again();
  await expect(page.locator(".detail-head")).toBeVisible();
  await hydrated(page);
  expect(await next.endsOn("SIGTERM", 10_000)).toBe(true);
});

test("two servers collect nothing twice, and the death of one loses nothing", async ({ own }) => {
  let letGo = () => {};
  const first = await own.server((road) => {
    road.hold = new Promise((resolve) => (letGo = resolve));
  });
  // It has claimed what it can and waits for answers that never come.
  await expect.poll(() => first.road.calls.length).toBeGreaterThan(3);
  const second = await own.server();
  const token = own.token();
  await expect.poll(() => second.road.calls.length).toBeGreaterThan(3);
  execFileSync("kill", ["-9", String(first.process.child.pid)]);
  await expect.poll(async () => everythingRead(await freshness(second.url, token))).toBe(true);
  letGo();

  // The survivor read each list once, also those it took over. (Lists that one kind reads and that are seldom due; a call that is answered late is
  // tried again.)
  const asked = second.road.calls
    .filter((call) => call.answered && ["ListQueues", "ListTables", "ListRules"].includes(call.operation))
    .map((call) => `${call.region} ${call.operation}`);
  // Asked to end, it does, though who started it still holds its standard input.
  expect(await second.process.endsOn("SIGTERM", 10_000)).toBe(true);
  expect(asked.sort()).toEqual(["ListQueues", "ListRules", "ListTables"].flatMap((list) => [`eu-west-1 ${list}`, `us-east-1 ${list}`]).sort());
});

test("a connection is checked from the command line: what works, what is missing, whose credentials they are", async ({ own }) => {
  const lines = (account: string) => [
    'name = "shop"',
    `account = "${account}"`,
    'regions = ["us-east-1"]',
    `endpoint_url = "${world().endpoint}"`,
    'access_key = "111122223333"',
    'secret_key = "sandbox"',
  ];
  const well = own.check(lines("111122223333"));
  expect(well.output).toMatch(/us-east-1: (\d+) of \1 kinds can be read/);
  expect(well.status).toBe(0);
  const other = own.check(lines("444455556666"));
  expect(other.output).toContain("The credentials lead to account 111122223333");
  expect(other.status).toBe(1);
});
