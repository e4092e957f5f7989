import { callNamed, expect, test } from './fixtures';

test('a call that failed says why and can be tried again', async ({ as }) => {
  const page = await as('luis');
  await page.goto('/calls');
  const broken = { name: 'broken-talk.wav', mimeType: 'audio/wav', buffer: Buffer.alloc(4000, 7) };
  await page.locator('input[type=file]').first().setInputFiles(broken);
  await page
    .getByRole('main')
    .getByRole('link', { name: /broken.talk/i })
    .first()
    .click();
  await expect.poll(async () => (await callNamed(page, 'roken')).state, { timeout: 30_000 }).toBe('failed');
  const { problem } = await callNamed(page, 'roken');
  await expect(page.getByRole('main')).toContainText(problem?.detail ?? 'no reason');

  await page.goto('/inbox');
  await expect(page.getByRole('main')).toContainText(/broken.talk/i);

  const admin = await as('admin');
  await admin.goto('/settings/system');
  const failed = admin.getByRole('list', { name: 'Failed calls' }).getByRole('listitem');
  const row = failed.filter({ hasText: /broken.talk/i });
  await row.getByRole('button', { name: /^Try again/ }).click();
  await expect(admin.getByText(/is being worked on again/)).toBeVisible();
  // It fails again, for it is no recording now either.
  await expect(row).toBeVisible({ timeout: 30_000 });
});

test('a rubric is written, published, archived and offered again', async ({ as }) => {
  const page = await as('admin');
  await page.goto('/settings/rubrics');
  await page.getByRole('button', { name: /New rubric/ }).click();
  await page.getByRole('dialog').getByRole('textbox').first().fill('Renewals');
  await page.getByRole('dialog').getByLabel('Begin with').selectOption({ index: 1 });
  await page.getByRole('dialog').getByRole('button', { name: 'Make it' }).click();
  await expect(page.getByRole('heading', { name: 'Renewals' })).toBeVisible();
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Publish it' }).click();
  await expect(page.getByText('Version 1', { exact: true }).first()).toBeVisible();

  const more = async (name: string) => {
    await page.getByRole('button', { name: 'More' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await more('Archive it');
  await page.getByRole('dialog').getByRole('button', { name: 'Archive it' }).click();
  await expect(page.getByText(/This rubric is archived/)).toBeVisible();
  await more('Offer it again');
  await page.getByRole('dialog').getByRole('button', { name: 'Offer it' }).click();
  await expect(page.getByText(/This rubric is archived/)).toBeHidden();
});

test('a rule shows what it would take, and a held call stays', async ({ as }) => {
  const page = await as('admin', { width: 360, height: 780 });
  const call = await callNamed(page, '');
  await page.goto(`/calls/${call.id}`);
  await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'About' }).click();
  const about = page.getByRole('region', { name: 'About this call' });
  await expect(about).toContainText('Consent to the recording: Not noted');
  await about.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Consent to the recording').selectOption('all_agreed');
  await dialog.getByLabel('How it was given').fill('asked at the start');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(about).toContainText('Everybody agreed');
  await expect(about).toContainText('asked at the start');
  await about.getByRole('button', { name: 'Hold for the library' }).click();
  await expect(about).toContainText('Held for the library');
  const refused = await page.request.delete(`/api/v1/calls/${call.id}`, {
    headers: { origin: new URL(page.url()).origin },
  });
  expect(refused.status()).toBe(409);

  await page.goto('/settings/retention');
  await expect(page.getByText('Every call is kept until somebody deletes it')).toBeVisible();
  await page.getByRole('button', { name: 'New rule' }).first().click();
  await dialog.getByLabel('The whole call').check();
  await dialog.getByLabel('Days', { exact: true }).fill('0');
  await expect(dialog.getByText('A whole number of days')).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'See what would go' })).toBeDisabled();
  // By keyboard: what would go comes first, and making the rule second.
  await dialog.getByLabel('Days', { exact: true }).fill('2');
  await page.keyboard.press('Enter');
  await expect(
    dialog.getByText(/would be deleted within 30 days.* 1 more would go, but is held/),
  ).toBeVisible();
  await expect(dialog.getByRole('listitem').filter({ hasText: 'Held: it stays' })).toHaveCount(1);
  await dialog.getByRole('button', { name: 'Make this rule' }).click();
  await expect(page.getByRole('list', { name: 'Rules' })).toContainText('Delete the whole call after 2 days');
  await expect(page.getByText(/nothing goes by them before/)).toBeVisible();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(360);
  await page.screenshot({ path: test.info().outputPath('retention.png'), fullPage: true });

  // As it was before, for other tests.
  await page.getByRole('button', { name: 'Take away: All calls' }).click();
  await expect(dialog.getByText('Nothing goes within 30 days')).toBeVisible();
  await dialog.getByRole('button', { name: 'Take it away' }).click();
  await expect(page.getByText('Every call is kept until somebody deletes it')).toBeVisible();
  const released = await page.request.delete(`/api/v1/calls/${call.id}/hold`, {
    headers: { origin: new URL(page.url()).origin },
  });
  expect(released.status()).toBe(204);
});
