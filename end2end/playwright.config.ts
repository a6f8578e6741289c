import { defineConfig } from "@playwright/test";

// One sandbox and one server for the whole run (started by global-setup.ts); tests share the fleet and change only things of their own.
export default defineConfig({
  testDir: "./tests",
  outputDir: "./test-results",
  globalSetup: "./global-setup.ts",
  // Several times what the longest journey takes on two busy cores, and less than a proof of the password is good for. A wait ends with what it
  // waits for: no journey has a limit of its own that a slower machine would break.
  timeout: 400_000,
  expect: { timeout: 90_000, toPass: { timeout: 150_000 } },
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: !!process.env.CI,
  reporter: process.env.GANTRY_E2E_JSON
    ? [["list"], ["json", { outputFile: process.env.GANTRY_E2E_JSON }]]
    : [["list"]],
  use: {
    viewport: { width: 1440, height: 900 },
    // What still fades in has other colours than those that are judged.
    reducedMotion: "reduce",
    trace: "retain-on-failure",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM || undefined,
      args: ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"].concat(
        process.getuid?.() === 0 ? ["--no-sandbox"] : [],
      ),
    },
  },
});
