import { callNamed, expect, test } from './fixtures';
import { PASSWORD } from './server';

test('signing in leads to where one wanted to be', async ({ as, browser, server }) => {
  const { id } = await callNamed(await as('ana'), 'Oak Street');
  const page = await browser.newPage({ baseURL: server.url });
  await page.goto(`/calls/${id}?t=30`);
  await page.getByLabel('Email').fill('ana@demo.example');
  await page.getByRole('textbox', { name: 'Password' }).fill('not this one');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Transcript' })).toBeVisible();
  expect(new URL(page.url()).search).toBe('?t=30');
  await page.close();
});

test('when the session ends, what was typed stays', async ({ as, server }) => {
  const page = await as('ana');
  const { id } = await callNamed(page, 'Oak Street');
  await page.goto(`/calls/${id}`);
  await expect(page.getByRole('region', { name: 'Transcript' })).toBeVisible();
  await page.keyboard.press('c');
  await page.keyboard.type('Half a thought');
  await page.request.delete('/api/v1/session', { headers: { origin: server.url } });
  await page.keyboard.press('Control+Enter');
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const unsent = page.getByRole('article').filter({ hasText: 'Half a thought' });
  await unsent.getByRole('button', { name: 'Try again' }).click();
  await expect(unsent.getByRole('button', { name: 'Reply' })).toBeVisible();
});

test('nobody is shown what is not for them', async ({ as }) => {
  const rep = await as('ana');
  await rep.goto('/settings');
  const places = rep.getByRole('navigation', { name: 'Settings' });
  await expect(places.getByRole('link', { name: 'Tokens' })).toBeVisible();
  await expect(places.getByRole('link', { name: 'Audit log' })).toHaveCount(0);
  await rep.goto('/settings/audit');
  await expect(rep.getByText('This is for the people who run this server')).toBeVisible();

  const admin = await as('admin');
  await admin.goto('/settings/audit');
  await expect(
    admin.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Audit log' }),
  ).toBeVisible();
  await expect(admin.getByRole('main')).toContainText(/signed in/i);
});
