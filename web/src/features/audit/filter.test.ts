import { describe, expect, it } from 'vitest';
import { filterParams, filterQuery, isFiltered, readFilter } from './filter';

const actor = 'user_01M80WPE32GS795BA1YVAKWHNP';

describe('the filter of the audit log', () => {
  it('goes into the address and comes back', () => {
    const text = `actor=${actor}&action=call.delete&from=2026-11-01&until=2026-11-02`;
    const filter = readFilter(new URLSearchParams(text));
    expect(filterQuery(filter).toString()).toBe(text);
    expect(isFiltered(filter)).toBe(true);
  });

  it('leaves out what the server would refuse', () => {
    const filter = readFilter(new URLSearchParams('actor=me&action=%20&from=yesterday&target=a/b'));
    expect(isFiltered(filter)).toBe(false);
    expect(filterParams(filter)).toEqual({});
  });

  it('means whole days', () => {
    const filter = readFilter(new URLSearchParams('from=2026-11-30&until=2026-11-30'));
    expect(filterParams(filter)).toEqual({
      from: new Date(2026, 10, 30).getTime(),
      until: new Date(2026, 11, 1).getTime(),
    });
  });
});
