import { expect, it } from 'vitest';
import type { Segment } from '@/lib/api/types';
import { findAll, firstFrom, fold, stepFound } from './find';

const speaker = { role: 'rep' as const, name: 'Ana' };
const list = ['Price, and price again.', 'Nothing', 'The PRICÉ of it'].map((text, index): Segment => ({
  id: `${index}`,
  start_ms: index,
  end_ms: index + 1,
  channel: 0,
  speaker,
  text,
  words: [],
  edited: false,
})); // prettier-ignore

it('finds every place, whatever the case and accents', () => {
  expect(findAll(list, 'price')).toEqual([
    { row: 0, from: 0, to: 5 },
    { row: 0, from: 11, to: 16 },
    { row: 2, from: 4, to: 9 },
  ]);
  expect(findAll(list, '  and   price ')).toEqual([{ row: 0, from: 7, to: 16 }]);
});

it('finds nothing for nothing', () => {
  expect(findAll(list, '  ')).toEqual([]);
  expect(findAll(list, 'zebra')).toEqual([]);
});

it('keeps the length of every letter', () => {
  for (const text of ['İstanbul', 'Straße', 'ÅÉî', '😀 Ok']) expect(fold(text)).toHaveLength(text.length);
});

it('starts from what is in sight and goes around', () => {
  const found = findAll(list, 'price');
  expect(firstFrom(found, 1)).toBe(2);
  expect(firstFrom(found, 3)).toBe(0);
  expect(firstFrom([], 0)).toBe(-1);
  expect([stepFound(3, 2, 1), stepFound(3, 0, -1), stepFound(0, -1, 1)]).toEqual([0, 2, -1]);
});
