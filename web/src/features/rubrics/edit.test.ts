import { describe, expect, it } from 'vitest';
import { check, countFlaws } from './check';
import {
  changed,
  copyOf,
  draftOf,
  linesOf,
  moved,
  newCap,
  newLine,
  shareOf,
  withIds,
  withLevel,
  withScale,
  type Line,
} from './edit';

const full = (key: string, more: Partial<Line> = {}): Line => {
  const line = newLine(key);
  return {
    ...line,
    title: key,
    levels: line.levels.map((level) => ({ ...level, description: `${key} ${level.value}` })),
    ...more,
  };
};
const keys = (lines: Line[]) => lines.map((line) => line.key).join('');

describe('order', () => {
  const lines = ['a', 'b', 'c'].map((key) => full(key));
  it.each([
    ['b', -1, 'bac'],
    ['b', 1, 'acb'],
    ['a', 2, 'bca'],
    ['a', -1, 'abc'],
    ['c', 1, 'abc'],
    ['x', 1, 'abc'],
  ])('%s by %i', (key, by, order) => expect(keys(moved(lines, key, by))).toBe(order));
});

it('changes one line and leaves the others as they are', () => {
  const lines = [full('a'), full('b')];
  const after = changed(lines, 'b', { title: 'New' });
  expect(after[0]).toBe(lines[0]);
  expect(after[1]?.title).toBe('New');
});

describe('another scale', () => {
  it('keeps the words that fit, and names the rest', () => {
    const line = full('a', { cap: { at_or_below: 2, result_permille: 400 } });
    const own = { ...line, ...withLevel(line, 2, { label: 'My own' }) };
    const after = withScale(own, '1-3');
    expect(after.levels?.map((level) => [level.value, level.label, level.description])).toEqual([
      [1, 'Not yet', 'a 1'],
      [2, 'My own', 'a 2'],
      [3, 'Strong', 'a 3'],
    ]);
    expect(after.cap).toEqual(line.cap);
  });
  it('drops a cap that the scale has no level for', () => {
    const line = full('a', { cap: { at_or_below: 4, result_permille: 400 } });
    expect(withScale(line, '1-3').cap).toBeNull();
    expect(withScale(line, 'yes_no').levels?.map((level) => level.label)).toEqual(['No', 'Yes']);
    expect(withScale(line, '1-5')).toEqual({});
  });
  it('begins a cap at the lowest level', () => {
    expect(newCap(full('a')).at_or_below).toBe(1);
    expect(newCap({ ...full('a'), scale: 'yes_no' }).at_or_below).toBe(0);
  });
});

describe('what the server gets and gives', () => {
  it('sends ids where there are some, and takes over new ones though lines moved meanwhile', () => {
    const sent = [full('a', { id: 'crit_1' }), full('b')];
    expect(draftOf(sent).criteria.map((one) => one.id)).toEqual(['crit_1', undefined]);
    const rest = full('b');
    const answered = [
      { ...rest, id: 'crit_1' },
      { ...rest, id: 'crit_2' },
    ];
    const now = [full('c'), full('b'), full('a', { id: 'crit_1' })];
    expect(withIds(now, sent, answered).map((line) => line.id)).toEqual([null, 'crit_2', 'crit_1']);
    expect(linesOf(answered).map((line) => line.key)).toEqual(['crit_1', 'crit_2']);
    expect(copyOf(answered).criteria.every((one) => one.id === undefined)).toBe(true);
  });
});

it('tells what a criterion counts', () => {
  const lines = [full('a', { weight: 30 }), full('b', { weight: 10 }), full('c', { weight: 0 })];
  expect(lines.map((line) => shareOf(lines, line))).toEqual([750, 250, 0]);
  const none = [full('a', { weight: 0 })];
  expect(none.map((line) => shareOf(none, line))).toEqual([null]);
});

describe('what keeps it from being published', () => {
  it('is nothing for a complete one', () => expect(countFlaws(check([full('a')]))).toBe(0));
  it('is found by field', () => {
    const line = full('a', { title: ' ', weight: 1.5 });
    const flaws = check([{ ...line, ...withLevel(line, 3, { description: '' }) }, full('b', { weight: 1 })]);
    const found = flaws.lines.get('a');
    expect([found?.title, found?.weight, [...(found?.descriptions ?? [])]]).toEqual([
      'Give it a name.',
      'A whole number from 0 to 1000.',
      [3],
    ]);
    expect(countFlaws(flaws)).toBe(3);
  });
  it('is found for the whole', () => {
    expect(check([]).whole).toEqual(['Add at least one criterion.']);
    expect(check([full('a', { weight: 0 })]).whole).toHaveLength(1);
  });
});
