import { describe, expect, it } from 'vitest';
import { readFilters } from './filters';
import { levelWords, parts, sentence, type Names } from './sentence';

const names: Names = {
  person: (id) => (id === 'user_1' ? 'Ana Torres' : 'Luis Meyer'),
  team: () => 'Team East',
  criterion: () => 'Objection handling',
  scale: () => '1-5',
};
const say = (text: string) => sentence(readFilters(new URLSearchParams(text)), names, 'en-GB');

describe('sentence', () => {
  it.each([
    ['', 'All moments'],
    ['sort=lowest', 'All moments'],
    ['criterion=c&min=4&team=t&days=30', 'Objection handling, 4 or more, Team East, last 30 days'],
    ['min=2&max=2', 'Scored 2'],
    ['kind=improve&rep=user_1', 'Try next time, Ana Torres’s calls'],
    ['disputed=1&by=user_2', 'Disputed, by Luis Meyer'],
    ['q=good+price&outcome=lost', '“good price”, lost deals'],
    ['tag=q4&days=365', '#q4, last year'],
    ['from=2026-11-03', 'Since 3 Nov 2026'],
  ])('%s', (text, words) => expect(say(text)).toBe(words));

  it('names two dates as one stretch', () =>
    expect(say('from=2026-11-03&to=2026-11-07')).toMatch(/^3\D+7 Nov 2026$/));

  it('can be taken apart', () => {
    const filters = readFilters(new URLSearchParams('criterion=c&min=4&days=7'));
    const [first] = parts(filters, names);
    expect({ ...filters, ...first?.without }).toMatchObject({ criterion: null, min: null, days: 7 });
  });
});

describe('levelWords', () => {
  it.each([
    [4, null, '1-5', '4 or more'],
    [null, 2, '1-5', '2 or less'],
    [2, 4, '1-5', '2 to 4'],
    [5, null, '1-5', '5'],
    [null, 1, '1-5', '1'],
    [3, 3, '1-3', '3'],
    [1, null, 'yes_no', 'Yes'],
    [null, 0, 'yes_no', 'No'],
    [null, null, '1-5', 'Any score'],
  ] as const)('%s to %s of %s', (min, max, scale, words) => expect(levelWords(min, max, scale)).toBe(words));
});
