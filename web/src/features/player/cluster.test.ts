import { expect, it } from 'vitest';
import { cluster, nextIn } from './cluster';

const at = (...xs: number[]) => cluster(xs, (x) => x, 16).map(({ x, items }) => [x, items.length]);

it('joins what is nearer than a pin is wide', () => {
  expect(at(0, 5, 15, 16, 40)).toEqual([
    [0, 3],
    [16, 1],
    [40, 1],
  ]);
});

it('never lets two pins overlap, in whatever order they come', () => {
  const xs = Array.from({ length: 400 }, (_, index) => (index * 7919) % 1200);
  const pins = cluster(xs, (x) => x, 16);
  expect(pins.reduce((sum, pin) => sum + pin.items.length, 0)).toBe(400);
  pins.slice(1).forEach((pin, index) => expect(pin.x - (pins[index]?.x ?? 0)).toBeGreaterThanOrEqual(16));
});

it('makes nothing of nothing', () => {
  expect(at()).toEqual([]);
  expect(nextIn([], null)).toBeNull();
});

it('goes through a group press by press', () => {
  const items = [{ id: 'a' }, { id: 'b' }];
  expect(nextIn(items, null)?.id).toBe('a');
  expect(nextIn(items, 'a')?.id).toBe('b');
  expect(nextIn(items, 'b')?.id).toBe('a');
  expect(nextIn(items, 'elsewhere')?.id).toBe('a');
});
