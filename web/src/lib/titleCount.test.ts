import { expect, it } from 'vitest';
import { withCount } from './titleCount';

it('puts one count before a title, and takes it away again', () => {
  expect(withCount('Calls · Gametape', 3)).toBe('(3) Calls · Gametape');
  expect(withCount('(3) Calls · Gametape', 12)).toBe('(12) Calls · Gametape');
  expect(withCount('(3) Calls · Gametape', 0)).toBe('Calls · Gametape');
});
