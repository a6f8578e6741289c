// Another endpoint than the sandbox's: the same pages over moto's server, by the connection's `endpoint_url` alone.
import { Moto, account } from "../fixtures/moto";
import { PrivateGantry, freshness } from "../fixtures/private";
import { expect, hydrated, test } from "../fixtures/test";

const here = `${account}/eu-west-1`;
/** Where what was seeded is, and what its page is called. */
const seeded = [
  [`/functions/${here}/moto-function`, "moto-function"],
  [`/roles/${account}/global/moto-role`, "moto-role"],
  [`/clusters/${here}/moto-cluster`, "moto-cluster"],
  [`/services/${here}/moto-cluster/moto-service`, "moto-service"],
  [`/task-definitions/${here}/moto-web:1`, "moto-web:1"],
  [`/repositories/${here}/moto/app`, "moto/app"],
  [`/queues/${here}/moto-queue`, "moto-queue"],
] as const;

test("the same pages come up over moto, and what it lacks is said", async ({ browser }) => {
  const moto = new Moto();
  const own = new PrivateGantry();
  try {
    await moto.start();
    moto.seed();
    await own.start();
    const { url } = await own.server(undefined, [], moto.url);
    const token = own.token();
    // Everything is read, but for what moto does not implement.
    const missing = async () => {
      const lists = await freshness(url, token);
      const unread = lists.filter((list) => list.complete === null && list.failing?.[1].code !== "not_implemented");
      return lists.length === 0 ? ["no list yet"] : unread.map((list) => `${list.kind} ${list.scope.region}: ${list.failing?.[1].message ?? "not read yet"}`);
    };
    await expect.poll(missing, { timeout: 120_000 }).toEqual([]);
    const page = await own.page(browser, url);

    await page.goto("/");
    await hydrated(page);
    for (const many of ["Functions", "Services", "Clusters", "Repositories", "Images"]) {
      await expect(page.getByRole("link", { name: `${many} in prod eu-west-1: 1`, exact: true })).toBeVisible();
    }

    for (const [path, name] of seeded) {
      await page.goto(`/${path.split("/")[1]}`);
      await hydrated(page);
      await page.locator(`tbody a[href='${path}']`).first().click();
      await expect(page).toHaveURL(`${url}${path}`);
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(name);
    }
    // What a tab reads live may be missing, too.
    await page.goto(`/services/${here}/moto-cluster/moto-service?tab=deployments`);
    await expect(page.getByText(/^Not supported by this endpoint/)).toBeVisible();
    await page.goto("/images");
    await hydrated(page);
    await page.locator("tbody a[href^='/images/']").first().click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("moto/app:v1");

    await page.goto("/search?q=moto");
    for (const [path] of seeded) await expect(page.locator(`a.hit[href='${path}']`), path).toBeVisible();
    // Lists leave tags out: they are read after them.
    await expect(async () => {
      await page.goto("/search?q=harbour");
      await expect(page.locator("a.hit", { hasText: "moto-function" })).toBeVisible({ timeout: 1_000 });
    }).toPass();

    for (const [segment, operation] of [
      ["capacity-providers", "ecs:DescribeCapacityProviders"],
      ["public-repositories", "ecr-public:DescribeRepositories"],
      ["registries", "ecr:"],
    ]) {
      await page.goto(`/${segment}`);
      await expect(page.getByText(`This endpoint does not implement ${operation}`).first()).toBeVisible();
      await expect(page.getByText(/^It is not known which/)).toBeVisible();
    }
  } finally {
    await own.stop();
    await moto.stop();
  }
});
