/** Segments in their order, as they come in any order, and which are heard at a given instant. */
import type { Segment } from '@/lib/api/types';
import { lastAtMost } from '@/lib/search';

/** What tells a segment from the others of its transcript. */
export function segmentKey(segment: Segment): string {
  return segment.id ?? `${segment.channel}@${segment.start_ms}`;
}

/**
 * `segments` with `incoming` put in their places, by start and then channel. One that is there already, by
 * its id, is replaced. Returns the same array when nothing came.
 */
export function insertSegments(segments: readonly Segment[], incoming: readonly Segment[]): Segment[] {
  if (incoming.length === 0) return segments as Segment[];
  const fresh = new Map(incoming.map((segment) => [segmentKey(segment), segment]));
  const kept = segments.filter((segment) => !fresh.has(segmentKey(segment)));
  return [...kept, ...fresh.values()].sort(inOrder);
}

export function inOrder(a: Segment, b: Segment): number {
  return a.start_ms - b.start_ms || a.channel - b.channel || (segmentKey(a) < segmentKey(b) ? -1 : 1);
}

/** How far back to look for a long segment that is still heard while later ones have begun. */
const LOOK_BACK = 12;

/** Indexes of the segments heard at `atMs`, the latest first: more than one where people talk over each other. */
export function segmentsAt(segments: readonly Segment[], atMs: number): number[] {
  const last = lastAtMost(segments, atMs, (segment) => segment.start_ms);
  const found: number[] = [];
  for (let index = last; index >= 0 && index > last - LOOK_BACK; index -= 1) {
    const segment = segments[index];
    if (segment && atMs < segment.end_ms) found.push(index);
  }
  return found;
}

/** The segment to keep in view at `atMs`: the one heard, or in a pause the one before. -1 before the first. */
export function segmentToShow(segments: readonly Segment[], atMs: number): number {
  return segmentsAt(segments, atMs)[0] ?? lastAtMost(segments, atMs, (segment) => segment.start_ms);
}

/** Whether the segment at `index` starts a turn, so that the speaker is named above it. */
export function startsTurn(segments: readonly Segment[], index: number): boolean {
  const segment = segments[index];
  const before = segments[index - 1];
  return (
    !before ||
    before.channel !== segment?.channel ||
    before.speaker.name !== segment.speaker.name ||
    before.speaker.role !== segment.speaker.role
  );
}

/** Who speaks at `atMs` and the words around it; null in a pause. */
export function saidAt(segments: readonly Segment[], atMs: number) {
  const segment = segments[segmentsAt(segments, atMs)[0] ?? -1];
  if (!segment) return null;
  const at = Math.max(
    0,
    lastAtMost(segment.words, atMs, (word) => word.start_ms),
  );
  const words = segment.words.slice(Math.max(0, at - WORDS_BEFORE), at + WORDS_AFTER);
  const text = words.length > 0 ? words.map((word) => word.text).join(' ') : segment.text;
  return { ...segment.speaker, text };
}

const WORDS_BEFORE = 4;
const WORDS_AFTER = 10;
