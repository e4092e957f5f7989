import { expect, it } from 'vitest';
import { afterSilence, silencesOf } from './silence';

const speech = [
  { startMs: 3000, endMs: 5000 },
  { startMs: 4000, endMs: 6000 },
  { startMs: 7500, endMs: 9000 },
  { startMs: 20_000, endMs: 21_000 },
];

it('finds the long gaps of all speakers together, and leaves their edges', () => {
  expect(silencesOf(speech, 30_000)).toEqual([
    { startMs: 0, endMs: 2600 },
    { startMs: 9400, endMs: 19_600 },
    { startMs: 21_400, endMs: 29_600 },
  ]);
});

it('finds none where nothing is known, so that nothing is jumped over', () => {
  expect(silencesOf([], 30_000)).toEqual([]);
});

it('says where to go on', () => {
  const silences = silencesOf(speech, 30_000);
  expect(afterSilence(silences, 10_000)).toBe(19_600);
  expect(afterSilence(silences, 19_600)).toBeNull();
  expect(afterSilence(silences, 8000)).toBeNull();
  expect(afterSilence([], 8000)).toBeNull();
});
