import { expect, test } from './fixtures';
import { walkTo } from './keyboard';

test('the inbox comes whichever answer comes first, and is marked as read', async ({ as }) => {
  const page = await as('ana');
  await page.route('**/api/v1/inbox?waiting=*', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await route.continue();
  });
  await page.goto('/inbox');
  const lines = page.locator('[data-notice]');
  await expect(lines.first()).toBeVisible();
  const badge = page.getByRole('navigation', { name: 'Main' }).getByText('not read');
  await expect(badge).toBeVisible();

  // One by key, there and back.
  const unread = page.locator('li.unread').filter({ has: lines });
  const before = await unread.count();
  await walkTo(page, unread.first().locator('[data-notice]'), 'j');
  await page.keyboard.press('u');
  await expect(unread).toHaveCount(before - 1);
  await page.keyboard.press('u');
  await expect(unread).toHaveCount(before);

  await page.getByRole('button', { name: 'Mark all as read' }).click();
  await expect(unread).toHaveCount(0);
  await expect(badge).toHaveCount(0);
  await page.reload();
  await expect(lines.first()).toBeVisible();
  await expect(unread).toHaveCount(0);
});
