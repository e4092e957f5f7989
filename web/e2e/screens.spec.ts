import AxeBuilder from '@axe-core/playwright';
import { callNamed, expect, test, type Who } from './fixtures';

type Screen = { name: string; who: Who; path: string; keys?: string };

const screens: Screen[] = [
  { name: 'inbox', who: 'ana', path: '/inbox' },
  { name: 'calls', who: 'ana', path: '/calls' },
  { name: 'call', who: 'carla', path: '/calls/:id' },
  { name: 'composer', who: 'luis', path: '/calls/:id', keys: 'c' },
  { name: 'moments', who: 'carla', path: '/moments' },
  { name: 'search', who: 'ana', path: '/search?q=price' },
  { name: 'palette', who: 'ana', path: '/calls', keys: '/' },
  { name: 'keys', who: 'ana', path: '/calls', keys: '?' },
  ...['profile', 'tokens', 'people', 'teams', 'rubrics', 'trackers', 'system', 'audit'].map(
    (section): Screen => ({ name: section, who: 'admin', path: `/settings/${section}` }),
  ),
];

for (const dark of [false, true]) {
  test(`nothing is in anybody’s way, ${dark ? 'dark' : 'light'}`, async ({ as }) => {
    test.setTimeout(300_000);
    const found: string[] = [];
    for (const { name, who, path, keys } of screens) {
      for (const width of [1440, 390]) {
        const page = await as(who, { dark, width });
        const { id } = await callNamed(page, 'Oak Street');
        await page.goto(path.replace(':id', id));
        await page.getByRole('main').locator('h1, h2, h3, button, a').first().waitFor();
        await expect(page.locator('[role=status][aria-label^="Loading"]')).toHaveCount(0);
        if (keys) await page.keyboard.press(keys);
        const { violations } = await new AxeBuilder({ page }).analyze();
        for (const { id: rule, nodes } of violations) {
          found.push(
            `${name} ${width} px: ${rule}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`,
          );
        }
        await page.context().close();
      }
    }
    expect(found).toEqual([]);
  });
}
