import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { callNamed, expect, test } from './fixtures';

const SIZE = 70_000_000;
const RATE_HZ = 16_000;

/** A recording of one tone, long enough to be sent in several pieces. */
function longRecording(folder: string): string {
  const wav = Buffer.alloc(SIZE);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(SIZE - 8, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE_HZ, 24);
  wav.writeUInt32LE(2 * RATE_HZ, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(SIZE - 44, 40);
  const file = path.join(folder, 'long-talk.wav');
  writeFileSync(file, wav);
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
  expect(Number(audio.headers()['content-length'])).toBe(SIZE);
  // Nobody speaks in it; the next tests need the worker.
  await page.request.delete(`/api/v1/calls/${call.id}`);
});
