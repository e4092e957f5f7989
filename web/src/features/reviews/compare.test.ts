import { expect, it } from 'vitest';
import { compare, gapWords, levelWords } from './compare';
import { criterion, review, score } from './example';

const criteria = [criterion('a'), criterion('b'), criterion('c'), criterion('d')];

it('puts the largest differences first, and keeps the rubric’s order among equals', () => {
  const [group] = compare([
    review('luis', criteria, [score('a', 3), score('b', 1), score('c', 4), score('d', 2)]),
    review('nora', criteria, [score('a', 3), score('b', 5), score('c', 4), score('d', 3)]),
    review('carla', criteria, [score('a', 3), score('b', 2), score('c', 'n/a'), score('d', 2)]),
  ]);
  expect(group?.rows.map((row) => row.criterion.id)).toEqual(['b', 'd', 'c', 'a']);
  expect(group?.rows.map(gapWords)).toEqual(['4 levels apart', '1 level apart', 'Does it apply?', 'Agreed']);
});

it('compares shares, so that a yes against a no weighs more than one level of five', () => {
  const both = [criterion('a'), criterion('y', { scale: 'yes_no', levels: levels(['No', 'Yes'], 0) })];
  const [group] = compare([
    review('luis', both, [score('a', 4), score('y', 0)]),
    review('nora', both, [score('a', 5), score('y', 1)]),
  ]);
  expect(group?.rows.map((row) => row.criterion.id)).toEqual(['y', 'a']);
});

it('keeps the order and says nothing of gaps for a review alone', () => {
  const [group] = compare([review('luis', criteria, [score('d', 1), score('a', 5)])]);
  expect(group?.rows.map((row) => row.criterion.id)).toEqual(['a', 'b', 'c', 'd']);
  expect(group?.rows.map(gapWords)).toEqual(['', '', '', '']);
});

it('holds versions of one rubric together, and rubrics apart', () => {
  const old = review('luis', [criterion('gone'), criterion('a')], [score('gone', 2), score('a', 2)], 1);
  const now = review('nora', [criterion('a'), criterion('b')], [score('a', 4), score('b', 4)], 2);
  const other = { ...review('carla', criteria, []), rubric_id: 'other' };
  const groups = compare([old, now, other]);
  expect(groups.map((group) => group.reviews.length)).toEqual([2, 1]);
  const rows = groups[0]?.rows.map((row) => [row.criterion.id, row.voices.length]);
  expect(rows).toEqual([
    ['a', 2],
    ['b', 1],
    ['gone', 1],
  ]);
});

it('names levels', () => {
  const yesNo = criterion('y', { scale: 'yes_no', levels: levels(['No', 'Yes'], 0) });
  expect(levelWords(yesNo, score('y', 1))).toBe('Yes');
  expect(levelWords(criterion('a'), score('a', 4))).toBe('4 L4');
  expect(levelWords(criterion('a'), score('a', 'n/a'))).toBe('Not applicable');
  expect(levelWords(criterion('a'), {})).toBe('Not scored');
});

function levels(labels: string[], from: number) {
  return labels.map((label, index) => ({ value: from + index, label, description: '' }));
}
