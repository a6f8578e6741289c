// Runs of plans: what is reviewed is made, once; a server that dies in the middle loses nothing; what is refused is taken back. Judged by what the
// sandbox itself lists, not by what Gantry says.
import { execFileSync } from "node:child_process";
import { press, state, test } from "../fixtures/own";
import { accessible, expect, hydrated } from "../fixtures/test";
import { world } from "../fixtures/world";

const account = "111122223333";

/** A call to the sandbox's ECR without Gantry; what does not exist is undefined. */
async function ecr(operation: string, input: object): Promise<Record<string, unknown> | undefined> {
  const answer = await fetch(world().endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": `AmazonEC2ContainerRegistry_V20150921.${operation}`,
      authorization: `AWS4-HMAC-SHA256 Credential=${account}/20261123/eu-west-1/ecr/aws4_request, SignedHeaders=host, Signature=0`,
    },
    body: JSON.stringify(input),
  });
  if (answer.ok) return (await answer.json()) as Record<string, unknown>;
  const text = await answer.text();
  if (/NotFound/.test(text)) return undefined;
  throw new Error(`${operation}: ${text}`);
}

/** The repository, its lifecycle policy and its permissions, as the sandbox has them. */
async function listing(name: string) {
  const [repository, lifecycle, permissions] = await Promise.all([
    ecr("DescribeRepositories", { repositoryNames: [name] }),
    ecr("GetLifecyclePolicy", { repositoryName: name }),
    ecr("GetRepositoryPolicy", { repositoryName: name }),
  ]);
  return { repository: repository !== undefined, lifecycle: lifecycle?.lifecyclePolicyText, permissions: permissions?.policyText };
}

const nothing = { repository: false, lifecycle: undefined, permissions: undefined };
const lifecycle = { rules: [{ rulePriority: 1, selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 }, action: { type: "expire" } }] };
const permissions = {
  Version: "2012-10-17",
  Statement: [{ Sid: "pull", Effect: "Allow", Principal: { AWS: "arn:aws:iam::444455556666:root" }, Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"] }],
};
const steps = ["CreateRepository", "PutLifecyclePolicy", "SetRepositoryPolicy"];

const answers = (name: string) => ({
  scope: { account, region: "eu-west-1" },
  wizard: "create-repository",
  answers: { name, lifecycle: JSON.stringify(lifecycle), permissions: JSON.stringify(permissions), tags: [["team", "shop"]] },
});

async function api<T>(url: string, token: string, path: string, body?: object): Promise<T> {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method: body ? "POST" : "GET",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  const text = await answer.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

type Review = { plan: { hash: string; cli: string } };
type RunView = { run: { state: string; problem: { code: string; iam_action: string } | null; steps: { state: string; note: string | null }[] } };

/** Reviews a plan and begins it. */
async function begin(url: string, token: string, name: string): Promise<string> {
  const { plan } = await api<Review>(url, token, "/plans", answers(name));
  return (await api<{ id: string }>(url, token, "/runs", { answers: answers(name), hash: plan.hash })).id;
}

async function ends(url: string, token: string, id: string): Promise<RunView["run"]> {
  let run: RunView["run"] | undefined;
  await expect
    .poll(async () => ((run = (await api<RunView>(url, token, `/runs/${id}`)).run), run.state), { intervals: [100] })
    .toMatch(/applied|undone|stuck/);
  return run as RunView["run"];
}

test("a server killed at any call is gone on for, and each thing is made once", async ({ own }) => {
  let { url, road, process } = await own.server();
  const token = own.token();
  for (const step of steps) {
    for (const fate of ["lost", "answer lost"] as const) {
      const name = `killed/${step.toLowerCase()}-${fate.replace(" ", "-")}`;
      let arrived = () => {};
      const there = new Promise<void>((resolve) => (arrived = resolve));
      road.fate = (call) => {
        if (call.operation !== step) return undefined;
        arrived();
        return fate;
      };
      const id = await begin(url, token, name);
      await there;
      // The answer of AWS, if there was one, has reached the road: only the server does not know.
      if (fate === "answer lost") await expect.poll(async () => (await listing(name)).repository).toBe(true);
      execFileSync("kill", ["-9", String(process.child.pid)]);
      ({ url, road, process } = await own.server());
      const up = Date.now();
      const run = await ends(url, token, id);
      expect(Date.now() - up, `${name} is gone on with`).toBeLessThan(60_000);
      expect(run.state, name).toBe("applied");
      const made = await listing(name);
      expect(JSON.parse(made.lifecycle as string)).toEqual(lifecycle);
      expect(JSON.parse(made.permissions as string)).toEqual(permissions);
      expect(made.repository).toBe(true);
      const calls = road.calls.filter((call) => call.operation === step).length;
      expect(calls, `${step} is sent again only when it was not made`).toBe(fate === "lost" ? 1 : 0);
      // Taken back, nothing of it is left.
      await api(url, token, `/runs/${id}/cancel`, {});
      expect((await ends(url, token, id)).state).toBe("undone");
      expect(await listing(name)).toEqual(nothing);
    }
  }
});

test("a server dies in the middle of a wizard's run, and of its undo: the page that shows it goes on with the next", async ({ own, browser }) => {
  const { url, road, process, again } = await own.server();
  const page = await own.page(browser, url);
  const name = "killed/from-the-wizard";
  await page.goto(`/repositories/new?account=${account}&region=eu-west-1`);
  await hydrated(page);
  const form = page.locator(".wizard");
  const fold = async (title: string) => {
    const part = form.locator("details.fold-card", { has: page.locator("summary b", { hasText: new RegExp(`^${title}$`) }) });
    await part.locator("summary").first().click();
    return part;
  };
  await form.getByLabel("Name", { exact: true }).fill(name);
  await (await fold("Lifecycle rules")).getByRole("radio", { name: "Common rules" }).check();
  const sharing = await fold("Permissions");
  await sharing.getByRole("radio", { name: "JSON" }).check();
  await sharing.getByRole("textbox", { name: "Repository policy" }).fill(JSON.stringify(permissions));
  const tags = await fold("Tags");
  await tags.getByRole("button", { name: "Add a tag" }).click();
  await tags.getByLabel("Key of tag 1").fill("team");
  await tags.getByLabel("Value of tag 1").fill("shop");
  const plan = page.getByRole("complementary", { name: "The plan so far" });
  for (const step of steps) await expect(plan.getByText(`ecr:${step}`).first()).toBeVisible();
  await form.getByRole("button", { name: "Review", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: `Review: Create the repository ${name}` })).toBeVisible();

  /** Resolves once the first call of this operation has met this fate; later ones go their way. */
  const befalls = (operation: string, fate: "lost" | "answer lost") =>
    new Promise<void>((resolve) => {
      road.fate = (call) => {
        if (call.operation !== operation) return undefined;
        road.fate = () => undefined;
        resolve();
        return fate;
      };
    });
  const sent = (operation: string) => road.calls.filter((call) => call.operation === operation).length;

  const halfMade = befalls("PutLifecyclePolicy", "answer lost");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/\/runs\/[0-9a-f]+/);
  await hydrated(page);
  // A reload would lose it.
  await page.evaluate(() => document.documentElement.setAttribute("data-never-left", ""));
  await halfMade;
  await expect.poll(async () => (await listing(name)).lifecycle).toBeDefined();
  await expect(state(page)).toContainText("Applying");
  expect(await process.endsOn("SIGKILL", 10_000)).toBe(true);
  expect((await listing(name)).permissions).toBeUndefined();
  const second = await again();
  await expect(state(page)).toContainText("Applied");
  const made = await listing(name);
  expect(JSON.parse(made.lifecycle as string)).toMatchObject({ rules: [{ selection: { tagStatus: "untagged" } }] });
  expect(JSON.parse(made.permissions as string)).toEqual(permissions);
  const tagged = await ecr("ListTagsForResource", { resourceArn: `arn:aws:ecr:eu-west-1:${account}:repository/${name}` });
  expect(tagged?.tags).toContainEqual({ Key: "team", Value: "shop" });
  expect(steps.map(sent)).toEqual([1, 1, 1]);

  const halfBack = befalls("DeleteLifecyclePolicy", "lost");
  await press(page, "Undo");
  await halfBack;
  await expect(state(page)).toContainText("Undoing");
  expect(await second.endsOn("SIGKILL", 10_000)).toBe(true);
  // The last step is taken back, the one before it is not, nor is what it belongs to.
  expect(await listing(name)).toEqual({ repository: true, lifecycle: made.lifecycle, permissions: undefined });
  await again();
  await expect(state(page)).toContainText("Undone");
  expect(await listing(name)).toEqual(nothing);
  expect(["DeleteRepositoryPolicy", "DeleteLifecyclePolicy", "DeleteRepository"].map(sent)).toEqual([1, 2, 1]);
  await expect(page.locator("html[data-never-left]")).toHaveCount(1);
});

test("a step that is denied, and answers that are lost: the account is as before, or everything is made", async ({ own }) => {
  const { url, road } = await own.server();
  const token = own.token();
  road.refuse = ({ operation }) =>
    operation === "SetRepositoryPolicy"
      ? {
          status: 400,
          code: "AccessDeniedException",
          message: "User: arn:aws:iam::111122223333:user/gantry is not authorized to perform: ecr:SetRepositoryPolicy on resource: * because no identity-based policy allows the ecr:SetRepositoryPolicy action",
        }
      : undefined;
  const denied = await ends(url, token, await begin(url, token, "denied/third"));
  expect([denied.state, denied.problem?.code, denied.problem?.iam_action]).toEqual(["undone", "aws_denied", "ecr:SetRepositoryPolicy"]);
  expect(denied.steps.map((step) => step.state)).toEqual(["undone", "undone", "failed"]);
  expect(await listing("denied/third")).toEqual(nothing);

  road.refuse = () => undefined;
  const seen = new Set<string>();
  road.fate = ({ operation }) => {
    if (!steps.includes(operation) || seen.has(operation)) return undefined;
    seen.add(operation);
    return "answer reset";
  };
  const id = await begin(url, token, "reset/each");
  const run = await ends(url, token, id);
  expect([run.state, seen.size]).toEqual(["applied", 3]);
  // Somebody takes the name between review and apply: said, and nothing made.
  const { plan } = await api<Review>(url, token, "/plans", answers("taken/meanwhile"));
  await ecr("CreateRepository", { repositoryName: "taken/meanwhile" });
  const refused = await fetch(`${url}/api/v1/runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ answers: answers("taken/meanwhile"), hash: plan.hash }),
  });
  expect(refused.status).toBe(400);
  expect(((await refused.json()) as { field: string }).field).toBe("name");
  expect((await listing("taken/meanwhile")).lifecycle).toBeUndefined();
  await ecr("DeleteRepository", { repositoryName: "taken/meanwhile" });
  await api(url, token, `/runs/${id}/cancel`, {});
  expect((await ends(url, token, id)).state).toBe("undone");
  expect(await listing("reset/each")).toEqual(nothing);
});

test("a run is cancelled where somebody looks at it, and who else looks sees it, too", async ({ own, browser }) => {
  const { url, road } = await own.server();
  const token = own.token();
  const name = "cancelled/half";
  const pages = [await own.page(browser, url), await own.page(browser, url)];
  // From its first call on nothing comes through: the run stays where it is.
  let goOn = () => {};
  road.fate = ({ operation }) => {
    if (operation === "CreateRepository") road.hold = new Promise<void>((resolve) => (goOn = resolve));
    return undefined;
  };
  const id = await begin(url, token, name);
  await expect.poll(() => road.hold !== undefined).toBe(true);
  for (const page of pages) {
    await page.goto(`/runs/${id}`);
    await hydrated(page);
    await expect(state(page)).toContainText("Applying");
  }
  const chip = pages[0].locator(".bar").getByRole("link", { name: "1 run", exact: true });
  await expect(chip).toBeVisible();
  await accessible(pages[0]);
  await press(pages[0], "Cancel");
  for (const page of pages) {
    await expect(state(page)).toContainText("Cancelling");
    await expect(page.locator("summary", { hasText: /^Cancel$/ })).toHaveCount(0);
  }
  road.hold = undefined;
  goOn();
  for (const page of pages) {
    await expect(state(page)).toContainText("Undone");
    await expect(page.getByText(/^(?!Somebody).+ asked for it to be taken back\.$/)).toBeVisible();
  }
  await expect(chip).toBeHidden();
  expect((await ends(url, token, id)).steps.map((step) => step.state)).toEqual(["undone", "waiting", "waiting"]);
  expect(road.calls.filter((call) => call.operation === "PutLifecyclePolicy")).toEqual([]);
  expect(await listing(name)).toEqual(nothing);
});

test("what is stuck is shown to everybody, and a person decides about it", async ({ own, browser }) => {
  // Three runs to their ends, each before two browsers, while a new server reads the whole fleet for the first time.
  const { url, road } = await own.server();
  const token = own.token();
  const deny = (...operations: string[]) => {
    road.refuse = ({ operation }) =>
      operations.includes(operation)
        ? { status: 400, code: "AccessDeniedException", message: `User: arn:aws:iam::111122223333:user/gantry is not authorized to perform: ecr:${operation} on resource: *` }
        : undefined;
  };
  const pages = [await own.page(browser, url), await own.page(browser, url)];
  const decisions: [label: string, note: string | undefined][] = [
    ["Try again", undefined],
    ["Leave it", "Left by ada: taken care of elsewhere."],
    ["Keep it", "Kept by ada: it is wanted after all."],
  ];
  for (const [label, note] of decisions) {
    const name = `stuck/${label.toLowerCase().replace(" ", "-")}`;
    // The third step, and then the way back of the first.
    deny("SetRepositoryPolicy", "DeleteRepository");
    const id = await begin(url, token, name);
    for (const page of pages) {
      await page.goto(`/runs/${id}`);
      await hydrated(page);
      await expect(state(page)).toContainText("Stuck");
      await expect(page.getByText("1 step could not be taken back", { exact: false }).first()).toBeVisible();
    }
    await expect(pages[1].locator(".bar").getByRole("link", { name: "1 stuck", exact: true })).toHaveAttribute("href", "/runs?state=stuck");
    await expect.poll(async () => (await pages[1].request.get("/")).text()).toContain(`href="/runs/${id}"`);
    await accessible(pages[0]);
    expect(await listing(name)).toEqual({ ...nothing, repository: true });
    if (note === undefined) {
      // Still denied it is stuck once more; allowed it goes.
      await press(pages[0], label);
      await expect.poll(() => road.calls.filter((call) => call.operation === "DeleteRepository").length).toBe(2);
      expect((await ends(url, token, id)).state).toBe("stuck");
      for (const page of pages) await expect(state(page)).toContainText("Stuck");
      deny();
    }
    await press(pages[0], label);
    for (const page of pages) {
      await expect(state(page)).toContainText("Undone");
      if (note !== undefined) await expect(page.getByText(note)).toBeVisible();
    }
    expect((await ends(url, token, id)).steps[0]).toMatchObject({ state: note === undefined ? "undone" : "left", note: note ?? null });
    expect(await listing(name)).toEqual({ ...nothing, repository: note !== undefined });
    if (note !== undefined) await ecr("DeleteRepository", { repositoryName: name });
  }
});
