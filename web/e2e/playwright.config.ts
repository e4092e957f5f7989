import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

// The system's browser where there is one; Playwright's own otherwise.
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';

export default defineConfig({
  testDir: '.',
  outputDir: '../../target/e2e',
  // Every test hears the same server's model at work on the same cores.
  workers: 1,
  fullyParallel: false,
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  forbidOnly: true,
  use: {
    viewport: { width: 1440, height: 900 },
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
    launchOptions: {
      ...(existsSync(chromium) && { executablePath: chromium }),
      args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
    },
  },
});
