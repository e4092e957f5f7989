import { expect, it } from 'vitest';
import { positionIn, withPosition } from './resume';

it('goes on a little before where one stopped', () => {
  const text = withPosition(null, 'a', 60_000.4);
  expect(positionIn(text, 'a', 120_000)).toBe(58_000);
  expect(positionIn(text, 'b', 120_000)).toBeNull();
});

it('begins anew near the ends', () => {
  expect(positionIn(withPosition(null, 'a', 5000), 'a', 120_000)).toBeNull();
  expect(positionIn(withPosition(null, 'a', 118_000), 'a', 120_000)).toBeNull();
});

it('forgets the oldest of many, and what it is told to', () => {
  let text: string | null = null;
  for (let index = 0; index < 120; index += 1) text = withPosition(text, `call${index}`, 60_000);
  expect(positionIn(text, 'call10', 0)).toBeNull();
  expect(positionIn(text, 'call119', 0)).toBe(58_000);
  expect(positionIn(withPosition(text, 'call119', null), 'call119', 0)).toBeNull();
});

it('survives what somebody else wrote there', () => {
  expect(positionIn('{"a":1}', 'a', 0)).toBeNull();
  expect(positionIn('nonsense', 'a', 0)).toBeNull();
  expect(positionIn('[["a"],["a",60000]]', 'a', 0)).toBe(58_000);
});
