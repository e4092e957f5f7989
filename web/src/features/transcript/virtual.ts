/**
 * The geometry of a long list of which only the rows in sight are on the page: heights that are guessed until
 * they are measured, and where each row stands.
 */
export class Rows {
  #heights: Float64Array;
  #measured: Uint8Array;
  /** `#tops[i]` is the sum of the heights before row i; right up to `#clean`. */
  #tops: Float64Array;
  #clean = 0;

  constructor(guesses: ArrayLike<number>) {
    this.#heights = Float64Array.from(guesses);
    this.#measured = new Uint8Array(guesses.length);
    this.#tops = new Float64Array(guesses.length + 1);
  }

  get count(): number {
    return this.#heights.length;
  }

  get totalPx(): number {
    return this.topOf(this.count);
  }

  heightOf(index: number): number {
    return this.#heights[index] ?? 0;
  }

  isMeasured(index: number): boolean {
    return this.#measured[index] === 1;
  }

  /** The upper edge of a row; `count` gives the lower edge of the last. */
  topOf(index: number): number {
    const to = Math.min(Math.max(0, index), this.count);
    for (let at = this.#clean; at < to; at += 1) {
      this.#tops[at + 1] = (this.#tops[at] ?? 0) + (this.#heights[at] ?? 0);
    }
    this.#clean = Math.max(this.#clean, to);
    return this.#tops[to] ?? 0;
  }

  /** The row at a height, the nearest one outside the list; -1 in an empty list. */
  rowAt(px: number): number {
    const total = this.totalPx;
    if (this.count === 0) return -1;
    if (px >= total) return this.count - 1;
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#tops[middle] ?? 0) <= px) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Takes measured heights; returns whether any differs from what was known. */
  measure(sizes: Iterable<readonly [index: number, height: number]>): boolean {
    let changed = false;
    for (const [index, height] of sizes) {
      if (index < 0 || index >= this.count) continue;
      this.#measured[index] = 1;
      if (Math.abs((this.#heights[index] ?? 0) - height) < 0.5) continue;
      this.#heights[index] = height;
      this.#clean = Math.min(this.#clean, index);
      changed = true;
    }
    return changed;
  }
}

/** Heights that were measured, by row, for the text that they were measured with. */
export class KnownHeights extends Map<string, { text: string; turn: boolean; height: number }> {}

export type Span = { first: number; last: number };

/** The rows that a view shows, and those within `beyondPx` of it; none in an empty list. */
export function spanOf(rows: Rows, topPx: number, heightPx: number, beyondPx: number): Span {
  if (rows.count === 0) return { first: 0, last: -1 };
  return {
    first: rows.rowAt(Math.max(0, topPx - beyondPx)),
    last: rows.rowAt(Math.max(0, topPx + heightPx + beyondPx)),
  };
}

/** The rows to render in order: those in the span, and some that must stay, such as the one with the focus. */
export function indexesOf(span: Span, keep: Iterable<number>, count: number): number[] {
  const found = new Set<number>();
  for (let index = span.first; index <= span.last; index += 1) found.add(index);
  for (const index of keep) if (index >= 0 && index < count) found.add(index);
  return [...found].sort((a, b) => a - b);
}

/** A place that stays where it is on screen while heights around it change. */
export type AnchorPoint = { index: number; insidePx: number };

export function anchorAt(rows: Rows, px: number): AnchorPoint {
  const index = Math.max(0, rows.rowAt(px));
  return { index, insidePx: px - rows.topOf(index) };
}

export function placeOf(rows: Rows, anchor: AnchorPoint): number {
  return rows.topOf(anchor.index) + anchor.insidePx;
}

/** How a row is built, in pixels: see SegmentRow's styles. */
export const LINE_PX = 26;
export const ROW_PADDING_PX = 6;
export const TURN_PX = 40;
/** The first turn has no space above. */
export const FIRST_TURN_PX = 24;
/** The width of a character in pixels, by its UTF-16 code. */
export type WidthOf = (code: number) => number;

const SPACE = 32;

/** How many lines a text takes at a width, filled greedily as browsers do. */
export function countLines(text: string, widthPx: number, widthOf: WidthOf): number {
  const space = widthOf(SPACE);
  let lines = 1;
  let used = 0;
  let word = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? text.charCodeAt(at) : SPACE;
    if (code !== SPACE) {
      word += widthOf(code);
      continue;
    }
    if (used > 0 && used + space + word > widthPx) {
      lines += 1;
      used = 0;
    }
    used += (used > 0 ? space : 0) + word;
    // A word that is wider than the line is broken.
    while (used > widthPx && widthPx > 0) {
      lines += 1;
      used -= widthPx;
    }
    word = 0;
  }
  return lines;
}

/** The height of a row with so many lines. */
export function rowHeight(lines: number, turn: boolean, first: boolean): number {
  const head = turn ? (first ? FIRST_TURN_PX : TURN_PX) : 0;
  return head + lines * LINE_PX + ROW_PADDING_PX;
}

/**
 * How far below a row's top a character of its text stands, in whole lines; worked out from the row's height so
 * that it needs nothing on the page.
 */
export function lineTop(heightPx: number, turn: boolean, first: boolean, share: number): number {
  const head = turn ? (first ? FIRST_TURN_PX : TURN_PX) : 0;
  const lines = Math.max(1, Math.round((heightPx - head - ROW_PADDING_PX) / LINE_PX));
  return head + Math.min(lines - 1, Math.floor(Math.max(0, share) * lines)) * LINE_PX;
}
