import type { Locator, Page } from '@playwright/test';
import { callNamed, expect, test, withdrawReviews } from './fixtures';

/** How many the demo's rubric has. */
const CRITERIA = 5;

/** Walks with the Tab key, as somebody without a mouse does. */
async function tabTo(page: Page, target: Locator, most = 150): Promise<void> {
  for (let step = 0; step < most; step += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error('the Tab key does not lead there');
}

/** Scores every criterion by key, `first` for the first one and so on in turn, each with evidence. */
async function score(page: Page, first: number): Promise<void> {
  const criteria = page.locator('section.criterion');
  await expect(criteria).toHaveCount(CRITERIA);
  for (let number = 0; number < CRITERIA; number += 1) {
    const criterion = criteria.nth(number);
    const head = criterion.getByRole('button', { expanded: true }).or(criterion.getByRole('button')).first();
    if ((await head.getAttribute('aria-expanded')) !== 'true') {
      await head.focus();
      await page.keyboard.press('Enter');
    }
    await page.keyboard.press(String(((first + number - 1) % 5) + 1));
    await page.keyboard.press('l');
    await page.keyboard.press('e');
    await expect(criterion.getByRole('list', { name: /^Evidence/ }).getByRole('listitem')).toHaveCount(1);
  }
}

test('a peer listens, comments by keyboard alone, scores with evidence; the second one sees both', async ({
  as,
}) => {
  const luis = await as('luis');
  const carla = await as('carla');
  const { id } = await callNamed(luis, 'Oak Street');
  await withdrawReviews(luis, id);
  await withdrawReviews(carla, id);
  await luis.goto(`/calls/${id}`);
  await expect(luis.getByRole('region', { name: 'Transcript' })).toBeVisible();

  // Listens: the playhead moves and a line is marked as heard.
  await luis.keyboard.press('Space');
  await expect(luis.locator('[data-index] [aria-current="true"]').first()).toBeVisible();
  await luis.keyboard.press('c');
  const box = luis.getByRole('textbox', { name: 'Comment' });
  await expect(box).toBeFocused();
  // Typing pauses the recording.
  await luis.keyboard.type('You named the price without a flinch.');
  expect(
    await luis
      .locator('audio')
      .first()
      .evaluate((audio: HTMLAudioElement) => audio.paused),
  ).toBe(true);
  await luis.keyboard.press('Alt+1');
  await luis.keyboard.press('Control+Enter');
  await expect(luis.getByRole('article').filter({ hasText: 'without a flinch' })).toBeVisible();

  const begin = luis.getByRole('button', { name: /^Review this call/ });
  await tabTo(luis, begin);
  await luis.keyboard.press('Enter');
  await score(luis, 2);
  const submit = luis.getByRole('button', { name: 'Submit' });
  await tabTo(luis, submit);
  await luis.keyboard.press('Enter');
  await expect(submit).toBeHidden();

  const ana = await as('ana');
  await ana.goto(`/calls/${id}`);
  await ana.getByRole('button', { name: 'Release it to others' }).click();
  await ana.getByRole('dialog').getByRole('button', { name: 'Release it' }).click();
  await expect(ana.getByRole('dialog')).toBeHidden();

  await carla.goto(`/calls/${id}`);
  await carla.getByRole('button', { name: /^Review this call/ }).click();
  // Blind: nothing of Luis' scores is there before Carla has hers.
  const results = carla.getByRole('list', { name: 'Results' });
  const apart = carla.getByText(/levels? apart/);
  await expect(carla.getByText('Others’ scores are hidden until you submit yours.')).toBeVisible();
  await expect(apart).toHaveCount(0);
  await score(carla, 4);
  await carla.getByRole('button', { name: 'Submit' }).click();
  await expect(results).toContainText('You');
  await expect(results).toContainText('Luis Meyer');
  await expect(apart).toHaveCount(CRITERIA);
  const gaps = (await apart.allTextContents()).map((text) => Number.parseInt(text, 10));
  // The rubric's own order would be 2, 2, 3, 3, 2.
  expect(gaps).toEqual([3, 3, 2, 2, 2]);
});
