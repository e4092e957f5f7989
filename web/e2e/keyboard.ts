/** What somebody does who has no mouse. */
import { expect, type Locator, type Page } from '@playwright/test';

/** How many the demo's rubric has. */
export const CRITERIA = 5;

/** Presses a key until `target` has the focus. */
export async function walkTo(page: Page, target: Locator, key = 'Tab', most = 150): Promise<void> {
  for (let step = 0; step < most; step += 1) {
    const there = await target.evaluateAll((found) => found.some((one) => one === document.activeElement));
    if (there) return;
    await page.keyboard.press(key);
  }
  throw new Error(`the key ${key} does not lead there`);
}

/** Scores every criterion, `first` for the first one and so on in turn, each with evidence. */
export async function scoreAll(page: Page, first: number): Promise<void> {
  const criteria = page.locator('section.criterion');
  await expect(criteria).toHaveCount(CRITERIA);
  for (let number = 0; number < CRITERIA; number += 1) {
    const criterion = criteria.nth(number);
    const head = criterion.getByRole('heading').getByRole('button');
    await walkTo(page, head);
    if ((await head.getAttribute('aria-expanded')) !== 'true') await page.keyboard.press('Enter');
    await expect(head).toHaveAttribute('aria-expanded', 'true');
    await page.keyboard.press(String(((first + number - 1) % 5) + 1));
    await page.keyboard.press('l');
    await page.keyboard.press('e');
    await expect(criterion.getByRole('list', { name: /^Evidence/ }).getByRole('listitem')).toHaveCount(1);
  }
}

/** How often a pointer was pressed on the pages that are opened from now on. */
export async function countPointers(page: Page): Promise<() => number> {
  let count = 0;
  await page.exposeFunction('pointerWasPressed', () => (count += 1));
  await page.addInitScript(() => {
    const tell = () => (window as unknown as { pointerWasPressed: () => void }).pointerWasPressed();
    addEventListener('pointerdown', tell, { capture: true });
  });
  return () => count;
}
