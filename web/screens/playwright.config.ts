import { defineConfig } from '@playwright/test';
import common from '../e2e/playwright.config.ts';

export default defineConfig({
  ...common,
  testDir: '.',
  testMatch: '*.shots.ts',
  outputDir: '../../target/screens',
  use: { ...common.use, trace: 'off' },
});
