import { describe, expect, it } from 'vitest';
import type { Tracker, TrackerHit } from '@/lib/api/types';
import { byTracker, draftOf, phraseProblem, readPhrases } from './phrases';

const tracker = (id: string): Tracker => ({
  id,
  title: id,
  description: '',
  phrases: ['too expensive', 'cheaper'],
  speaker_role: null,
  enabled: true,
  version: 1,
  created_at: 0,
});

describe('phrases', () => {
  it('stand on a line each, and count once', () =>
    expect(readPhrases(' too  expensive\n\nCheaper\ncheaper \n')).toEqual(['too expensive', 'Cheaper']));

  it('come back from a tracker as they were', () =>
    expect(readPhrases(draftOf(tracker('a')).phrases)).toEqual(['too expensive', 'cheaper']));

  it.each([
    [[], /at least one/],
    [Array.from({ length: 201 }, (_, at) => `word ${at}`), /201 phrases/],
    [['a'.repeat(101)], /too long/],
    [['price', '***'], /no word/],
  ])('say what is wrong with them', (phrases, words) => expect(phraseProblem(phrases)).toMatch(words));

  it('are well otherwise', () => expect(phraseProblem(['pric*', "can't afford"])).toBe(null));
});

it('gathers what was said by tracker, the most first', () => {
  const hit = (id: string, startMs: number): TrackerHit => ({
    tracker_id: id,
    call_id: 'c',
    segment_id: 's',
    start_ms: startMs,
    end_ms: startMs + 1,
    phrase: 'price',
    url: '/',
  });
  const said = byTracker(
    [hit('b', 1), hit('a', 2), hit('b', 3), hit('gone', 4)],
    [tracker('a'), tracker('b')],
  );
  expect(said.map((one) => [one.tracker.id, one.hits.length])).toEqual([
    ['b', 2],
    ['a', 1],
  ]);
});
