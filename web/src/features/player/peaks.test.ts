import { expect, it } from 'vitest';
import type { Peaks } from '@/lib/api/types';
import { barHeights, gainFor, isWhole } from './peaks';

const peaks = (channels: number, data: number[]): Peaks => ({
  version: 2,
  channels,
  sample_rate: 8000,
  samples_per_pixel: 256,
  bits: 8,
  length: data.length / (2 * channels),
  data,
});

it('keeps the lanes apart', () => {
  const two = peaks(2, [-64, 64, 0, 0, -32, 16, -128, 127]);
  expect([...barHeights(two, 0, 2)]).toEqual([0.5, 0.25]);
  expect([...barHeights(two, 1, 2)]).toEqual([0, 1]);
});

it('takes the loudest of the pixels that a bar stands for', () => {
  const one = peaks(1, [0, 10, 0, 96, -5, 0, -64, 0]);
  expect([...barHeights(one, 0, 2)]).toEqual([0.75, 0.5]);
  expect([...barHeights(one, 0, 8)]).toHaveLength(8);
});

it('draws nothing for peaks that are cut short or a lane that is not there', () => {
  const cut = { ...peaks(1, [0, 64]), length: 4 };
  expect(isWhole(cut)).toBe(false);
  expect([...barHeights(cut, 0, 2)]).toEqual([0, 0]);
  expect([...barHeights(peaks(1, [0, 64]), 1, 2)]).toEqual([0, 0]);
});

it('enlarges quiet calls, but no silence', () => {
  expect(gainFor([Float32Array.of(0.25, 0.25, 0.25)])).toBe(4);
  expect(gainFor([Float32Array.of(0.001)])).toBe(8);
  expect(gainFor([Float32Array.of(0, 0)])).toBe(1);
  expect(gainFor([])).toBe(1);
});
