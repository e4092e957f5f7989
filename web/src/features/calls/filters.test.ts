import { describe, expect, it } from 'vitest';
import { defOf, readDates, readFilters, toApi, writeFilters } from './filters';
import { readRange, writeRange } from './ranges';
import { nextSorting, readSorting, USUAL, writeSorting } from './sorting';

const query = (text: string) => new URLSearchParams(text);

describe('filters of calls', () => {
  it('live in the address and come back from it', () => {
    const text = 'q=acme&owner=user_1&state=ready&comments=no&length=10-60&talk=-55';
    const filters = readFilters(query(text));
    expect(writeFilters(query(''), filters).toString()).toBe(
      'q=acme&owner=user_1&state=ready&comments=no&length=10-60&talk=-55',
    );
  });

  it('leave out what cannot be read, and keep what is not theirs', () => {
    expect(readFilters(query('state=odd&talk=much&held=yesterday&tag=+&owner=user_1'))).toEqual({
      owner: 'user_1',
    });
    expect(writeFilters(query('sort=title&owner=user_1'), {}).toString()).toBe('sort=title');
  });

  it('become what the server is asked for', () => {
    const filters = readFilters(
      query(
        'q=a&talk=40-60&length=10-&monologue=-90&questions=3-&comments=yes&shared=me&seen=org&stage=Demo',
      ),
    );
    expect(toApi(filters)).toEqual({
      q: 'a',
      min_rep_talk_permille: 400,
      max_rep_talk_permille: 600,
      min_duration_ms: 600_000,
      max_rep_longest_monologue_ms: 90_000,
      min_rep_question_count: 3,
      has_comments: true,
      shared_with_me: true,
      visibility: 'org',
      deal_stage: 'Demo',
    });
  });

  it('take whole days, the last one included', () => {
    const ask = toApi(readFilters(query('held=2026-11-01..2026-11-30&uploaded=..2026-11-02')));
    expect(ask).toEqual({
      occurred_from: new Date(2026, 10, 1).getTime(),
      occurred_until: new Date(2026, 11, 1).getTime(),
      created_until: new Date(2026, 10, 3).getTime(),
    });
    expect(['..', '2026-11-01', '2026-02-30..', 'a..b'].map(readDates)).toEqual([null, null, null, null]);
  });

  it('say in words what they keep', () => {
    expect(defOf('talk').words('40-60')).toBe('Rep talks 40 to 60 %');
    expect(defOf('talk').words('-60')).toBe('Rep talks 60 % at most');
    expect(defOf('length').words('30-')).toBe('Length: 30 min or more');
    expect(defOf('comments').words('no')).toBe('Without comments');
  });

  it('read ranges typed the other way round', () => {
    expect(readRange('60-40')).toEqual({ min: 40, max: 60 });
    expect(['', '-', '5', 'a-b', '1-2-3'].map(readRange)).toEqual([null, null, null, null, null]);
    expect(writeRange({ min: null, max: 5 })).toBe('-5');
  });
});

describe('sorting of calls', () => {
  it('writes only what is not usual', () => {
    expect(writeSorting(query('q=a&sort=title&order=desc'), USUAL).toString()).toBe('q=a');
    expect(writeSorting(query(''), { key: 'title', order: 'asc' }).toString()).toBe('sort=title');
    expect(readSorting(query('sort=title'))).toEqual({ key: 'title', order: 'asc' });
    expect(readSorting(query('sort=odd&order=up'))).toEqual(USUAL);
  });

  it('turns a column round, then goes back to the usual', () => {
    const once = nextSorting(USUAL, 'duration');
    const twice = nextSorting(once, 'duration');
    expect([once.order, twice.order, nextSorting(twice, 'duration')]).toEqual(['desc', 'asc', USUAL]);
    expect(nextSorting(USUAL, 'created')).toEqual({ key: 'created', order: 'asc' });
  });
});
