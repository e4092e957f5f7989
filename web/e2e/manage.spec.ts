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
