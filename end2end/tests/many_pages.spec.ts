// More pages than may listen: the others say in words that they stand still.
import { test } from "../fixtures/own";
import { accessible, expect, hydrated } from "../fixtures/test";

test("beyond twenty open pages a page says that it does not update by itself, and listens once there is room", async ({ own, browser }) => {
  const { url } = await own.server();
  const first = await own.page(browser, url);
  const light = (page: typeof first) => page.locator(".bar .light");
  // A list of a new fleet may be late.
  await expect(light(first)).toHaveText(/^Live/);
  // With this one twenty.
  await first.evaluate(async () => {
    const address = `${location.origin.replace("http", "ws")}/live`;
    const sockets = Array.from({ length: 19 }, () => new WebSocket(address));
    (window as unknown as { sockets: WebSocket[] }).sockets = sockets;
    await Promise.all(sockets.map((socket) => new Promise((opened) => socket.addEventListener("open", opened))));
  });
  const one_more = await first.context().newPage();
  await one_more.goto("/functions");
  await hydrated(one_more);
  await expect(light(one_more)).toHaveText("Not live");
  await expect(one_more.getByRole("main").getByText("20 pages are open already; this one does not update by itself.")).toBeVisible();
  await accessible(one_more);

  await first.evaluate(() => (window as unknown as { sockets: WebSocket[] }).sockets.forEach((socket) => socket.close()));
  await expect(light(one_more)).toHaveText(/^Live/);
  await expect(one_more.getByText("20 pages are open already")).toBeHidden();
});
