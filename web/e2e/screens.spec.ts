import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { callNamed, expect, test, type Who } from './fixtures';

type Screen = { name: string; path: string; keys?: string };

const SCREENS: Partial<Record<Who, Screen[]>> = {
  ana: [
    { name: 'inbox', path: '/inbox' },
    { name: 'calls', path: '/calls' },
    { name: 'own call', path: '/calls/:id' },
    { name: 'search', path: '/search?q=price' },
    { name: 'palette', path: '/calls', keys: '/' },
    { name: 'keys', path: '/calls', keys: '?' },
    { name: 'no such page', path: '/nowhere' },
  ],
  luis: [{ name: 'composer', path: '/calls/:id', keys: 'c' }],
  carla: [
    { name: 'call', path: '/calls/:id' },
    { name: 'scorecard', path: '/calls/:id', keys: 'e' },
    { name: 'moments', path: '/moments' },
  ],
  admin: ['profile', 'tokens', 'people', 'teams', 'rubrics', 'trackers', 'system', 'audit'].map(
    (section): Screen => ({ name: section, path: `/settings/${section}` }),
  ),
};

/** What axe finds, wide and narrow, light and dark. */
async function problems(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      const axe = new AxeBuilder({ page });
      // The dark look differs in its colours alone.
      if (colorScheme === 'dark') axe.withRules(['color-contrast']);
      const { violations, passes } = await axe.analyze();
      expect(passes.length).toBeGreaterThan(0);
      for (const { id: rule, nodes } of violations) {
        const where = nodes.map((node) => node.target.join(' ')).join(', ');
        found.push(`${name}, ${width} px, ${colorScheme}: ${rule}: ${where}`);
      }
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  return found;
}

async function settled(page: Page): Promise<void> {
  await page.getByRole('main').locator('h1, h2, h3').first().waitFor();
  await expect(page.locator('[role=status][aria-label^="Loading"]')).toHaveCount(0);
}

for (const [who, screens] of Object.entries(SCREENS) as [Who, Screen[]][]) {
  test(`axe finds nothing on the screens of ${who}, in light and dark, wide and narrow`, async ({ as }) => {
    const page = await as(who);
    const { id } = await callNamed(page, 'Oak Street');
    const found: string[] = [];
    for (const { name, path, keys } of screens) {
      await page.goto(path.replace(':id', id));
      await settled(page);
      if (path.includes(':id')) await page.getByRole('region', { name: 'Transcript' }).waitFor();
      if (keys) await page.keyboard.press(keys);
      if (keys === '/' || keys === '?') await page.getByRole('dialog').waitFor();
      if (keys === 'c') await page.getByRole('textbox', { name: 'Comment' }).waitFor();
      found.push(...(await problems(page, name)));
    }
    expect(found).toEqual([]);
  });
}

test('axe finds nothing where one signs in', async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url });
  const page = await context.newPage();
  await page.goto('/');
  await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  expect(await problems(page, 'sign-in')).toEqual([]);
  await context.close();
});
