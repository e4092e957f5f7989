import { describe, expect, it } from 'vitest';
import { callsOf, fateOf, leavingWords, parseDays, totalsWords } from './words';

const team = (id: string) => (id === 'team_1' ? 'East' : '?');
const totals = { calls: 0, recordings: 0, bytes: 0, held: 0, complete: true };

describe('rules in words', () => {
  it('say which calls they are for', () => {
    expect(callsOf({}, team)).toBe('All calls');
    expect(callsOf({ team_id: 'team_1', tag: null }, team)).toBe('Calls of East');
    expect(callsOf({ team_id: 'team_1', tag: 'demo' }, team)).toBe('Calls of East tagged “demo”');
  });

  it('say what becomes of them', () => {
    expect(fateOf({ what: 'call', keep_days: 1 })).toBe('Delete the whole call after 1 day');
    expect(fateOf({ what: 'recording', keep_days: 1095 })).toBe('Delete the recording after 1,095 days');
    expect(fateOf({ what: 'call', keep_days: null })).toBe('Keep the whole call for good');
  });

  it('take whole days only', () => {
    expect([' 90 ', '1', '36525'].map(parseDays)).toEqual([90, 1, 36_525]);
    expect(['', '0', '36526', '1.5', '-3', 'x', '999999'].map(parseDays)).toEqual(Array(7).fill(null));
  });

  it('count what goes', () => {
    expect(totalsWords(totals, 30)).toBe('Nothing goes within 30 days.');
    expect(totalsWords({ ...totals, held: 2, complete: false }, 1)).toBe(
      'Nothing goes within 1 day. 2 more would go, but are held. Only the oldest calls were counted: there are very many.',
    );
    expect(totalsWords({ ...totals, calls: 1, recordings: 2, bytes: 5_000_000 }, 30)).toMatch(
      /^1 call and 2 recordings \(.*MB\) would be deleted within 30 days\.$/,
    );
    expect(totalsWords({ ...totals, recordings: 1 }, 30)).toMatch(/^The recording of 1 call \(/);
  });

  it('say when one goes', () => {
    const at = new Date(2027, 2, 3).getTime();
    const due = { at, rule_id: null };
    expect(leavingWords({ recording: due, call: null, held: false })).toMatch(/^Recording .*2027/);
    expect(leavingWords({ recording: due, call: due, held: false })).toMatch(/^Recording .*, call /);
    expect(leavingWords({ recording: null, call: due, held: true })).toBe('Held: it stays');
  });
});
