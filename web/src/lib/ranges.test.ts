import { expect, it } from 'vitest';
import { clamp, contains, coveredMs, merge, nudgeOf } from './ranges';

const range = (startMs: number, endMs: number) => ({ startMs, endMs });

it('keeps values within limits, the lower one first where they cross', () => {
  expect(clamp(5, 0, 10)).toBe(5);
  expect(clamp(-1, 0, 10)).toBe(0);
  expect(clamp(11, 0, 10)).toBe(10);
  expect(clamp(3, 0, -1)).toBe(0);
});

it('counts the start in and the end out', () => {
  expect(contains(range(100, 200), 100)).toBe(true);
  expect(contains(range(100, 200), 199)).toBe(true);
  expect(contains(range(100, 200), 200)).toBe(false);
});

it('joins what overlaps or touches and leaves the input alone', () => {
  const input = [range(50, 80), range(0, 10), range(10, 20), range(60, 70), range(5, 5)];
  const before = structuredClone(input);
  expect(merge(input)).toEqual([range(0, 20), range(50, 80)]);
  expect(input).toEqual(before);
});

it('counts each instant once', () => {
  expect(coveredMs([range(0, 100), range(50, 150), range(200, 210)])).toBe(160);
  expect(coveredMs([])).toBe(0);
});

it('knows the keys that move an edge', () => {
  expect([nudgeOf('ArrowUp', false), nudgeOf('ArrowLeft', true), nudgeOf('PageDown', false)]).toEqual([
    500, -5000, -5000,
  ]);
  expect(nudgeOf('a', false)).toBeNull();
});
