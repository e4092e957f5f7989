import { expect, it } from 'vitest';
import { fineClock, withEdge, withinCall } from './range';

const stretch = { startMs: 4000, endMs: 6000, channel: null, quote: 'so' };

it('moves an edge, and the other where it is in the way', () => {
  expect(withEdge(stretch, 'startMs', 5000, 60_000)).toMatchObject({ startMs: 5000, endMs: 6000 });
  expect(withEdge(stretch, 'startMs', 7000, 60_000)).toMatchObject({ startMs: 7000, endMs: 7500 });
  expect(withEdge(stretch, 'endMs', 3000, 60_000)).toMatchObject({ startMs: 2500, endMs: 3000 });
});

it('stays within the recording', () => {
  expect(withEdge(stretch, 'startMs', -5, 60_000)).toMatchObject({ startMs: 0, endMs: 6000 });
  expect(withEdge(stretch, 'startMs', 99_000, 60_000)).toMatchObject({ startMs: 59_500, endMs: 60_000 });
  expect(withEdge(stretch, 'endMs', 99_000, 60_000)).toMatchObject({ startMs: 4000, endMs: 60_000 });
  expect(withEdge(stretch, 'endMs', 0, 60_000)).toMatchObject({ startMs: 0, endMs: 500 });
  expect(withinCall({ ...stretch, endMs: 6000.4 }, 5000)).toMatchObject({ startMs: 4000, endMs: 5000 });
  expect(withinCall({ ...stretch, startMs: 5500 }, 5000)).toMatchObject({ startMs: 4999, endMs: 5000 });
  expect(withinCall(stretch, 0)).toBe(stretch);
});

it.each([
  [0, '00:00.0'],
  [252_449, '04:12.4'],
  [59_990, '01:00.0'],
  [3_600_000, '1:00:00.0'],
])('%d ms is %s', (ms, text) => expect(fineClock(ms)).toBe(text));
