/**
 * Marks stretches of text without an element around every word, by the CSS Custom Highlight API. Browsers
 * without it show the spoken segment alone.
 */
const supported = typeof CSS !== 'undefined' && 'highlights' in CSS && typeof Highlight === 'function';

/** Which wins where they overlap, the last one first. */
const ORDER = ['found', 'mark-focused', 'composing', 'found-now', 'spoken', 'cursor'];

/** Shows `ranges` under `name`, as `::highlight(name)` styles it; none clears it. */
export function showHighlight(name: string, ranges: readonly AbstractRange[]): void {
  if (!supported) return;
  if (ranges.length === 0) {
    CSS.highlights.delete(name);
    return;
  }
  const highlight = new Highlight(...ranges);
  highlight.priority = ORDER.indexOf(name) + 1;
  CSS.highlights.set(name, highlight);
}

/**
 * The range of characters `from` to `to` of an element whose first child is its text. It stays as it is: a range
 * that follows every change of the page makes all of them slow, and thousands are thrown away while one scrolls.
 */
export function textRange(element: Element, from: number, to: number): StaticRange | null {
  const text = element.firstChild;
  if (!(text instanceof Text) || from < 0 || to > text.length) return null;
  return new StaticRange({ startContainer: text, startOffset: from, endContainer: text, endOffset: to });
}

type CaretDocument = {
  caretPositionFromPoint?: (x: number, y: number) => { offsetNode: Node; offset: number } | null;
  caretRangeFromPoint?: (x: number, y: number) => Range | null;
};

/** The offset of the character at a point of the screen in the text of `element`, or null outside of it. */
export function offsetAtPoint(element: Element, x: number, y: number): number | null {
  // Browsers have one or the other.
  const page: CaretDocument = document;
  const caret = page.caretPositionFromPoint?.(x, y);
  if (caret) return caret.offsetNode === element.firstChild ? caret.offset : null;
  const range = page.caretRangeFromPoint?.(x, y);
  return range && range.startContainer === element.firstChild ? range.startOffset : null;
}
