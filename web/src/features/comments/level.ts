/**
 * Where threads stand beside their words: each level with them where it can be, none over another, and the one in
 * focus exactly level. Pixels from the top of the transcript's sheet.
 */
import { clamp } from '@/lib/ranges';
import { lastAtMost } from '@/lib/search';

/** Heights by id, as they are measured. */
export const makeSizes = (): Map<string, number> => new Map();

export type Box = { wantedPx: number; heightPx: number };

/** Tops of boxes that stand one below the other. */
export function stack(heights: readonly number[], gapPx: number): number[] {
  let next = 0;
  return heights.map((height) => {
    const top = next;
    next += height + gapPx;
    return top;
  });
}

/**
 * Tops of boxes, ordered by what they want: pushed down by those before them; with one in `focus`, that one has
 * what it wants, and those before it give way upwards.
 */
export function level(boxes: readonly Box[], gapPx: number, focus = -1): number[] {
  const tops: number[] = [];
  let free = -Infinity;
  boxes.forEach((box, index) => {
    const top = index === focus ? box.wantedPx : Math.max(box.wantedPx, free);
    tops.push(top);
    free = top + box.heightPx + gapPx;
  });
  for (let index = focus - 1; index >= 0; index -= 1) {
    const lowest = (tops[index + 1] ?? 0) - gapPx - (boxes[index]?.heightPx ?? 0);
    if ((tops[index] ?? 0) <= lowest) break;
    tops[index] = lowest;
  }
  return tops;
}

/** Where the sheet of threads is, seen from the transcript's: pairs that grow together. */
export type Course = { sheet: number[]; column: number[] };

/** How much faster than the words crowded threads may pass, unless there are too many for that. */
const CALM_SPEED = 3;

/**
 * The way of the threads past the reader while the words scroll by. Level threads move with the words; crowded
 * ones take more room than their words, so they move faster, with no leaps.
 */
export function course(boxes: readonly Box[], tops: readonly number[], sheetPx: number): Course {
  const last = boxes.length - 1;
  const bottom = (tops[last] ?? 0) + (boxes[last]?.heightPx ?? 0);
  const column = [Math.min(0, tops[0] ?? 0), ...tops, Math.max(sheetPx, bottom)];
  const sheet = [0, ...boxes.map((box) => clamp(box.wantedPx, 0, sheetPx)), sheetPx];
  const span = (column.at(-1) ?? 0) - (column[0] ?? 0);
  const speed = Math.max(CALM_SPEED, (1.5 * span) / Math.max(1, sheetPx));
  const apart = (index: number) => ((column[index] ?? 0) - (column[index - 1] ?? 0)) / speed;
  for (let index = 1; index < sheet.length; index += 1)
    sheet[index] = Math.max(sheet[index] ?? 0, (sheet[index - 1] ?? 0) + apart(index));
  sheet[sheet.length - 1] = sheetPx;
  for (let index = sheet.length - 1; index > 0; index -= 1)
    sheet[index - 1] = Math.min(sheet[index - 1] ?? 0, (sheet[index] ?? 0) - apart(index));
  return { sheet, column };
}

/** What stands in the column at a place of the transcript's sheet. */
export function along({ sheet, column }: Course, atPx: number): number {
  const index = clamp(
    lastAtMost(sheet, atPx, (place) => place),
    0,
    sheet.length - 2,
  );
  const from = sheet[index] ?? 0;
  const to = sheet[index + 1] ?? from;
  const part = to > from ? clamp((atPx - from) / (to - from), 0, 1) : 1;
  const start = column[index] ?? 0;
  return start + part * ((column[index + 1] ?? start) - start);
}

export type View = {
  /** How far the transcript is scrolled, how long its sheet is, and how much of it is in sight. */
  scrollPx: number;
  sheetPx: number;
  sightPx: number;
  /** The column in sight: how far below the transcript's top it begins, and its height. */
  offsetPx: number;
  heightPx: number;
  /** Where the first thread wants to be. */
  firstPx: number;
};

/** How far the column has to be scrolled to go with the transcript. */
export function columnScroll(
  way: Course,
  view: View,
  focus: { wantedPx: number; topPx: number; heightPx: number } | null,
): number {
  const { scrollPx, sheetPx, sightPx, heightPx } = view;
  const range = sheetPx - sightPx;
  const progress = range > 0 ? clamp(scrollPx / range, 0, 1) : 0;
  // What is above the column's first line, at the very top of the transcript, would never be seen.
  const offsetPx = clamp(scrollPx + view.firstPx, 0, view.offsetPx);
  const atPx = scrollPx + offsetPx;
  const line = progress * heightPx;
  const usual = along(way, atPx + line) - line;
  if (!focus) return usual;
  // Level with its words, and all in sight, as long as they are; from there on it lets go little by little.
  const wanted = focus.wantedPx - atPx;
  const held = clamp(wanted, 0, heightPx);
  const loose = clamp(Math.abs(wanted - held) / Math.max(1, heightPx), 0, 1);
  const cut = clamp(held + focus.heightPx - heightPx, 0, held);
  return (focus.topPx - held + cut) * (1 - loose) + usual * loose;
}

/** The boxes, of all that are placed in order, that are in sight or near it: `[from, to)`. */
export function near(
  tops: readonly number[],
  heights: readonly number[],
  fromPx: number,
  toPx: number,
): [number, number] {
  const first = lastAtMost(tops, fromPx, (top) => top);
  const from = first < 0 ? 0 : (tops[first] ?? 0) + (heights[first] ?? 0) >= fromPx ? first : first + 1;
  return [from, Math.max(from, lastAtMost(tops, toPx, (top) => top) + 1)];
}
