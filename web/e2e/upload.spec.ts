import path from 'node:path';
import { callNamed, expect, test } from './fixtures';
import { ROOT } from './server';

const RECORDING = path.join(ROOT, 'samples/warehouse-renewal.opus');

test('a rep uploads a call and reads its transcript while it grows', async ({ as }) => {
  const page = await as('luis');
  await page.goto('/calls');
  await page.locator('input[type=file]').first().setInputFiles(RECORDING);
  await page
    .getByRole('link', { name: /warehouse.renewal/i })
    .first()
    .click();

  const words = page.getByRole('region', { name: 'Transcript' });
  const rows = words.locator('[data-index]');
  // Words stand there before the work is done.
  await expect(rows.first()).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('progressbar')).toBeVisible();
  const call = await callNamed(page, 'arehouse');
  expect(call.state).toBe('processing');
  const read = async () => {
    const answer = await page.request.get(`/api/v1/calls/${call.id}/transcript`);
    return ((await answer.json()) as { segments: { text: string }[] }).segments;
  };
  const early = (await read()).length;
  const height = () => words.locator('.sheet').evaluate((sheet) => sheet.scrollHeight);
  const low = await height();
  expect(early).toBeGreaterThan(0);
  await expect.poll(height).toBeGreaterThan(low);
  await expect(page.getByRole('progressbar')).toBeVisible();
  await expect(page.getByRole('progressbar')).toBeHidden({ timeout: 100_000 });

  expect((await callNamed(page, 'arehouse')).state).toBe('ready');
  const segments = await read();
  expect(segments.length).toBeGreaterThan(Math.max(20, early));
  await expect(words).toContainText(segments[0]?.text ?? 'no words at all');
});
