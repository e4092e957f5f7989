import type { Page } from '@playwright/test';
import { callNamed, expect, test } from './fixtures';
import { PASSWORD } from './server';

test('signing in leads to where one wanted to be', async ({ as, open }) => {
  const { id } = await callNamed(await as('ana'), 'Oak Street');
  const page = await open();
  await page.goto(`/calls/${id}?t=30`);
  await page.getByLabel('Email').fill('ana@demo.example');
  await page.getByRole('textbox', { name: 'Password' }).fill('not this one');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Transcript' })).toBeVisible();
  expect(new URL(page.url()).search).toBe('?t=30');
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

test('nobody is shown what is not for them', async ({ as, open }) => {
  const places = (page: Page) => page.getByRole('navigation', { name: 'Settings' });
  const link = (page: Page, name: string) => places(page).getByRole('link', { name, exact: true });
  const closed = 'This is for the people who run this server';

  const rep = await as('ana');
  await rep.goto('/settings');
  await expect(link(rep, 'Tokens')).toBeVisible();
  for (const [section, name] of [
    ['system', 'System'],
    ['audit', 'Audit log'],
  ] as const) {
    await expect(link(rep, name)).toHaveCount(0);
    await rep.goto(`/settings/${section}`);
    await expect(rep.getByText(closed)).toBeVisible();
  }

  const coach = await as('carla');
  await coach.goto('/settings/system');
  await expect(coach.getByRole('heading', { name: 'System' })).toBeVisible();
  await expect(coach.getByText(closed)).toHaveCount(0);
  await expect(link(coach, 'Audit log')).toHaveCount(0);
  await coach.goto('/settings/audit');
  await expect(coach.getByText(closed)).toBeVisible();

  const admin = await as('admin');
  await admin.goto('/settings/audit');
  await expect(link(admin, 'Audit log')).toBeVisible();
  await expect(admin.getByRole('main')).toContainText(/signed in/i);

  const stranger = await open();
  for (const path of ['/calls', '/inbox', '/moments', '/search?q=price', '/settings/people']) {
    await stranger.goto(path);
    await expect(stranger.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
    await expect(stranger.getByRole('navigation')).toHaveCount(0);
  }
});
