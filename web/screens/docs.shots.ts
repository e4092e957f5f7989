/** Takes the pictures in docs/screens of the sample workspace. */
import path from 'node:path';
import type { Page } from '@playwright/test';
import { callNamed, test } from '../e2e/fixtures';
import { ROOT } from '../e2e/server';

/** Where somebody asks about the paper list, and two people say something about it. */
const AT = 52;

async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle').catch(() => undefined);
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(1500);
}

const shot = async (page: Page, name: string) => {
  await settled(page);
  await page.screenshot({ path: path.join(ROOT, `docs/screens/${name}.png`) });
};

async function openCall(page: Page): Promise<void> {
  const { id } = await callNamed(page, 'Oak Street');
  await page.goto(`/calls/${id}?t=${AT}`);
  await page.getByRole('region', { name: 'Transcript' }).waitFor();
}

const WIDE = { width: 1280, height: 800 };

test('a call', async ({ as }) => {
  for (const [name, dark] of [
    ['call-light', false],
    ['call-dark', true],
  ] as const) {
    const page = await as('ana', { ...WIDE, dark });
    await openCall(page);
    await shot(page, name);
  }
});

test('a call on a phone', async ({ as }) => {
  const page = await as('ana', { width: 390, height: 780 });
  await openCall(page);
  await shot(page, 'call-phone');
});

test('lists', async ({ as }) => {
  for (const [who, name] of [
    ['carla', 'calls'],
    ['carla', 'moments'],
    ['ana', 'inbox'],
  ] as const) {
    const page = await as(who, WIDE);
    await page.goto(`/${name}`);
    await shot(page, `${name}-light`);
  }
});
