/** Which words the marks of the room stand on. */
import { segmentToShow } from './segments';
import { charactersIn } from './stretch';
import type { Segment } from '@/lib/api/types';
import type { Mark, Stretch, Tone } from '@/lib/room.svelte';
import { lastAtMost } from '@/lib/search';

export const TONES: readonly Tone[] = ['praise', 'improve', 'question', 'note', 'evidence'];
export const TONE_WORDS: Readonly<Record<Tone, string>> = {
  praise: 'What worked',
  improve: 'Try next time',
  question: 'Question',
  note: 'Note',
  evidence: 'Evidence of a score',
};

/** The row in which a mark begins; -1 in an empty transcript. */
export function rowOfMark(
  segments: readonly Segment[],
  mark: Pick<Mark, 'startMs' | 'endMs' | 'channel'>,
): number {
  if (segments.length === 0) return -1;
  const last = lastAtMost(segments, mark.endMs, (segment) => segment.start_ms);
  let found = -1;
  for (let index = last; index >= 0 && index > last - 40; index -= 1) {
    const segment = segments[index];
    if (segment && charactersIn(segment, mark)) found = index;
  }
  return found >= 0 ? found : Math.max(0, segmentToShow(segments, mark.startMs));
}

/** The marks by the row in which they begin. */
export function marksByRow(segments: readonly Segment[], marks: readonly Mark[]): Map<number, Mark[]> {
  const rows = new Map<number, Mark[]>();
  for (const mark of marks) {
    const row = rowOfMark(segments, mark);
    const list = rows.get(row);
    if (list) list.push(mark);
    else if (row >= 0) rows.set(row, [mark]);
  }
  return rows;
}

/** The marks that may touch some rows: of thousands, the few that are worth painting. */
export function marksNear(
  segments: readonly Segment[],
  rows: readonly number[],
  marks: readonly Mark[],
): readonly Mark[] {
  let fromMs = Infinity;
  let toMs = -Infinity;
  for (const row of rows) {
    const segment = segments[row];
    if (!segment) continue;
    fromMs = Math.min(fromMs, segment.start_ms);
    toMs = Math.max(toMs, segment.end_ms);
  }
  return marks.filter((mark) => mark.startMs < toMs && mark.endMs > fromMs);
}

/** The mark under an instant: the shortest one, as it is the most exact. */
export function markAt(marks: readonly Mark[], atMs: number, channel: number): Mark | null {
  let best: Mark | null = null;
  for (const mark of marks) {
    if (mark.startMs > atMs || mark.endMs <= atMs) continue;
    if (mark.channel != null && mark.channel !== channel) continue;
    if (!best || mark.endMs - mark.startMs < best.endMs - best.startMs) best = mark;
  }
  return best;
}

/** A stretch of characters of one row. */
export type Painted = { row: number; from: number; to: number };

/** What a stretch of the recording covers in some rows. */
export function paint(
  segments: readonly Segment[],
  rows: readonly number[],
  stretch: Pick<Stretch, 'startMs' | 'endMs'> & { channel?: number | null },
): Painted[] {
  // For every mark in sight in every frame of scrolling: what is not touched costs nothing.
  const painted: Painted[] = [];
  for (const row of rows) {
    const segment = segments[row];
    if (!segment || segment.start_ms >= stretch.endMs || segment.end_ms <= stretch.startMs) continue;
    const covered = charactersIn(segment, stretch);
    if (covered) painted.push({ row, from: covered[0], to: covered[1] });
  }
  return painted;
}
