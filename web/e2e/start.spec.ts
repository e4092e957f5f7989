import { expect, test } from '@playwright/test';
import { Server } from './server';

const EMAIL = 'first@example.com';
const PASSWORD = 'the first password here';

// Not before: this file is also read by the process that hands out the tests.
let server: Server;
test.beforeAll(async () => {
  server = new Server();
  server.run(['user', 'create', EMAIL, '--name', 'First', '--role', 'admin'], PASSWORD);
  await server.start();
});
test.afterAll(() => server.remove());

test('an empty workspace says what to do; sample calls come and go', async ({ page }) => {
  await page.goto(server.url);
  await page.getByLabel('Email').fill(EMAIL);
  await page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('navigation').first()).toBeVisible();
  await page.goto(`${server.url}/calls`);
  const welcome = page.getByRole('heading', { name: /^Welcome/ });
  await expect(welcome).toBeVisible();
  await expect(page.getByRole('link', { name: 'Invite people' })).toBeVisible();

  await page.getByRole('button', { name: 'Load sample calls' }).click();
  const calls = page.getByRole('main').getByRole('link', { name: /Oak Street|Hill Park|River Gate/ });
  await expect(calls).toHaveCount(3);
  await expect(welcome).toBeHidden();
  await page.goto(`${server.url}/settings/people`);
  await expect(page.getByRole('main')).toContainText('ana@demo.example');

  await page.goto(`${server.url}/calls`);
  await page.getByRole('button', { name: 'Take them away' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take them away' }).click();
  await expect(welcome).toBeVisible();
  await expect(calls).toHaveCount(0);
  await page.goto(`${server.url}/settings/people`);
  await expect(page.getByRole('main')).toContainText(EMAIL);
  await expect(page.getByRole('main')).not.toContainText('ana@demo.example');
});
