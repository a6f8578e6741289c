// Ages count by the server's clock, whatever the browser's says.
import { expect, hydrated, test } from "../fixtures/test";

for (const [how, hours] of [["ahead", 5], ["behind", -5]] as const) {
  test(`ages are right in a browser whose clock is hours ${how}, and go on`, async ({ page }) => {
    await page.clock.install({ time: Date.now() + hours * 3_600_000 });
    await page.goto("/functions");
    await hydrated(page);
    const age = page.locator(".data-age");
    // Past the first text, which is the server's.
    await page.clock.runFor(3_000);
    await expect(age).toHaveText(/^(\d+ s|\d min) old$/);
    // On a busy machine they may be read late once.
    await expect(age).not.toHaveClass(/\blate\b/);

    await page.clock.fastForward("10:00");
    await expect(age).toHaveText(/^1\d min old$/);
    await expect(age).toHaveClass(/\blate\b/);
  });
}
