import { wordsOf } from './words';
import type { Segment } from '@/lib/api/types';
import { lastAtMost } from '@/lib/search';

/** A place in the transcript's text: how much of its row's text stands before it. */
export type TextPlace = { row: number; turn: boolean; share: number };

/** Places by their instants. */
export const makePlaces = (): Map<number, TextPlace> => new Map();

/** How much of a segment's text stands before the word of an instant. */
export function shareOf(segment: Segment | undefined, atMs: number): number {
  if (!segment) return 0;
  const word = Math.max(
    0,
    lastAtMost(segment.words, atMs, (one) => one.start_ms),
  );
  return (wordsOf(segment).starts[word] ?? 0) / Math.max(1, segment.text.length);
}
