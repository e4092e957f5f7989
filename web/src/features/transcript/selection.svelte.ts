import { textRange } from './highlight';
import { comparePlaces, placesBetween, type Caret, type Place } from './stretch';
import { wordsOf } from './words';
import type { Segment } from '@/lib/api/types';

/** A selection's box on the page that scrolls, in pixels from its upper left corner. */
export type Box = { left: number; right: number; top: number; bottom: number };

/** The words that the reader selected with mouse, finger or keys: the browser's selection, read as places. */
export class TextSelection {
  places: readonly [Place, Place] | null = $state.raw(null);
  box: Box | null = $state.raw(null);
  /** While a pointer is still down. */
  dragging = $state(false);
  /** The rows in which it begins and ends, which have to stay on the page. */
  readonly rows = $derived(this.places ? [this.places[0].segment, this.places[1].segment] : []);

  readonly #segments: () => readonly Segment[];
  readonly #root: () => HTMLElement | undefined;
  readonly #sheet: () => HTMLElement | undefined;

  constructor(
    segments: () => readonly Segment[],
    root: () => HTMLElement | undefined,
    sheet: () => HTMLElement | undefined,
  ) {
    this.#segments = segments;
    this.#root = root;
    this.#sheet = sheet;
  }

  /** Listens to the page; returns what ends that. */
  watch(): () => void {
    const onChange = () => this.read();
    const onUp = () => (this.dragging = false);
    document.addEventListener('selectionchange', onChange);
    addEventListener('pointerup', onUp);
    addEventListener('pointercancel', onUp);
    return () => {
      document.removeEventListener('selectionchange', onChange);
      removeEventListener('pointerup', onUp);
      removeEventListener('pointercancel', onUp);
    };
  }

  read(): void {
    const selection = getSelection();
    const root = this.#root();
    if (!selection || !root || selection.isCollapsed) {
      this.#set(null);
      return;
    }
    const a = this.#caret(selection.anchorNode, selection.anchorOffset);
    const b = this.#caret(selection.focusNode, selection.focusOffset);
    if (a && b) this.#set(placesBetween(this.#segments(), a, b));
    // Dragged out of the transcript: the words that were selected until then stay it.
    else if (!a) this.#set(null);
  }

  /** Selects from one word to another; both have to be on the page. */
  select(anchor: Place, focus: Place): void {
    const forwards = comparePlaces(anchor, focus) <= 0;
    const from = this.#point(anchor, forwards ? 'start' : 'end');
    const to = this.#point(focus, forwards ? 'end' : 'start');
    if (from && to) getSelection()?.setBaseAndExtent(from.node, from.offset, to.node, to.offset);
  }

  clear(): void {
    if (this.places) getSelection()?.removeAllRanges();
    this.#set(null);
  }

  /** Where the selection is now, after rows moved. */
  place(): void {
    const selection = getSelection();
    const sheet = this.#sheet();
    if (!this.places || !selection || selection.rangeCount === 0 || !sheet) {
      this.box = null;
      return;
    }
    const range = selection.getRangeAt(0);
    const rects = [...range.getClientRects()].filter((rect) => rect.width > 0);
    const first = rects[0];
    const last = rects.at(-1);
    if (!first || !last) return;
    const origin = sheet.getBoundingClientRect();
    this.box = {
      left: Math.min(first.left, last.left) - origin.left,
      right: last.right - origin.left,
      top: first.top - origin.top,
      bottom: last.bottom - origin.top,
    };
  }

  #set(places: readonly [Place, Place] | null): void {
    this.places = places;
    this.place();
  }

  #caret(node: Node | null, offset: number): Caret | null {
    const root = this.#root();
    if (!node || !root?.contains(node)) return null;
    const element = node instanceof Element ? node : node.parentElement;
    const row = element?.closest<HTMLElement>('[data-index]');
    if (!row) return this.#caretOfSheet(node, offset);
    const text = row.querySelector('.text');
    const segment = Number(row.dataset.index);
    if (!text) return null;
    if (node instanceof Text && node.parentElement === text) return { segment, offset };
    if (node === text) return { segment, offset: offset === 0 ? 0 : (text.textContent?.length ?? 0) };
    const before = text.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING;
    const outside = node.contains(text) && offset === 0;
    return { segment, offset: before || outside ? 0 : (text.textContent?.length ?? 0) };
  }

  /** A selection may end between rows: then the row after it is meant, from its start. */
  #caretOfSheet(node: Node, offset: number): Caret | null {
    const next = node.childNodes[offset];
    const row = next instanceof Element ? next.closest<HTMLElement>('[data-index]') : null;
    return row ? { segment: Number(row.dataset.index), offset: 0 } : null;
  }

  #point(place: Place, side: 'start' | 'end'): { node: Node; offset: number } | null {
    const text = this.#root()?.querySelector(`[data-index="${place.segment}"] .text`);
    const segment = this.#segments()[place.segment];
    if (!text || !segment) return null;
    const { starts, ends } = wordsOf(segment);
    const range = textRange(text, starts[place.word] ?? -1, ends[place.word] ?? -1);
    if (!range) return null;
    return side === 'start'
      ? { node: range.startContainer, offset: range.startOffset }
      : { node: range.endContainer, offset: range.endOffset };
  }
}
