import { describe, expect, it } from 'vitest';
import { isFiltered, NO_FILTERS, readFilters, toRequest, withCriterion, writeFilters } from './filters';

const read = (text: string) => readFilters(new URLSearchParams(text));

describe('filters in the address', () => {
  it('are nothing at first', () => {
    expect(read('')).toEqual(NO_FILTERS);
    expect(writeFilters(NO_FILTERS).toString()).toBe('');
  });

  it.each([
    'criterion=crit_1&min=4&team=team_1&days=30',
    'min=2&max=4&kind=praise&rep=user_1&by=user_2',
    'tag=q4&stage=Discovery&outcome=won&q=good+price&disputed=1&sort=lowest',
    'from=2026-11-01&to=2026-11-22',
  ])('come back as they were written: %s', (text) => expect(writeFilters(read(text)).toString()).toBe(text));

  it.each([
    'min=4&max=2',
    'kind=shout',
    'sort=best',
    'days=0',
    'days=soon',
    'from=yesterday',
    'from=2026-13-40',
    'min=-1',
    'disputed=no',
    'view=kept',
  ])('leave out what means nothing: %s', (text) => expect(read(text).max).toBe(null));

  it('let dates win over days', () => expect(read('days=7&from=2026-11-01')).toMatchObject({ days: null }));

  it('tell an order from a filter', () => {
    expect(isFiltered(read('sort=lowest'))).toBe(false);
    expect(isFiltered(read('disputed=1'))).toBe(true);
  });
});

describe('toRequest', () => {
  const now = new Date(2026, 10, 22, 15, 30).getTime();

  it('asks for levels of a criterion', () =>
    expect(toRequest(read('criterion=c&min=4&max=5'), now)).toEqual({
      sort: 'newest',
      criterion: 'c',
      min_score: 4,
      max_score: 5,
    }));

  it('asks for shares of any scale without one', () =>
    expect(toRequest(read('min=2&max=4'), now)).toMatchObject({ min_score: 250, max_score: 750 }));

  it('asks for whole days here', () => {
    expect(toRequest(read('days=7'), now)).toEqual({
      sort: 'newest',
      from: new Date(2026, 10, 15).getTime(),
    });
    expect(toRequest(read('from=2026-11-01&to=2026-11-02'), now)).toMatchObject({
      from: new Date(2026, 10, 1).getTime(),
      until: new Date(2026, 10, 3).getTime(),
    });
  });

  it('keeps back words that the server would refuse', () => {
    expect(toRequest(read('q=-price'), now)).toEqual({ sort: 'newest' });
    expect(toRequest(read('q=price'), now)).toMatchObject({ q: 'price' });
  });
});

describe('withCriterion', () => {
  it('keeps levels that its scale has', () =>
    expect(withCriterion(read('min=3'), 'c', '1-5')).toMatchObject({ criterion: 'c', min: 3 }));

  it.each(['1-3', 'yes_no'] as const)('drops those that %s lacks', (scale) =>
    expect(withCriterion(read('min=4'), 'c', scale)).toMatchObject({ min: null, max: null }),
  );
});
