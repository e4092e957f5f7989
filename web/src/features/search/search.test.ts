import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { SearchHit } from '@/lib/api/types';
import { restingSections, typedSections, type Command } from './entries';
import { marked, oneLine } from './excerpt';
import { byCall, countFilters, readFilters, toRequest, writeFilters } from './filters';
import { best, rank } from './rank';
import { addRecent, readRecent, withRecent } from './recent';

describe('rank', () => {
  it.each([
    ['mom', 'Moments', 3],
    ['kept m', 'Kept moments', 3],
    ['moments', 'Kept moments', 2],
    ['mo ke', 'Kept moments', 2],
    ['jose', 'José Ruiz', 3],
    ['ment', 'Kept moments', 1],
    ['me', 'Kept moments', 0],
    ['', 'Kept moments', 0],
    ['inbox', 'Calls', 0],
  ])('%s in %s', (typed, name, score) => expect(rank(typed, name)).toBe(score));

  it('knows other names', () => expect(rank('phr', 'Trackers', ['phrases'])).toBe(2));
});

it('lists the best first, and equals as they were', () => {
  const things = ['Kept moments', 'Moments', 'Calls', 'More'].map((label) => ({ label }));
  expect(best('mo', things, 9).map(({ label }) => label)).toEqual(['Moments', 'More', 'Kept moments']);
  expect(best('mo', things, 1)).toHaveLength(1);
});

describe('excerpts', () => {
  it('mark where words begin with what is typed', () =>
    expect(marked('Price talk, no reprice', 'price')).toEqual([
      { text: 'Price', match: true },
      { text: ' talk, no reprice', match: false },
    ]));

  it('take what is typed as it is', () =>
    expect(marked('a.b', '.*')).toEqual([{ text: 'a.b', match: false }]));

  it('bring a late match to the front of a line', () => {
    const long = 'one two three four five six seven eight nine ten ';
    const [first, match] = oneLine([
      { text: long, match: false },
      { text: 'price', match: true },
    ]);
    expect(first?.text.startsWith('…')).toBe(true);
    expect(first?.text.length).toBeLessThan(long.length);
    expect(match?.text).toBe('price');
  });
});

describe('recent searches', () => {
  beforeEach(() => {
    const store = new Map<string, string>();
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => store.get(key) ?? null,
      setItem: (key: string, value: string) => void store.set(key, value),
      removeItem: (key: string) => void store.delete(key),
    });
  });

  it('have the last first, and each once', () => {
    addRecent('ana', 'price');
    addRecent('ana', 'budget');
    addRecent('ana', ' Price ');
    expect(readRecent('ana')).toEqual(['Price', 'budget']);
    expect(readRecent('luis')).toEqual([]);
  });

  it('are few', () => {
    const many = Array.from({ length: 20 }, (_, at) => `word ${at}`);
    expect(many.reduce(withRecent, [] as string[])).toHaveLength(8);
    expect(withRecent(['a'], '  ')).toEqual(['a']);
  });
});

describe('the palette', () => {
  const command = (label: string): Command => ({ id: label, label, icon: 'check', run: () => undefined });
  const people = [
    { id: 'user_1', name: 'Ana Torres', role: 'rep' as const, team_ids: [], disabled: false, erased: false },
  ];
  const show = (typed: string) =>
    typedSections({
      typed,
      commands: [command('Moments'), command('Inbox')],
      people,
      quick: undefined,
      name: (id) => id,
      nowMs: 0,
    });

  it('begins with recent searches and commands', () =>
    expect(restingSections(['price'], [command('Inbox')]).map(({ name }) => name)).toEqual([
      'Recent searches',
      'Commands',
    ]));

  it('shows what is known at once before what the server finds', () => {
    expect(show('mom').map(({ name }) => name)).toEqual(['Commands', 'Search']);
    expect(show('ana')[0]?.entries.map(({ act }) => act)).toEqual([
      { url: '/moments?rep=user_1' },
      { url: '/moments?by=user_1' },
    ]);
  });

  it('can always search everything', () =>
    expect(show(' zebra ').at(-1)?.entries[0]?.act).toEqual({ search: 'zebra' }));
});

describe('the search page', () => {
  it.each([
    'q=good+price&kind=segment&role=customer&rep=user_1&team=team_1',
    'q=a&tag=q4&outcome=won&days=30',
  ])('keeps its filters in the address: %s', (text) =>
    expect(writeFilters(readFilters(new URLSearchParams(text))).toString()).toBe(text),
  );

  it('counts filters beside the words', () =>
    expect(countFilters(readFilters(new URLSearchParams('q=a&role=rep&from=2026-11-01&to=2026-11-02')))).toBe(
      2,
    ));

  it('asks for what the filters say', () =>
    expect(toRequest(readFilters(new URLSearchParams('q=a&outcome=won')), 0)).toEqual({
      q: 'a',
      deal_outcome: 'won',
    }));

  it('gathers by call, with the title apart and each place once', () => {
    const hit = (kind: SearchHit['kind'], id: string, callId: string): SearchHit => ({
      kind,
      id,
      call: { id: callId, title: callId, owner_id: 'user_1' },
      start_ms: 1,
      url: '/',
      excerpt: [],
    });
    const found = byCall([
      hit('title', 'c1', 'c1'),
      hit('segment', 's1', 'c1'),
      hit('segment', 's2', 'c2'),
      hit('segment', 's1', 'c1'),
    ]);
    expect(found.map(({ call, title, hits }) => [call.id, title !== null, hits.length])).toEqual([
      ['c1', true, 1],
      ['c2', false, 1],
    ]);
  });
});
