import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { callNamed, expect, test } from './fixtures';
import { wavHead } from './wav';

const SOUND_BYTES = 70_000_000;
const RATE_HZ = 16_000;

/** A recording of silence, long enough to be sent in several pieces. */
function longRecording(folder: string): string {
  const head = wavHead({ rate_hz: RATE_HZ, channels: 1, bits: 16, bytes: SOUND_BYTES });
  const file = path.join(folder, 'long-talk.wav');
  writeFileSync(file, Buffer.concat([head, Buffer.alloc(SOUND_BYTES)]));
  return file;
}

/** Makes every piece take a while, as over a thin line. */
async function slowDown(page: Page): Promise<void> {
  await page.route('**/api/v1/uploads/*', async (route) => {
    if (route.request().method() === 'PATCH') await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
}

test('an upload goes on after the server was killed and the page was loaded again', async ({
  as,
  server,
}, info) => {
  const file = longRecording(info.outputPath());
  const page = await as('luis');
  await slowDown(page);
  await page.goto('/calls');
  await page.locator('input[type=file]').first().setInputFiles(file);
  const bar = page.getByRole('progressbar', { name: /long-talk/ });
  const percent = async () => Number((await bar.getAttribute('aria-valuenow')) ?? 0);
  await expect.poll(percent).toBeGreaterThan(20);

  await server.kill();
  await page.waitForTimeout(2000);
  await server.start();
  await expect.poll(percent, { timeout: 60_000 }).toBeGreaterThan(45);

  page.on('dialog', (dialog) => void dialog.accept());
  await page.reload();
  await expect(page.getByRole('button', { name: 'Choose the file' })).toBeVisible();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose the file' }).click();
  await (await chooser).setFiles(file);
  // It begins where it was, not at the start.
  await expect.poll(percent).toBeGreaterThan(40);
  await expect(page.getByRole('link', { name: /long.talk/i }).first()).toBeVisible({ timeout: 60_000 });
  const call = await callNamed(page, 'ong');
  const audio = await page.request.fetch(`/api/v1/calls/${call.id}/audio`, { method: 'HEAD' });
  expect(Number(audio.headers()['content-length'])).toBe(statSync(file).size);
  // Nobody speaks in it; the next tests need the worker.
  await page.request.delete(`/api/v1/calls/${call.id}`);
});
