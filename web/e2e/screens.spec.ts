import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { callNamed, expect, test, withdrawReviews, type Who } from './fixtures';

const CALL = 'Oak Street';

/** `act` brings what is to be looked at onto the page. */
type Screen = { name: string; path: string; act?: (page: Page) => Promise<void> };

const press = (key: string) => async (page: Page) => {
  await page.keyboard.press(key);
  await page.getByRole('dialog').waitFor();
};
const dialogOf = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole('button', { name }).first().click();
  await page.getByRole('dialog').waitFor();
};
async function comparing(page: Page): Promise<void> {
  await page.getByRole('group', { name: 'Show' }).getByRole('button', { name: 'About' }).click();
  await dialogOf('Compare')(page);
}

const show = (name: RegExp) => async (page: Page) => {
  // Wide, the comments are there anyway and have no tab.
  await page.setViewportSize({ width: 390, height: 900 });
  await page.getByRole('group', { name: 'Show' }).getByRole('button', { name }).click();
};

async function uploading(page: Page): Promise<void> {
  // It stays under way.
  await page.route('**/api/v1/uploads', (route) => new Promise(() => void route));
  const file = { name: 'Tuesday.wav', mimeType: 'audio/wav', buffer: Buffer.alloc(4000) };
  await page.locator('input[type=file]').first().setInputFiles(file);
  await dialogOf('Details of Tuesday')(page);
}

async function composing(page: Page): Promise<void> {
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Comment' }).waitFor();
}

async function rangeMarked(page: Page): Promise<void> {
  for (const key of ['i', 'l', 'o']) await page.keyboard.press(key);
  await page.getByRole('slider', { name: 'End of the range' }).waitFor();
}

async function scoring(page: Page): Promise<void> {
  await withdrawReviews(page, (await callNamed(page, CALL)).id);
  await page.reload();
  await page.getByRole('button', { name: /^Review this call/ }).click();
  const criterion = page.locator('section.criterion').first();
  const head = criterion.getByRole('heading').getByRole('button');
  if ((await head.getAttribute('aria-expanded')) !== 'true') await head.click();
  await page.keyboard.press('3');
  await page.keyboard.press('e');
  await criterion.getByRole('listitem').first().waitFor();
}

const SCREENS: Partial<Record<Who, Screen[]>> = {
  ana: [
    { name: 'inbox', path: '/inbox' },
    { name: 'calls', path: '/calls' },
    { name: 'own call', path: '/calls/:id' },
    { name: 'comments of a call', path: '/calls/:id', act: show(/^Comments/) },
    { name: 'facts about a call', path: '/calls/:id', act: show(/^About/) },
    { name: 'versions compared', path: '/calls/:id', act: comparing },
    { name: 'request for a review', path: '/calls/:id', act: dialogOf(/Request (a )?review/) },
    { name: 'upload with its details', path: '/calls', act: uploading },
    { name: 'recording', path: '/calls', act: dialogOf('Record') },
    { name: 'search', path: '/search?q=price' },
    { name: 'palette', path: '/calls', act: press('/') },
    { name: 'keys', path: '/calls', act: press('?') },
    { name: 'keys over a call', path: '/calls/:id', act: press('?') },
    { name: 'no such page', path: '/nowhere' },
  ],
  luis: [
    { name: 'composer', path: '/calls/:id', act: composing },
    { name: 'range', path: '/calls/:id', act: rangeMarked },
  ],
  carla: [
    { name: 'call with reviews', path: '/calls/:id', act: show(/^Scorecard/) },
    { name: 'scorecard', path: '/calls/:id', act: scoring },
    { name: 'moments', path: '/moments' },
  ],
  admin: ['profile', 'tokens', 'people', 'teams', 'rubrics', 'trackers', 'system', 'retention', 'audit'].map(
    (section): Screen => ({ name: section, path: `/settings/${section}` }),
  ),
};

/** Hides what lies below an open dialog: axe takes it for something in front, and measures no contrast then. */
async function hideBelow(page: Page): Promise<void> {
  await page.evaluate(() => {
    const dialogs = [...document.querySelectorAll('dialog[open]')];
    for (let place = dialogs.at(-1); place?.parentElement; place = place.parentElement) {
      for (const other of place.parentElement.children) {
        if (other !== place && other instanceof HTMLElement) other.style.visibility = 'hidden';
      }
    }
  });
}

/** The next look is there, not only on its way. */
async function painted(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (let frames = 0; frames < 3; frames += 1) await new Promise(requestAnimationFrame);
    await Promise.allSettled(document.getAnimations().map((one) => one.finished));
  });
}

/** What axe finds, wide and narrow, light and dark. */
async function problems(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  await hideBelow(page);
  for (const width of [1440, 390]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await painted(page);
      const axe = new AxeBuilder({ page });
      // The dark look differs in its colours alone.
      if (colorScheme === 'dark') axe.withRules(['color-contrast']);
      let { violations, passes } = await axe.analyze();
      if (violations.length > 0) {
        // A busy machine may show the colours of two looks at once for a moment: what is wrong stays wrong.
        await page.waitForTimeout(1000);
        await painted(page);
        ({ violations, passes } = await axe.analyze());
      }
      expect(passes.map((pass) => pass.id)).toContain('color-contrast');
      for (const { id: rule, nodes } of violations) {
        const where = nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary ?? ''}`);
        found.push(`${name}, ${width} px, ${colorScheme}: ${rule}: ${where.join(', ')}`);
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

// What axe says is enough to find the place, and traces of pages this large take as long as axe.
test.use({ trace: 'off' });

for (const [who, screens] of Object.entries(SCREENS) as [Who, Screen[]][]) {
  for (const { name, path, act } of screens) {
    test(`axe finds nothing: ${name}`, async ({ as }) => {
      const page = await as(who);
      const { id } = await callNamed(page, CALL);
      await page.goto(path.replace(':id', id));
      await settled(page);
      if (path.includes(':id')) await page.getByRole('region', { name: 'Transcript' }).waitFor();
      await act?.(page);
      expect(await problems(page, name)).toEqual([]);
    });
  }
}

test('axe finds nothing: sign-in, and again', async ({ as, open, server }) => {
  const page = await open();
  await page.goto('/');
  await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  expect(await problems(page, 'sign-in')).toEqual([]);

  const late = await as('carla');
  await late.goto('/calls');
  await settled(late);
  await late.request.delete('/api/v1/session', { headers: { origin: server.url } });
  await late
    .getByRole('main')
    .getByRole('link', { name: new RegExp(CALL) })
    .click();
  await late.getByRole('dialog', { name: 'Sign in again' }).waitFor();
  expect(await problems(late, 'sign-in again')).toEqual([]);
});
