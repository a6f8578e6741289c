// A person in Chromium: what the scripts beside this share. Their name and password are in GANTRY_PERSON and GANTRY_PASSWORD.
import { chromium } from "@playwright/test";

/** Starts Chromium, offline but for this machine. */
export function browser(more = {}) {
  const own = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const args = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...own];
  return chromium.launch({ executablePath: process.env.CHROMIUM || undefined, args, ...more });
}

/** A page of somebody who has signed in at this address. */
export async function signedIn(browser, address) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${address}/sign-in`);
  await page.getByLabel("Name").fill(process.env.GANTRY_PERSON);
  await page.getByLabel("Password", { exact: true }).fill(process.env.GANTRY_PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  return page;
}
