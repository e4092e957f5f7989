import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { withinBudget } from './budget.ts';

const api = process.env.GAMETAPE_DEV_API ?? 'http://127.0.0.1:7400';

export default defineConfig({
  plugins: [svelte(), withinBudget({ firstLoadKb: 200, later: ['/app/pages/CallPage.svelte'] })],
  resolve: {
    alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) },
  },
  server: {
    port: 7401,
    proxy: { '/api': { target: api } },
  },
  build: {
    target: 'es2022',
    // The server's content security policy allows neither data: addresses nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.ts', '*.test.ts'],
  },
});
