import type { Page } from '@playwright/test';
import { callNamed, expect, test } from './fixtures';

const CALL = 'Hill Park';
/** The second model that `scripts/test-all` gets; it hears a few words differently. */
const OTHER_MODEL = 'tiny.en-q8_0';

async function compare(page: Page): Promise<void> {
  await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'About' }).click();
  await page
    .getByRole('region', { name: 'Versions of the transcript' })
    .getByRole('button', { name: 'Compare' })
    .click();
  await expect(page.getByRole('dialog', { name: 'Compare versions' })).toBeVisible();
}

test('a correction shows in the comparison, and leads to its second', async ({ as }) => {
  const page = await as('ana');
  const { id } = await callNamed(page, CALL);
  await page.goto(`/calls/${id}`);
  const row = page.locator('[data-index="3"]');
  const heard = (await row.locator('.text').textContent()) ?? '';
  const words = heard.trim().split(/\s+/);
  await row.locator('.text').dblclick();
  const field = page.getByRole('textbox', { name: 'What is said' });
  await expect(field).toBeFocused();
  await field.fill([...words.slice(0, -1), 'kaleidoscope.'].join(' '));
  await page.keyboard.press('Enter');
  await expect(row.locator('.text')).toContainText('kaleidoscope.');

  await compare(page);
  const dialog = page.getByRole('dialog', { name: 'Compare versions' });
  await expect(dialog.getByLabel('To')).toHaveValue('read');
  await expect(dialog.getByRole('status')).toHaveText('They differ in 1 place.');
  const place = dialog.getByRole('listitem').first();
  await expect(place.locator('del')).toHaveText(words.at(-1) ?? '');
  await expect(place.locator('ins')).toHaveText('kaleidoscope.');
  await dialog.getByLabel('To').selectOption({ index: 0 });
  await expect(dialog.getByRole('status')).toHaveText('Both read the same.');
  await dialog.getByLabel('To').selectOption('read');

  const clock = (await place.getByRole('button').textContent()) ?? '';
  await place.getByRole('button').focus();
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  const [minutes, seconds] = clock.split(':').map(Number);
  const audio = page.locator('audio').first();
  await expect
    .poll(() => audio.evaluate((element: HTMLAudioElement) => Math.floor(element.currentTime)))
    .toBe(60 * (minutes ?? 0) + (seconds ?? 0));

  // Taken back, from the mark beside the words.
  await row.getByRole('button', { name: 'Corrected: show what was heard' }).click();
  await page.getByRole('button', { name: /^Revert/ }).click();
  await expect(row.locator('.text')).toHaveText(heard);
});

test('a call that was heard again keeps both versions, to compare', async ({ as }) => {
  test.setTimeout(300_000);
  const page = await as('ana');
  const { id } = await callNamed(page, CALL);
  await page.goto(`/calls/${id}`);
  await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'About' }).click();
  const versions = page.getByRole('region', { name: 'Versions of the transcript' });
  await expect(versions.getByRole('listitem').first()).toBeVisible();
  const before = await versions.getByRole('listitem').count();
  await versions.getByRole('button', { name: 'Transcribe again' }).click();
  const ask = page.getByRole('dialog', { name: 'Transcribe again' });
  await ask.getByLabel('Model').fill(OTHER_MODEL);
  await ask.getByRole('button', { name: 'Transcribe again' }).click();
  await expect(ask).toBeHidden();
  await expect(versions.getByRole('listitem')).toHaveCount(before + 1, { timeout: 240_000 });
  await expect(versions.getByRole('listitem').last()).toContainText('the one to read', { timeout: 240_000 });
  await expect(versions.getByRole('listitem').last()).toContainText(OTHER_MODEL);

  await compare(page);
  const dialog = page.getByRole('dialog', { name: 'Compare versions' });
  await expect(dialog.getByLabel('From')).toHaveValue(String(before));
  await expect(dialog.getByLabel('To')).toHaveValue(String(before + 1));
  await expect(dialog.getByRole('status')).toHaveText(/Both read the same|They differ in \d+ place/);
  // A dialog is left by Escape, and the focus goes back to where it was.
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(versions.getByRole('button', { name: 'Compare' })).toBeFocused();
});
