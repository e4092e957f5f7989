import { describe, expect, it } from 'vitest';
import type { MomentScore } from '@/lib/api/types';
import { scoreWords, spreads, spreadWords } from './scores';

const score = (reviewer: string, value: number | null, more: Partial<MomentScore> = {}): MomentScore => ({
  review_id: `review_${reviewer}`,
  reviewer_id: reviewer,
  criterion_id: 'objections',
  criterion_title: 'Objection handling',
  scale: '1-5',
  value,
  ...more,
});

describe('spreads', () => {
  it('gathers what reviewers gave by criterion, the highest first', () => {
    const found = spreads([
      score('luis', 2),
      score('nora', 4),
      score('luis', 1, { criterion_id: 'next', criterion_title: 'Next steps', scale: 'yes_no' }),
    ]);
    expect(found.map(({ title, marks }) => [title, marks.map((mark) => mark.value)])).toEqual([
      ['Objection handling', [4, 2]],
      ['Next steps', [1]],
    ]);
  });

  it('counts a reviewer once, however many places they show', () =>
    expect(spreads([score('luis', 3), score('luis', 3)])[0]?.marks).toHaveLength(1));

  it('is said to screen readers with every name', () => {
    const [found] = spreads([score('luis', 2), score('nora', 4), score('carla', null)]);
    expect(found && spreadWords(found, (id) => id)).toBe(
      'Objection handling: nora 4 of 5, luis 2 of 5, carla Not applicable',
    );
  });
});

it.each([
  ['1-5', 4, '4 of 5'],
  ['1-3', 2, '2 of 3'],
  ['yes_no', 1, 'Yes'],
  ['yes_no', 0, 'No'],
  ['1-5', null, 'Not applicable'],
  [null, 3, 'Not applicable'],
] as const)('%s %s', (scale, value, words) => expect(scoreWords(scale, value)).toBe(words));
