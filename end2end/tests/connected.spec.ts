// What is connected is so on both pages: one link leads there, and one there leads back.
import { expect, hydrated, test } from "../fixtures/test";

const here = "111122223333/eu-west-1";

for (const [what, from, to] of [
  ["a function and its log group", `/functions/${here}/orders-worker`, `/log-groups/${here}/`],
  ["a queue and the function it triggers", `/queues/${here}/orders-incoming`, `/functions/${here}/orders-worker`],
  ["a service and its target group", `/services/${here}/northwind-shop/orders`, `/target-groups/${here}/`],
] as const) {
  test(`${what} lead to each other`, async ({ page }) => {
    const connected = page.getByRole("complementary", { name: "Connected" });
    await page.goto(from);
    await hydrated(page);
    await connected.locator(`a[href^='${to}']`).first().click();
    await expect(page).toHaveURL(new RegExp(to));
    // Read afresh, as somebody who was sent the address.
    await page.reload();
    await hydrated(page);
    await connected.locator(`a[href='${from}']`).click();
    await expect(page).toHaveURL(new RegExp(`${from}$`));
  });
}
