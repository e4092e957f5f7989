/** From a place in the text to a stretch of the recording, and back. */
import { timeAtWord, wordsOf } from './words';
import type { Segment } from '@/lib/api/types';
import type { Stretch } from '@/lib/room.svelte';

/** A word of the transcript. */
export type Place = { segment: number; word: number };

/** A character of the transcript. */
export type Caret = { segment: number; offset: number };

export function comparePlaces(a: Place, b: Place): number {
  return a.segment - b.segment || a.word - b.word;
}

/** The words that a selection between two carets touches, whichever comes first; null if it touches none. */
export function placesBetween(segments: readonly Segment[], a: Caret, b: Caret): [Place, Place] | null {
  const backwards = a.segment > b.segment || (a.segment === b.segment && a.offset > b.offset);
  const [from, to] = backwards ? [b, a] : [a, b];
  const first = firstWordFrom(segments, from, to.segment);
  const last = lastWordUpTo(segments, to, from.segment);
  return first && last && comparePlaces(first, last) <= 0 ? [first, last] : null;
}

function firstWordFrom(segments: readonly Segment[], from: Caret, lastSegment: number): Place | null {
  for (let index = from.segment; index <= lastSegment; index += 1) {
    const segment = segments[index];
    if (!segment) return null;
    const offset = index === from.segment ? from.offset : 0;
    const { ends, count } = wordsOf(segment);
    for (let word = 0; word < count; word += 1) {
      if ((ends[word] ?? -1) > offset) return { segment: index, word };
    }
  }
  return null;
}

function lastWordUpTo(segments: readonly Segment[], to: Caret, firstSegment: number): Place | null {
  for (let index = to.segment; index >= firstSegment; index -= 1) {
    const segment = segments[index];
    if (!segment) return null;
    const offset = index === to.segment ? to.offset : segment.text.length;
    const { starts, count } = wordsOf(segment);
    for (let word = count - 1; word >= 0; word -= 1) {
      const start = starts[word] ?? -1;
      if (start >= 0 && start < offset) return { segment: index, word };
    }
  }
  return null;
}

/** The stretch from one word to another, with what is said in it. The channel is named where it is one. */
export function stretchOf(segments: readonly Segment[], first: Place, last: Place): Stretch | null {
  const parts = segments.slice(first.segment, last.segment + 1);
  const head = parts[0];
  if (!head || parts.length !== last.segment - first.segment + 1) return null;
  const ends = parts.map((segment, index) =>
    index === parts.length - 1 ? timeAtWord(segment, last.word, 'end') : segment.end_ms,
  );
  const startMs = timeAtWord(head, first.word, 'start');
  return {
    startMs,
    endMs: Math.max(startMs + 1, ...ends),
    channel: parts.every((segment) => segment.channel === head.channel) ? head.channel : null,
    quote: quoteOf(segments, first, last),
  };
}

/** The text from one word to another; segments are joined by a space. */
export function quoteOf(segments: readonly Segment[], first: Place, last: Place): string {
  return partsOf(segments, first, last)
    .map(({ segment, from, to }) => segment.text.slice(from, to))
    .join(' ')
    .trim();
}

/** The same for the clipboard: a line for each segment, with its speaker where more than one talks. */
export function copyOf(segments: readonly Segment[], first: Place, last: Place): string {
  const parts = partsOf(segments, first, last);
  const names = new Set(parts.map(({ segment }) => segment.speaker.name));
  return parts
    .map(({ segment, from, to }) => {
      const text = segment.text.slice(from, to);
      return names.size > 1 ? `${segment.speaker.name}: ${text}` : text;
    })
    .join('\n');
}

function partsOf(segments: readonly Segment[], first: Place, last: Place) {
  return segments.slice(first.segment, last.segment + 1).map((segment, index) => {
    const at = first.segment + index;
    const { starts, ends } = wordsOf(segment);
    return {
      segment,
      from: at === first.segment ? Math.max(0, starts[first.word] ?? 0) : 0,
      to: at === last.segment ? known(ends[last.word], segment.text.length) : segment.text.length,
    };
  });
}

function known(offset: number | undefined, otherwise: number): number {
  return offset === undefined || offset < 0 ? otherwise : offset;
}

/**
 * The characters of a segment that belong to a stretch of the recording, as `[from, to]`: from the first to the
 * last word whose middle lies in it. Null if none does.
 */
export function charactersIn(
  segment: Segment,
  stretch: { startMs: number; endMs: number; channel?: number | null },
): [number, number] | null {
  if (stretch.channel != null && stretch.channel !== segment.channel) return null;
  if (segment.start_ms >= stretch.endMs || segment.end_ms <= stretch.startMs) return null;
  const { starts, ends, count } = wordsOf(segment);
  let from = -1;
  let to = -1;
  for (let index = 0; index < count; index += 1) {
    const word = segment.words[index];
    const start = starts[index] ?? -1;
    if (!word || start < 0) continue;
    const middle = (word.start_ms + word.end_ms) / 2;
    if (middle < stretch.startMs || middle > stretch.endMs) continue;
    if (from < 0) from = start;
    to = ends[index] ?? to;
  }
  return from >= 0 && to > from ? [from, to] : null;
}

/** The word before (-1) or after (1), across segments; null at the ends. */
export function neighbourWord(segments: readonly Segment[], place: Place, by: -1 | 1): Place | null {
  const within = place.word + by;
  if (within >= 0 && within < (segments[place.segment]?.words.length ?? 0)) {
    return { segment: place.segment, word: within };
  }
  for (let index = place.segment + by; index >= 0 && index < segments.length; index += by) {
    const count = segments[index]?.words.length ?? 0;
    if (count > 0) return { segment: index, word: by > 0 ? 0 : count - 1 };
  }
  return null;
}
