/** How the words of two versions differ. */
import type { Segment } from '@/lib/api/types';

export type Piece = { kind: 'same' | 'gone' | 'new'; text: string };
export type Change = { startMs: number; speaker: string; pieces: Piece[] };

/** So many words at most are compared word by word; more are shown as replaced. */
const MOST_WORDS = 600;

/** Words that are the same, gone or new, as few changes as possible; neighbours of a kind are joined. */
export function diffWords(before: readonly string[], after: readonly string[]): Piece[] {
  let head = 0;
  while (head < before.length && head < after.length && alike(before[head], after[head])) head += 1;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && alike(before[before.length - 1 - tail], after[after.length - 1 - tail])) tail += 1;
  const a = before.slice(head, before.length - tail);
  const b = after.slice(head, after.length - tail);
  const middle: Piece[] =
    a.length > MOST_WORDS || b.length > MOST_WORDS
      ? [
          { kind: 'gone', text: a.join(' ') },
          { kind: 'new', text: b.join(' ') },
        ]
      : longest(a, b);
  return join([
    ...after.slice(0, head).map((text): Piece => ({ kind: 'same', text })),
    ...middle,
    ...after.slice(after.length - tail).map((text): Piece => ({ kind: 'same', text })),
  ]);
}

/** Case and punctuation make no other word. */
function alike(a: string | undefined, b: string | undefined): boolean {
  return a === b || bare(a ?? '') === bare(b ?? '');
}

function bare(word: string): string {
  return word.toLowerCase().replace(/[^\p{L}\p{N}']/gu, '') || word;
}

/** By the longest common subsequence. */
function longest(a: readonly string[], b: readonly string[]): Piece[] {
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = alike(a[i], b[j])
        ? (table[(i + 1) * width + j + 1] ?? 0) + 1
        : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0);
    }
  }
  const pieces: Piece[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && alike(a[i], b[j])) {
      pieces.push({ kind: 'same', text: b[j] ?? '' });
      i += 1;
      j += 1;
    } else if (
      j >= b.length ||
      (i < a.length && (table[(i + 1) * width + j] ?? 0) >= (table[i * width + j + 1] ?? 0))
    ) {
      pieces.push({ kind: 'gone', text: a[i] ?? '' });
      i += 1;
    } else {
      pieces.push({ kind: 'new', text: b[j] ?? '' });
      j += 1;
    }
  }
  return pieces;
}

function join(pieces: readonly Piece[]): Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (piece.text === '') continue;
    if (last?.kind === piece.kind) last.text += ` ${piece.text}`;
    else joined.push({ ...piece });
  }
  return joined;
}

/**
 * Where two versions read differently, in order. They are compared between the pauses that both have, speaker by
 * speaker, so that hours of words take no longer than their parts.
 */
export function changesBetween(before: readonly Segment[], after: readonly Segment[]): Change[] {
  const channels = [...new Set([...before, ...after].map((segment) => segment.channel))];
  return channels
    .flatMap((channel) =>
      chunks(
        before.filter((segment) => segment.channel === channel),
        after.filter((segment) => segment.channel === channel),
      ),
    )
    .sort((a, b) => a.startMs - b.startMs);
}

function chunks(before: readonly Segment[], after: readonly Segment[]): Change[] {
  const all = [
    ...before.map((segment) => ({ segment, old: true })),
    ...after.map((segment) => ({ segment, old: false })),
  ].sort((a, b) => a.segment.start_ms - b.segment.start_ms);
  const changes: Change[] = [];
  let chunk: typeof all = [];
  let endMs = -1;
  const close = () => {
    const words = (old: boolean) =>
      chunk.filter((one) => one.old === old).flatMap((one) => one.segment.text.split(/\s+/).filter(Boolean));
    const pieces = diffWords(words(true), words(false));
    const first = chunk[0]?.segment;
    if (first && pieces.some(({ kind }) => kind !== 'same')) {
      changes.push({ startMs: first.start_ms, speaker: first.speaker.name, pieces });
    }
    chunk = [];
  };
  for (const one of all) {
    if (chunk.length > 0 && one.segment.start_ms >= endMs) close();
    chunk.push(one);
    endMs = Math.max(endMs, one.segment.end_ms);
  }
  close();
  return changes;
}
