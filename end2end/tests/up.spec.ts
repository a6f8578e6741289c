// `cargo xtask up` itself, of what is built: it says where Gantry is, refuses what it cannot use in one line, and ends whole, whatever ends it.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../fixtures/private";
import { expect, hydrated, test } from "../fixtures/test";
import { password, world } from "../fixtures/world";

/** Processes that run: their number, their parent's, their group's. */
function processes(): [number, number, number][] {
  const lines = execFileSync("ps", ["-eo", "pid=,ppid=,pgid=,stat="], { encoding: "utf8" }).trim().split("\n");
  const words = lines.map((line) => line.trim().split(/\s+/));
  return words.filter(([, , , state]) => !state.startsWith("Z")).map(([pid, parent, group]) => [Number(pid), Number(parent), Number(group)]);
}

/** Those of these process groups in which something runs. */
function alive(groups: number[]): number[] {
  const running = new Set(processes().map(([, , group]) => group));
  return groups.filter((group) => running.has(group));
}

/** One start, in a process group of its own, as a terminal has it. */
class Up {
  private readonly child: ChildProcess;
  /** Its standard output. */
  said = "";
  /** What it tells people. */
  told = "";
  /** Its exit code; none where a signal ended it. */
  readonly ended: Promise<number | null>;
  private over = false;

  constructor(port: number, data: string, config: string) {
    const child = spawn(process.env.GANTRY_XTASK ?? "", ["up", "--built", "--port", String(port), "--data-dir", data], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, GANTRY_CONFIG: config, GANTRY_CONNECTIONS: "", DATABASE_URL: "", AWS_EC2_METADATA_DISABLED: "true" },
    });
    child.stdout.on("data", (bytes: Buffer) => (this.said += bytes.toString()));
    child.stderr.on("data", (bytes: Buffer) => (this.told += bytes.toString()));
    this.child = child;
    this.ended = new Promise((resolve) =>
      child.on("close", (code) => {
        this.over = true;
        resolve(code);
      }),
    );
  }

  /** The address that it ends with. */
  async ready(): Promise<string> {
    const address = () => /^Gantry is ready: (\S+)$/m.exec(this.said)?.[1];
    await expect.poll(() => this.over || address() !== undefined, { timeout: 300_000 }).toBe(true);
    const found = address();
    if (found === undefined) throw new Error(`up ended before it was ready:\n${this.told}`);
    return found;
  }

  /** The process groups of everything it started. */
  groups(): number[] {
    const all = processes();
    const groups = new Set<number>();
    for (let parents = [this.child.pid ?? 0]; parents.length > 0; ) {
      const children = all.filter(([, parent]) => parents.includes(parent));
      for (const [, , group] of children) groups.add(group);
      parents = children.map(([pid]) => pid);
    }
    return [...groups];
  }

  /** What Ctrl-C sends: to the group of the terminal, in which only `up` itself is. */
  interrupt() {
    if (!this.over && this.child.pid) process.kill(-this.child.pid, "SIGINT");
  }

  kill() {
    if (!this.over) this.child.kill("SIGKILL");
  }
}

test("up starts what is built, refuses in one line, ends whole at Ctrl-C, and starts again after a kill", async ({ browser }) => {
  const folder = mkdtempSync(join(tmpdir(), "gantry-up-"));
  // As root, Postgres runs as another user, who must be able to reach its data.
  chmodSync(folder, 0o755);
  const config = join(folder, "gantry.toml");
  const account = "111122223333";
  writeFileSync(
    config,
    [
      "[[connections]]",
      'name = "prod"',
      `account = "${account}"`,
      'regions = ["eu-west-1"]',
      `endpoint_url = "${world().endpoint}"`,
      `access_key = "${account}"`,
      'secret_key = "sandbox"',
    ].join("\n"),
  );
  const port = await freePort();
  const started: Up[] = [];
  const up = (data: string) => {
    const one = new Up(port, join(folder, data), config);
    started.push(one);
    return one;
  };
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  try {
    const first = up("data");
    const link = await first.ready();
    expect(link).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/welcome\\?token=\\S+$`));
    const page = await context.newPage();
    await page.goto(link);
    await page.getByLabel("Name").fill("ada");
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByRole("button", { name: "Create administrator" }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();

    // Each refusal is one line.
    const beside = up("other");
    expect(await beside.ended).toBe(1);
    expect(beside.told.trim()).toMatch(new RegExp(`^error: port ${port} is taken: choose another, for example --port \\d+$`));
    const twice = up("data");
    expect(await twice.ended).toBe(1);
    expect(twice.told.trim()).toMatch(/^error: process \d+ \(`cargo xtask up`\) already uses \S+: stop it, or choose another --data-dir$/);

    // The server, the sandbox, the guard of the database and the database lead groups of their own.
    const groups = first.groups();
    expect(groups.length).toBeGreaterThanOrEqual(4);
    first.interrupt();
    expect(await first.ended).toBe(130);
    await expect.poll(() => alive(groups)).toEqual([]);

    // What was there before is there again: the administrator, the session, the fleet.
    const second = up("data");
    expect(await second.ready()).toBe(`http://127.0.0.1:${port}/`);
    await page.goto(`http://127.0.0.1:${port}/functions?q=orders-api`);
    await hydrated(page);
    await expect(page.locator("tbody").getByRole("link", { name: "orders-api", exact: true }).first()).toBeVisible();

    // Killed while a page is open: the next start comes at once, on the same port, and nothing of this one stays.
    const left = second.groups();
    second.kill();
    await second.ended;
    const third = up("data");
    expect(await third.ready()).toBe(`http://127.0.0.1:${port}/`);
    // A server may take some seconds for what is under way.
    await expect.poll(() => alive(left)).toEqual([]);
    await page.reload();
    await expect(page.locator("tbody").getByRole("link", { name: "orders-api", exact: true }).first()).toBeVisible();
    const last = third.groups();
    third.interrupt();
    expect(await third.ended).toBe(130);
    await expect.poll(() => alive(last)).toEqual([]);
  } finally {
    await context.close();
    const groups = started.flatMap((one) => one.groups());
    for (const one of started) one.kill();
    await Promise.all(started.map((one) => one.ended));
    // They end by themselves when it has; Postgres writes until then.
    await expect.poll(() => alive(groups)).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  }
});
