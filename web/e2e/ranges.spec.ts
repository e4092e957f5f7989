import type { Locator, Page } from '@playwright/test';
import { callNamed, expect, test, withdrawReviews } from './fixtures';
import { walkTo } from './keyboard';

const CALL = 'River Gate';

const startOf = (page: Page) => page.getByRole('slider', { name: 'Start of the range' });
const endOf = (page: Page) => page.getByRole('slider', { name: 'End of the range' });
const secondsOf = async (slider: Locator) => Number(await slider.getAttribute('aria-valuenow'));

/** Opens the call and marks 20 s to 30 s by keys. */
async function marked(page: Page): Promise<string> {
  const { id } = await callNamed(page, CALL);
  await page.goto(`/calls/${id}?t=20`);
  await expect(page.getByRole('region', { name: 'Transcript' })).toBeVisible();
  const audio = page.locator('audio').first();
  await expect
    .poll(() => audio.evaluate((element: HTMLAudioElement) => element.currentTime))
    .toBeCloseTo(20, 0);
  await page.keyboard.press('i');
  await page.keyboard.press('l');
  await page.keyboard.press('o');
  await expect(startOf(page)).toHaveAttribute('aria-valuenow', '20');
  await expect(endOf(page)).toHaveAttribute('aria-valuenow', '30');
  return id;
}

/** Drags something sideways with the mouse. */
async function drag(page: Page, what: Locator, byPx: number): Promise<void> {
  const box = await what.boundingBox();
  if (!box) throw new Error('it is not in sight');
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const to = Math.max(2, x + byPx);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move((x + to) / 2, y + 30);
  await page.mouse.move(to, y + 60);
  await page.mouse.up();
}

test('the handles of a range go by mouse and by keys, and never past each other', async ({ as }) => {
  const page = await as('luis');
  await marked(page);
  const audio = page.locator('audio').first();
  const at = () => audio.evaluate((element: HTMLAudioElement) => element.currentTime);
  const before = await at();

  await drag(page, endOf(page), 120);
  const end = await secondsOf(endOf(page));
  expect(end).toBeGreaterThan(31);
  // Neither the playhead moved, nor was anything on the page selected meanwhile.
  expect(await at()).toBeCloseTo(before, 1);
  expect(await page.evaluate(() => String(getSelection()))).toBe('');

  // Far over the other one: a little stays between them.
  await drag(page, startOf(page), 900);
  expect(await secondsOf(startOf(page))).toBeGreaterThanOrEqual(end - 1);
  expect(await secondsOf(startOf(page))).toBeLessThanOrEqual(end);
  await drag(page, startOf(page), -2000);
  await expect(startOf(page)).toHaveAttribute('aria-valuenow', '0');

  await endOf(page).focus();
  for (let press = 0; press < 4; press += 1) await page.keyboard.press('ArrowRight');
  expect(await secondsOf(endOf(page))).toBe(end + 2);
  await expect(endOf(page)).toHaveAttribute('aria-valuetext', /second/);
  await page.keyboard.press('Shift+ArrowLeft');
  expect(await secondsOf(endOf(page))).toBe(end - 3);
  await page.keyboard.press('Home');
  // Right behind the start, which is at 0.
  expect(await secondsOf(endOf(page))).toBe(0);
  await page.keyboard.press('End');
  const length = Number(await endOf(page).getAttribute('aria-valuemax'));
  expect(await secondsOf(endOf(page))).toBe(length);
  expect(await at()).toBeCloseTo(before, 1);

  await page.getByRole('button', { name: 'Clear the range' }).click();
  await expect(startOf(page)).toHaveCount(0);
});

test('a loop goes back to where its start was dragged', async ({ as }) => {
  const page = await as('luis');
  await marked(page);
  await drag(page, startOf(page), 20);
  const start = await secondsOf(startOf(page));
  await page.keyboard.press('r');
  await expect(page.getByRole('button', { name: 'Loop' })).toHaveAttribute('aria-pressed', 'true');
  const audio = page.locator('audio').first();
  await audio.evaluate((element: HTMLAudioElement) => (element.currentTime = 29.5));
  await page.keyboard.press('Space');
  await expect
    .poll(() => audio.evaluate((element: HTMLAudioElement) => element.currentTime))
    .toBeLessThan(29);
  expect(await audio.evaluate((element: HTMLAudioElement) => element.currentTime)).toBeGreaterThanOrEqual(
    start - 0.5,
  );
});

test('what was marked becomes a comment’s range, which keys and buttons change', async ({ as }) => {
  const page = await as('luis');
  const id = await marked(page);
  await expect(page.getByRole('button', { name: 'Comment on the range' })).toBeVisible();
  await page.keyboard.press('c');
  const composer = page.getByRole('group', { name: 'New comment' });
  const start = composer.getByRole('spinbutton', { name: 'Start' });
  const end = composer.getByRole('spinbutton', { name: 'End' });
  await expect(start).toHaveText('00:20.0');
  await expect(end).toHaveText('00:30.0');

  // By keys alone: back from the text to the edges.
  await page.keyboard.type('Named by the second.');
  await walkTo(page, start, 'Shift+Tab');
  await page.keyboard.press('ArrowRight');
  await expect(start).toHaveText('00:20.5');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(start).toHaveText('00:15.5');
  await walkTo(page, end);
  await page.keyboard.press('PageDown');
  await expect(end).toHaveText('00:25.0');
  await page.keyboard.press('Enter');
  await expect(end).toHaveText('00:30.0');
  await composer.getByRole('button', { name: 'End half a second earlier' }).click();
  await expect(end).toHaveText('00:29.5');
  await composer.getByRole('button', { name: 'Play', exact: true }).click();
  const audio = page.locator('audio').first();
  await expect.poll(() => audio.evaluate((element: HTMLAudioElement) => element.paused)).toBe(false);

  await composer.getByRole('textbox', { name: 'Comment' }).focus();
  await page.keyboard.press('Control+Enter');
  const thread = page.getByRole('article').filter({ hasText: 'Named by the second.' });
  await expect(thread.getByRole('button', { name: 'Play from 00:15' })).toBeVisible();
  const placeNow = async () => {
    const answer = await page.request.get(`/api/v1/calls/${id}/comments?limit=200`);
    const { items } = (await answer.json()) as {
      items: { body: string; anchor: { start_ms: number; end_ms: number; quote: string } | null }[];
    };
    return items.find((one) => one.body === 'Named by the second.')?.anchor;
  };
  // It stands on the page before it is sent.
  await expect.poll(placeNow).toMatchObject({ start_ms: 15_500, end_ms: 29_500 });

  // Sent, it can still go elsewhere, and quotes what is said there.
  const quoteBefore = (await placeNow())?.quote;
  await thread.getByRole('button', { name: 'More about this comment' }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  const edit = page.getByRole('group', { name: 'Edit the comment' });
  await edit.getByRole('spinbutton', { name: 'Start' }).focus();
  await page.keyboard.press('PageUp');
  await expect(edit.getByRole('spinbutton', { name: 'Start' })).toHaveText('00:20.5');
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(edit).toHaveCount(0);
  await expect(thread.getByRole('button', { name: 'Play from 00:20' })).toBeVisible();
  await expect.poll(placeNow).toMatchObject({ start_ms: 20_500, end_ms: 29_500 });
  expect((await placeNow())?.quote).not.toBe(quoteBefore);
});

/** Begins a review with a range that is marked, and opens its first criterion. */
async function reviewMarked(page: Page) {
  await withdrawReviews(page, (await callNamed(page, CALL)).id);
  await marked(page);
  await page.getByRole('button', { name: /^Review this call/ }).click();
  const criterion = page.locator('section.criterion').first();
  const head = criterion.getByRole('heading').getByRole('button');
  if ((await head.getAttribute('aria-expanded')) !== 'true') await head.click();
  const place = criterion.getByRole('list', { name: /^Evidence/ }).getByRole('listitem');
  return { criterion, head, place };
}

test('what was marked becomes evidence', async ({ as }) => {
  const page = await as('luis');
  const { head, place } = await reviewMarked(page);
  await head.focus();
  await page.keyboard.press('e');
  await expect(place).toContainText('00:20–00:30');

  // Another range, and the words that are selected go before it.
  await drag(page, endOf(page), 60);
  const end = await secondsOf(endOf(page));
  await head.focus();
  await page.keyboard.press('e');
  await expect(place.nth(1)).toContainText(`00:20–00:${end}`);
  await place
    .nth(1)
    .getByRole('button', { name: /^Remove/ })
    .click();
  await expect(place).toHaveCount(1);
});

test('what is removed while it is on its way does not come back', async ({ as }) => {
  const page = await as('luis');
  const { criterion, head, place } = await reviewMarked(page);

  // The server takes it, and the answer is slow.
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => (arrived = resolve));
  let answer = () => {};
  const removed = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/evidence', async (route) => {
    const response = await route.fetch();
    arrived();
    await removed;
    await route.fulfill({ response });
  });
  await head.focus();
  await page.keyboard.press('e');
  await arrival;
  const gone = page.waitForResponse((response) => response.request().method() === 'DELETE');
  await place.getByRole('button', { name: /^Remove/ }).click();
  answer();
  expect((await gone).status()).toBe(200);
  await expect(place).toHaveCount(0);
  await page.reload();
  await expect(criterion).toBeVisible();
  await expect(place).toHaveCount(0);
});
