import { callNamed, expect, test } from './fixtures';

test('a coach filters moments, plays three in place and opens one at its second', async ({ as, server }) => {
  const luis = await as('luis');
  const { id } = await callNamed(luis, 'River Gate');
  for (const [number, at] of [10_000, 30_000, 50_000, 70_000].entries()) {
    const answer = await luis.request.post(`/api/v1/calls/${id}/comments`, {
      data: { kind: 'praise', body: `Well asked, ${number}.`, start_ms: at, end_ms: at + 4000 },
      headers: { origin: server.url },
    });
    expect(answer.ok()).toBe(true);
  }
  const carla = await as('carla');
  await carla.goto('/moments');
  await carla
    .getByRole('complementary', { name: 'Filters' })
    .getByLabel('With', { exact: true })
    .selectOption({ label: 'Praise' });
  await expect(carla).toHaveURL(/kind=praise/);
  const cards = carla.getByRole('article');
  await expect(cards.nth(2)).toBeVisible();

  for (let number = 0; number < 3; number += 1) {
    await carla.keyboard.press('j');
    await expect(cards.nth(number)).toBeFocused();
    await carla.keyboard.press('Space');
    await expect(cards.nth(number).getByRole('button', { name: 'Pause' })).toBeVisible();
    // It is heard, from its beginning, and nobody left the page.
    await expect
      .poll(() =>
        cards
          .nth(number)
          .locator('.progress')
          .evaluate((bar) => Number.parseFloat(getComputedStyle(bar).scale)),
      )
      .toBeGreaterThan(0.05);
    await expect(carla).toHaveURL(/\/moments/);
  }
  const link = await cards.nth(2).getByRole('link').first().getAttribute('href');
  await carla.keyboard.press('Enter');
  await expect(carla.getByRole('region', { name: 'Transcript' })).toBeVisible();
  const url = new URL(carla.url());
  expect(url.pathname + url.search).toBe(link);
  const wanted = Number(url.searchParams.get('t')?.split(',')[0]);
  expect(wanted).toBeGreaterThan(0);
  const audio = carla.locator('audio').first();
  await expect
    .poll(() => audio.evaluate((element: HTMLAudioElement, at) => Math.abs(element.currentTime - at), wanted))
    .toBeLessThan(1);
  // Its words are in sight, though nothing plays yet.
  await expect(carla.locator('[data-index] [aria-current="true"]').first()).toBeInViewport();
});
