import './highlights.css';
import { onDestroy } from 'svelte';
import type { Found } from './find';
import { showHighlight, textRange } from './highlight';
import { marksNear, paint, TONES, type Painted } from './markings';
import { wordsOf } from './words';
import type { Segment } from '@/lib/api/types';
import type { RoomState } from '@/lib/room.svelte';

type Spoken = { index: number; word: number };

type Canvas = {
  root: HTMLElement | undefined;
  segments: readonly Segment[];
  /** The rows that are on the page. */
  rows: readonly number[];
  room: RoomState;
  heard: readonly Spoken[];
  cursor: Spoken | null;
  found: readonly Found[];
  foundNow: Found | null;
};

const NAMES = [
  ...TONES.map((tone) => `mark-${tone}`),
  ...['mark-focused', 'composing', 'spoken', 'cursor', 'found', 'found-now'],
];

/** Those in rows that are on the page. */
function onPage(painted: readonly Painted[], rows: readonly number[]): readonly Painted[] {
  return painted.length < 2 ? painted : painted.filter(({ row }) => rows.includes(row));
}

/** Paints the words of the transcript: what is marked, commented on, spoken, found. Call it as a component begins. */
export function usePainting(canvas: Canvas): void {
  const show = (name: string, painted: readonly Painted[]) => {
    const ranges = onPage(painted, canvas.rows).flatMap(({ row, from, to }) => {
      const text = canvas.root?.querySelector(`[data-index="${row}"] .text`);
      const range = text ? textRange(text, from, to) : null;
      return range ? [range] : [];
    });
    showHighlight(name, ranges);
  };
  const word = ({ index, word: at }: Spoken): Painted[] => {
    const segment = canvas.segments[index];
    if (!segment || at < 0) return [];
    const { starts, ends } = wordsOf(segment);
    return [{ row: index, from: starts[at] ?? -1, to: ends[at] ?? -1 }];
  };

  $effect(() => {
    const { segments, rows, room } = canvas;
    const near = marksNear(segments, rows, room.marks);
    for (const tone of TONES) {
      const marks = near.filter((mark) => mark.tone === tone);
      show(
        `mark-${tone}`,
        marks.flatMap((mark) => paint(segments, rows, mark)),
      );
    }
  });
  $effect(() => {
    const { segments, rows, room } = canvas;
    const mark = room.marks.find(({ id }) => id === room.focusedId);
    show('mark-focused', mark ? paint(segments, rows, mark) : []);
  });
  $effect(() => {
    const about = canvas.room.composing;
    show('composing', about && about !== 'call' ? paint(canvas.segments, canvas.rows, about) : []);
  });
  $effect(() => {
    void canvas.rows;
    show('spoken', canvas.heard.flatMap(word));
  });
  $effect(() => {
    void canvas.rows;
    show('cursor', canvas.cursor ? word(canvas.cursor) : []);
  });
  $effect(() => {
    void canvas.rows;
    show('found', canvas.found);
    show('found-now', canvas.foundNow ? [canvas.foundNow] : []);
  });
  onDestroy(() => {
    for (const name of NAMES) showHighlight(name, []);
  });
}
