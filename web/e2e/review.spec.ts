import type { Page } from '@playwright/test';
import { callNamed, expect, test, withdrawReviews } from './fixtures';
import { countPointers, CRITERIA, scoreAll, walkTo } from './keyboard';
import { PASSWORD } from './server';

const CALL = 'Oak Street';

/** From the sign-in to the call, as somebody without a mouse goes. */
async function signInAndOpen(page: Page): Promise<void> {
  await page.goto('/');
  await expect(page.getByLabel('Email')).toBeFocused();
  await page.keyboard.type('luis@demo.example');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('textbox', { name: 'Password' })).toBeFocused();
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  const line = page.getByRole('main').getByRole('link', { name: new RegExp(CALL) });
  await expect(line).toBeVisible();
  await walkTo(page, line, 'j');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('region', { name: 'Transcript' })).toBeVisible();
}

/** Hears a little of the call and says something about it. */
async function listenAndComment(page: Page, words: string): Promise<void> {
  // The playhead moves and a line is marked as heard.
  await page.keyboard.press('Space');
  await expect(page.locator('[data-index] [aria-current="true"]').first()).toBeVisible();
  await page.keyboard.press('c');
  await expect(page.getByRole('textbox', { name: 'Comment' })).toBeFocused();
  // Typing pauses the recording.
  await page.keyboard.type(words);
  const audio = page.locator('audio').first();
  expect(await audio.evaluate((element: HTMLAudioElement) => element.paused)).toBe(true);
  await page.keyboard.press('Alt+1');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('article').filter({ hasText: words })).toBeVisible();
}

test('a peer signs in, listens, comments, scores with evidence and submits, all by keyboard', async ({
  as,
  open,
}) => {
  const before = await as('luis');
  await withdrawReviews(before, (await callNamed(before, CALL)).id);

  const luis = await open();
  const pointers = await countPointers(luis);
  await signInAndOpen(luis);
  await listenAndComment(luis, 'You named the price without a flinch.');
  await walkTo(luis, luis.getByRole('button', { name: /^Review this call/ }));
  await luis.keyboard.press('Enter');
  await scoreAll(luis, 2);
  const submit = luis.getByRole('button', { name: 'Submit' });
  await walkTo(luis, submit);
  await luis.keyboard.press('Enter');
  await expect(submit).toBeHidden();
  await expect(luis.getByRole('list', { name: 'Results' })).toContainText('You');
  expect(pointers()).toBe(0);
});

test('the second reviewer is blind until she has submitted, then sees where both differ most', async ({
  as,
}) => {
  const ana = await as('ana');
  const carla = await as('carla');
  const { id } = await callNamed(carla, CALL);
  await withdrawReviews(carla, id);
  await ana.goto(`/calls/${id}`);
  await ana.getByRole('button', { name: 'Release it to others' }).click();
  await ana.getByRole('dialog').getByRole('button', { name: 'Release it' }).click();
  await expect(ana.getByRole('dialog')).toBeHidden();

  await carla.goto(`/calls/${id}`);
  await carla.getByRole('button', { name: /^Review this call/ }).click();
  const results = carla.getByRole('list', { name: 'Results' });
  const apart = carla.getByText(/levels? apart/);
  await expect(carla.getByText('Others’ scores are hidden until you submit yours.')).toBeVisible();
  await expect(apart).toHaveCount(0);
  await expect(carla.getByRole('complementary', { name: 'Scorecard' })).not.toContainText('Luis Meyer');
  await scoreAll(carla, 4);
  await carla.getByRole('button', { name: 'Submit' }).click();
  await expect(results).toContainText('You');
  await expect(results).toContainText('Luis Meyer');
  await expect(apart).toHaveCount(CRITERIA);
  const gaps = (await apart.allTextContents()).map((text) => Number.parseInt(text, 10));
  // The rubric's own order would be 2, 2, 3, 3, 2.
  expect(gaps).toEqual([3, 3, 2, 2, 2]);
});
