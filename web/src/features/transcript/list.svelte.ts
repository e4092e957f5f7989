import { measureText, type TextStyle } from './measure';
import {
  anchorAt,
  countLines,
  indexesOf,
  KnownHeights,
  placeOf,
  rowHeight,
  Rows,
  spanOf,
  type AnchorPoint,
} from './virtual';

export type ListItem = { key: string; text: string; turn: boolean };

/** Above the first row. */
export const TOP_PX = 16;
const BEYOND_PX = 700;
const DEFAULT_TEXT_PX = 600;
const TEXT: TextStyle = { font: '16px "Inter Variable", system-ui, sans-serif', letterSpacingPx: -0.096 };

/**
 * The rows of a transcript that are on the page, and where all of them stand. Heights come from the text before a
 * row was ever shown and from the page afterwards; what is in sight stays where it is when they turn out different.
 */
export class TranscriptList {
  /** How far the page is scrolled and how high it is. */
  scrollTopPx = $state(0);
  viewPx = $state(0);
  /** Rows to keep on the page wherever they stand. */
  keep: readonly number[] = $state.raw([]);

  /** Counts changes of the geometry. */
  version = $state(0);
  #rows = new Rows([]);
  #items: readonly ListItem[] = [];
  #textPx = DEFAULT_TEXT_PX;
  #element: HTMLElement | null = null;
  /** Measured heights by row, to survive that rows are added. */
  #known = new KnownHeights();
  #held: AnchorPoint | null = null;
  #heldPx = 0;

  readonly #span = $derived.by(() => {
    void this.version;
    return spanOf(this.#rows, this.scrollTopPx - TOP_PX, this.viewPx || 800, BEYOND_PX);
  });
  readonly #first = $derived(this.#span.first);
  readonly #last = $derived(this.#span.last);
  readonly #size = $derived.by(() => {
    void this.version;
    return this.#rows.count;
  });

  /** The rows on the page, in order. The same list until it has to be another one, however far that is scrolled. */
  readonly indexes = $derived(indexesOf({ first: this.#first, last: this.#last }, this.keep, this.#size));

  /** Room below the last row, so that it can be read in the middle of the page. */
  readonly bottomPx = $derived(Math.max(96, Math.round(this.viewPx * 0.4)));

  readonly heightPx = $derived.by(() => {
    void this.version;
    return TOP_PX + this.#rows.totalPx + this.bottomPx;
  });

  get count(): number {
    return this.#rows.count;
  }

  /** The upper edge of a row on the sheet. */
  topOf(index: number): number {
    void this.version;
    return TOP_PX + this.#rows.topOf(index);
  }

  heightOf(index: number): number {
    void this.version;
    return this.#rows.heightOf(index);
  }

  /** The rows that the reader sees. */
  inSight(): { first: number; last: number } {
    return spanOf(this.#rows, this.scrollTopPx - TOP_PX, this.viewPx, 0);
  }

  setItems(items: readonly ListItem[]): void {
    const held = this.#held ?? anchorAt(this.#rows, this.scrollTopPx - TOP_PX);
    const heldKey = this.#items[held.index]?.key;
    this.#items = items;
    this.#rows = this.#build();
    if (heldKey !== undefined && this.scrollTopPx > 0) {
      const index = items.findIndex((item) => item.key === heldKey);
      this.#held = index < 0 ? null : { index, insidePx: held.insidePx };
      this.#heldPx = this.scrollTopPx - TOP_PX;
    }
    this.version += 1;
  }

  /** The page on which the rows are; returns what ends the watching of its size. */
  attach(element: HTMLElement): () => void {
    this.#element = element;
    const look = () => {
      if (element.clientHeight > 0) this.viewPx = element.clientHeight;
      this.#fit();
    };
    look();
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    const onFonts = () => this.#reguess();
    document.fonts.addEventListener('loadingdone', onFonts);
    return () => {
      sizes.disconnect();
      document.fonts.removeEventListener('loadingdone', onFonts);
      this.#element = null;
    };
  }

  /** Takes the heights of the rows that are on the page. */
  measure(): void {
    const element = this.#element;
    if (!element || element.clientHeight === 0) return;
    this.#fit();
    const sizes: [number, number][] = [];
    for (const row of element.querySelectorAll<HTMLElement>('[data-index]')) {
      const index = Number(row.dataset.index);
      const item = this.#items[index];
      if (!item) continue;
      const height = row.getBoundingClientRect().height;
      sizes.push([index, height]);
      this.#known.set(item.key, { text: item.text, turn: item.turn, height });
    }
    this.#hold();
    if (this.#rows.measure(sizes)) this.version += 1;
    else this.#held = null;
  }

  /** Puts what was in sight back where it was, once the page shows the new heights. */
  settle(): void {
    const element = this.#element;
    const held = this.#held;
    this.#held = null;
    if (!element || !held) return;
    const byPx = placeOf(this.#rows, held) - this.#heldPx;
    if (Math.abs(byPx) >= 1) this.scrollTo(element.scrollTop + byPx);
  }

  scrollTo(topPx: number, smooth = false): void {
    const element = this.#element;
    if (!element) return;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    element.scrollTo({ top: topPx, behavior: smooth && !calm ? 'smooth' : 'instant' });
    this.scrollTopPx = element.scrollTop;
  }

  /** Has a row where it is comfortably read, gliding if it is near. */
  reveal(index: number): void {
    const top = this.topOf(index);
    const bottom = top + this.heightOf(index);
    const comfortable =
      top >= this.scrollTopPx + this.viewPx * 0.15 && bottom <= this.scrollTopPx + this.viewPx * 0.7;
    if (comfortable) return;
    const to = Math.max(0, top - this.viewPx * 0.3);
    this.scrollTo(to, Math.abs(to - this.scrollTopPx) < this.viewPx);
  }

  /** Has a row in sight, moving no more than needed. */
  bring(index: number): void {
    const top = this.topOf(index);
    const bottom = top + this.heightOf(index);
    if (top < this.scrollTopPx + 8) this.scrollTo(Math.max(0, top - 24));
    else if (bottom > this.scrollTopPx + this.viewPx - 8) this.scrollTo(bottom - this.viewPx + 48);
  }

  #hold(): void {
    if (this.#held) return;
    const px = (this.#element?.scrollTop ?? 0) - TOP_PX;
    this.#held = anchorAt(this.#rows, px);
    this.#heldPx = px;
  }

  /** Guesses again when the text became wider or narrower. */
  #fit(): void {
    const text = this.#element?.querySelector('.text');
    const width = text?.clientWidth ?? 0;
    if (width === 0 || Math.abs(width - this.#textPx) < 1) return;
    this.#textPx = width;
    this.#reguess();
  }

  #reguess(): void {
    this.#hold();
    this.#known.clear();
    this.#rows = this.#build();
    this.version += 1;
  }

  #build(): Rows {
    const widthOf = measureText(TEXT);
    return new Rows(
      this.#items.map((item, index) => {
        const known = this.#known.get(item.key);
        if (known && known.text === item.text && known.turn === item.turn) return known.height;
        return rowHeight(countLines(item.text, this.#textPx, widthOf), item.turn, index === 0);
      }),
    );
  }
}
