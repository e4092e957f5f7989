import { describe, expect, it } from 'vitest';
import type { Segment } from '@/lib/api/types';
import { insertSegments, segmentsAt, segmentToShow, startsTurn } from './segments';
import { talkShares } from './talk';
import { timeAtOffset, wordAt, wordAtOffset, wordOffsets } from './words';

function segment(id: string, start_ms: number, end_ms: number, channel = 0, text = id): Segment {
  const role = channel === 0 ? 'rep' : 'customer';
  return { id, start_ms, end_ms, channel, text, words: [], edited: false, speaker: { role, name: role } };
}

const ids = (segments: Segment[]) => segments.map(({ id }) => id);

describe('insertSegments', () => {
  it('puts late segments in their places', () => {
    const known = [segment('a', 0, 10), segment('c', 20, 30)];
    expect(ids(insertSegments(known, [segment('b', 10, 20, 1), segment('c2', 20, 25, 1)]))).toEqual([
      'a',
      'b',
      'c',
      'c2',
    ]);
  });

  it('shows each once, the newer one', () => {
    const after = insertSegments([segment('a', 0, 10)], [segment('a', 0, 10, 0, 'corrected')]);
    expect(after).toHaveLength(1);
    expect(after[0]?.text).toBe('corrected');
  });

  it('tells segments without an id apart by channel and start', () => {
    const bare = (start_ms: number, channel: number): Segment => ({
      ...segment('', start_ms, start_ms + 10, channel, `${channel}@${start_ms}`),
      id: null,
    });
    const after = insertSegments([bare(0, 0), bare(0, 1)], [bare(0, 1), bare(20, 1)]);
    expect(after.map(({ text }) => text)).toEqual(['0@0', '1@0', '1@20']);
  });

  it('gives the same list back when nothing came', () => {
    const known = [segment('a', 0, 10)];
    expect(insertSegments(known, [])).toBe(known);
  });
});

describe('which segments are heard', () => {
  const list = [segment('long', 0, 5000), segment('over', 1000, 2000, 1), segment('late', 8000, 9000)];

  it('finds all that overlap, the latest first', () => {
    expect(segmentsAt(list, 500)).toEqual([0]);
    expect(segmentsAt(list, 1500)).toEqual([1, 0]);
    expect(segmentsAt(list, 2000)).toEqual([0]);
    expect(segmentsAt(list, 6000)).toEqual([]);
  });

  it('shows the one before in a pause, and none before the first', () => {
    expect(segmentToShow(list, 6000)).toBe(1);
    expect(segmentToShow(list, 8500)).toBe(2);
    expect(segmentToShow([segment('a', 100, 200)], 50)).toBe(-1);
  });

  it('names the speaker when the turn changes', () => {
    expect(list.map((_, index) => startsTurn(list, index))).toEqual([true, true, true]);
    expect(startsTurn([segment('a', 0, 1), segment('b', 1, 2)], 1)).toBe(false);
  });
});

describe('words', () => {
  const words = ['No', 'no,', 'no', 'way.'].map((text, i) => ({
    text,
    start_ms: i * 1000,
    end_ms: i * 1000 + 400,
    confidence: 1,
  }));

  it('finds repeated words one after the other', () => {
    expect([...wordOffsets('No no, no way.', words)]).toEqual([0, 2, 3, 6, 7, 9, 10, 14]);
  });

  it('skips a word that the text does not have and finds the rest', () => {
    expect([...wordOffsets('No way.', words)]).toEqual([0, 2, -1, -1, -1, -1, 3, 7]);
  });

  it('finds words without spaces between them', () => {
    expect([...wordOffsets('今日は', [{ text: '今日' }, { text: 'は' }])]).toEqual([0, 2, 2, 3]);
  });

  it('keeps a word lit for a moment, then none', () => {
    expect(wordAt(words, 100)).toBe(0);
    expect(wordAt(words, 600)).toBe(0);
    expect(wordAt(words, 700)).toBe(-1);
    expect(wordAt(words, 1000)).toBe(1);
    expect(wordAt([], 0)).toBe(-1);
  });

  it('plays from the word under a click', () => {
    const said = { ...segment('a', 0, 4000, 0, 'No no, no way.'), words };
    expect([0, 2, 3, 8, 14].map((offset) => timeAtOffset(said, offset))).toEqual([0, 0, 1000, 2000, 3000]);
    expect(timeAtOffset(segment('b', 700, 900), 1)).toBe(700);
    expect(wordAtOffset(wordOffsets('x', words), 0)).toBe(-1);
  });
});

describe('talkShares', () => {
  it('counts overlaps of one speaker once and adds up to 100', () => {
    const shares = talkShares([segment('a', 0, 2000), segment('b', 1000, 3000), segment('c', 2000, 8000, 1)]);
    expect(shares.map(({ talkMs, percent }) => [talkMs, percent])).toEqual([
      [3000, 33],
      [6000, 67],
    ]);
  });

  it('has nothing to say about nothing', () => {
    expect(talkShares([])).toEqual([]);
  });
});
