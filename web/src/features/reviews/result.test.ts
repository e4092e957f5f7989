import { expect, it } from 'vitest';
import type { ReviewResult } from '@/lib/api/types';
import { criterion } from './example';
import { explain, percent } from './result';

const criteria = [criterion('a'), criterion('b'), criterion('c', { weight: 0 }), criterion('d')];

const result: ReviewResult = {
  permille: 400,
  uncapped_permille: 583,
  caps: [{ criterion_id: 'b', value: 2, result_permille: 400 }],
  complete: false,
  lines: [
    {
      criterion_id: 'a',
      weight: 1,
      value: 4,
      value_permille: 750,
      share_permille: 500,
      contribution_permille: 375,
    },
    {
      criterion_id: 'b',
      weight: 1,
      value: 2,
      value_permille: 250,
      share_permille: 500,
      contribution_permille: 125,
    },
    {
      criterion_id: 'c',
      weight: 0,
      value: 5,
      value_permille: 1000,
      share_permille: 0,
      contribution_permille: 0,
    },
    { criterion_id: 'd', weight: 1 },
  ],
};

it('says what each criterion adds, or why it adds nothing', () => {
  const { parts } = explain(result, criteria, (id) => id === 'd', 'en');
  expect(parts.map((part) => [part.title, part.value, part.share, part.adds, part.aside])).toEqual([
    ['A', '75%', '50%', '38%', null],
    ['B', '25%', '50%', '13%', null],
    ['C', '100%', null, null, 'Does not count'],
    ['D', null, null, null, 'Does not apply'],
  ]);
});

it('explains caps, what is open and what does not apply', () => {
  expect(explain(result, criteria, (id) => id === 'd', 'en').notes).toEqual([
    'This is the result of what is scored so far.',
    'What does not apply hands its weight on to the others.',
    'B is critical: with “L2” the result is 40% at most.',
    'Without that it would be 58%.',
  ]);
});

it('is silent where nothing wants explaining', () => {
  const plain = { ...result, permille: 583, caps: [], complete: true };
  expect(explain(plain, criteria, () => false, 'en').notes).toEqual([]);
  const open = { ...plain, permille: null, uncapped_permille: null, complete: false, lines: [] };
  expect(explain(open, criteria, () => false, 'en').notes).toEqual([
    'There is no result before something that counts has a level.',
  ]);
});

it('writes shares the way the reader does', () => expect(percent(583, 'de')).toBe('58\u00a0%'));
