/** Where the words of a segment stand in its text, to find the word under a click and the word being spoken. */
import type { Segment, Word } from '@/lib/api/types';
import { lastAtMost } from '@/lib/search';

/** Start and end offset of each word in the text, in UTF-16 units, two numbers a word; -1 where it isn't found. */
export type WordOffsets = Int32Array;

/** Finds the words in the text, one after the other, whatever stands between them. */
export function wordOffsets(text: string, words: readonly Pick<Word, 'text'>[]): WordOffsets {
  const offsets = new Int32Array(words.length * 2).fill(-1);
  let from = 0;
  words.forEach((word, index) => {
    const at = word.text === '' ? -1 : text.indexOf(word.text, from);
    if (at < 0) return;
    offsets[2 * index] = at;
    from = at + word.text.length;
    offsets[2 * index + 1] = from;
  });
  return offsets;
}

export type SegmentWords = { starts: Int32Array; ends: Int32Array; count: number };

const kept = new WeakMap<Segment, SegmentWords>();

/** Where a segment's words stand in its text, worked out once a segment. */
export function wordsOf(segment: Segment): SegmentWords {
  const found = kept.get(segment);
  if (found) return found;
  const offsets = wordOffsets(segment.text, segment.words);
  const count = segment.words.length;
  const made = {
    starts: Int32Array.from({ length: count }, (_, index) => offsets[2 * index] ?? -1),
    ends: Int32Array.from({ length: count }, (_, index) => offsets[2 * index + 1] ?? -1),
    count,
  };
  kept.set(segment, made);
  return made;
}

/** When a word begins or ends; the segment's own time where there is no such word. */
export function timeAtWord(segment: Segment, word: number, side: 'start' | 'end'): number {
  const found = segment.words[word];
  if (side === 'start') return found?.start_ms ?? segment.start_ms;
  return found?.end_ms ?? segment.end_ms;
}

/** A word stays lit a little after its end, so that the highlight doesn't flicker between words. */
const LINGER_MS = 250;

/** The index of the word spoken at `atMs`, or -1. */
export function wordAt(words: readonly Word[], atMs: number): number {
  const index = lastAtMost(words, atMs, (word) => word.start_ms);
  const word = words[index];
  return word && atMs < word.end_ms + LINGER_MS ? index : -1;
}

/** The index of the word that stands at `offset` of the text, or the nearest before it; -1 if none does. */
export function wordAtOffset(offsets: WordOffsets, offset: number): number {
  const starts = Array.from({ length: offsets.length / 2 }, (_, index) => index).filter(
    (index) => (offsets[2 * index] ?? -1) >= 0,
  );
  const found = lastAtMost(starts, offset, (index) => offsets[2 * index] ?? 0);
  return found < 0 ? (starts[0] ?? -1) : (starts[found] ?? -1);
}

/** When to play from for a click at `offset` of a segment's text. */
export function timeAtOffset(segment: Segment, offset: number): number {
  const index = wordAtOffset(wordOffsets(segment.text, segment.words), offset);
  return segment.words[index]?.start_ms ?? segment.start_ms;
}
