import { expect, test } from './fixtures';

test('administrators see whose recordings take the most room', async ({ as }) => {
  const page = await as('admin', { width: 360, height: 780 });
  await page.goto('/settings/system');
  const shares = page.getByRole('region', { name: 'Who takes the most room' });
  await expect(shares.getByRole('list')).toHaveCount(0);
  await shares.getByRole('button', { name: 'Count' }).click();
  const first = shares.getByRole('list', { name: 'People' }).getByRole('listitem').first();
  await expect(first).toContainText(/Ana.* [KM]B/);
  await expect(shares.getByRole('list', { name: 'Teams' }).getByRole('listitem')).not.toHaveCount(0);
  await shares.getByRole('button', { name: 'Count again' }).click();
  await expect(first).toContainText(/Ana/);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(360);
  await page.screenshot({ path: test.info().outputPath('shares.png'), fullPage: true });
});

test('people see what they take, and are told before there is no room', async ({ as }) => {
  const page = await as('ana');
  await page.goto('/settings/profile');
  const mine = page.getByRole('region', { name: 'Your recordings' });
  await expect(mine).toContainText('No limit');
  await expect(mine).toContainText(/Recordings\s*[1-9][\d.]* [KM]B/);

  // The same answer with a limit, which the program takes when it starts.
  let quota = 0;
  await page.route('**/api/v1/me/storage', async (route) => {
    const answer = await route.fetch();
    const storage = (await answer.json()) as { recordings_bytes: number };
    quota = Math.ceil(storage.recordings_bytes / 0.95);
    await route.fulfill({ response: answer, json: { ...storage, quota_bytes: quota } });
  });
  await page.reload();
  await expect(mine).toContainText('95 % taken');
  await expect(mine.getByRole('progressbar')).toHaveAttribute('aria-valuenow', '95');
  await page.goto('/calls');
  await expect(page.getByText('There is little room left')).toBeVisible();
});
