import { expect, it } from 'vitest';
import { lastAtMost } from './search';

const self = (n: number) => n;

it('finds the last item at or before a key', () => {
  expect(lastAtMost([10, 20, 30], 20, self)).toBe(1);
  expect(lastAtMost([10, 20, 30], 29, self)).toBe(1);
  expect(lastAtMost([10, 20, 20, 30], 20, self)).toBe(2);
  expect(lastAtMost([10, 20, 30], 99, self)).toBe(2);
});

it('says -1 before the first and for nothing', () => {
  expect(lastAtMost([10], 9, self)).toBe(-1);
  expect(lastAtMost([], 9, self)).toBe(-1);
});

it('agrees with a plain scan, in few looks', () => {
  const items = Array.from({ length: 30_000 }, (_, i) => i * 3);
  for (const wanted of [-1, 0, 1, 3, 44_999, 45_000, 89_997, 1e9]) {
    let looks = 0;
    const found = lastAtMost(items, wanted, (n) => {
      looks += 1;
      return n;
    });
    expect(found).toBe(items.filter((n) => n <= wanted).length - 1);
    expect(looks).toBeLessThanOrEqual(16);
  }
});
