/** Words looked for in the transcript, also in the rows that are not on the page. */
import type { Segment } from '@/lib/api/types';

export type Found = { row: number; from: number; to: number };

const MOST = 5000;
const folded = new WeakMap<Segment, string>();

/** Small letters without accents, one for one, so that places stay the same. */
export function fold(text: string): string {
  const small = [...text].map((letter) => {
    const plain = letter.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
    return plain.length === letter.length ? plain : letter;
  });
  return small.join('');
}

function foldedText(segment: Segment): string {
  const known = folded.get(segment) ?? fold(segment.text);
  folded.set(segment, known);
  return known;
}

/** All places where the query stands, in order; none for an empty one. */
export function findAll(segments: readonly Segment[], query: string): Found[] {
  const wanted = fold(query.trim().replace(/\s+/g, ' '));
  const found: Found[] = [];
  if (wanted === '') return found;
  for (let row = 0; row < segments.length && found.length < MOST; row += 1) {
    const segment = segments[row];
    if (!segment) continue;
    const text = foldedText(segment);
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      found.push({ row, from: at, to: at + wanted.length });
    }
  }
  return found;
}

/** The first place in or after a row, else the first of all; -1 if there is none. */
export function firstFrom(found: readonly Found[], row: number): number {
  const after = found.findIndex((one) => one.row >= row);
  return after >= 0 ? after : found.length > 0 ? 0 : -1;
}

/** The place after (1) or before (-1), around the ends. */
export function stepFound(count: number, current: number, by: -1 | 1): number {
  return count === 0 ? -1 : (current + by + count) % count;
}
