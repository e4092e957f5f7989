import { callNamed, expect, test } from './fixtures';

test('two people who have a call open see each other’s comments', async ({ as }) => {
  const ana = await as('ana');
  const luis = await as('luis');
  const { id } = await callNamed(ana, 'Hill Park');
  await ana.goto(`/calls/${id}`);
  await luis.goto(`/calls/${id}`);
  await expect(luis.getByRole('region', { name: 'Transcript' })).toBeVisible();
  await expect(ana.getByRole('region', { name: 'Transcript' })).toBeVisible();

  await luis.keyboard.press('c');
  await luis.keyboard.type('That pause did all the work.');
  await luis.keyboard.press('Control+Enter');
  const seen = ana.getByRole('article').filter({ hasText: 'That pause did all the work.' });
  await expect(seen).toBeVisible({ timeout: 5000 });

  await seen.getByRole('button', { name: 'Reply' }).click();
  await ana.keyboard.type('It felt very long.');
  await ana.keyboard.press('Control+Enter');
  const thread = luis.getByRole('article').filter({ hasText: 'That pause did all the work.' });
  await expect(thread).toContainText('It felt very long.', { timeout: 5000 });
});
