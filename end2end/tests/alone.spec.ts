// The one file that `cargo xtask dist` makes: what a browser loads comes with it. Here without optimisation, and reading the site where it was built.
import { test } from "../fixtures/own";
import { expect, hydrated } from "../fixtures/test";

test("a server that is told of a database only serves its pages and all they load", async ({ own, browser }) => {
  const url = await own.alone();
  const visitor = await fetch(`${url}/functions`);
  expect(visitor.status).toBe(200);
  expect(new URL(visitor.url).pathname).toBe("/sign-in");
  const named = new Set((await visitor.text()).match(/\/pkg\/[\w.-]+\.(?:js|wasm|css)/g));
  const types = new Set<string>();
  for (const path of named) {
    const file = await fetch(`${url}${path}`);
    expect(file.status, path).toBe(200);
    expect((await file.arrayBuffer()).byteLength, path).toBeGreaterThan(0);
    types.add((file.headers.get("content-type") ?? "").split(";")[0]);
  }
  expect([...types].sort()).toEqual(["application/wasm", "text/css", "text/javascript"]);
  const page = await own.page(browser, url);
  await hydrated(page);
});
