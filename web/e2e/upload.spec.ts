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
  await expect(words).toContainText(/./);
  await expect(page.getByRole('progressbar')).toBeHidden({ timeout: 100_000 });

  const call = await callNamed(page, 'arehouse');
  expect(call.state).toBe('ready');
  const answer = await page.request.get(`/api/v1/calls/${call.id}/transcript`);
  const { segments } = (await answer.json()) as { segments: { text: string }[] };
  expect(segments.length).toBeGreaterThan(20);
  await expect(words).toContainText(segments[0]?.text ?? 'no words at all');
});
