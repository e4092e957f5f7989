import { defineConfig } from '@playwright/test';
import common from '../e2e/playwright.config.ts';

export default defineConfig({
  ...common,
  testDir: '.',
  testMatch: '*.bench.ts',
  outputDir: '../../target/bench-room',
  timeout: 2_400_000,
  use: { ...common.use, trace: 'off', actionTimeout: 60_000 },
});
