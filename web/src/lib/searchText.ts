/** The language of the search box, as far as the page must know it. */

/** Whether there is a word to look for: `-this` and punctuation alone are none. */
export function hasWords(text: string): boolean {
  return pieces(text).some((piece) => !piece.startsWith('-') && /[\p{L}\p{N}]/u.test(piece));
}

/** What somebody is still typing: its last word may go on, so `pric` finds `price`. */
export function asYouType(text: string): string {
  const trimmed = text.trimStart();
  const last = pieces(trimmed).at(-1) ?? '';
  const complete = /\s$/.test(trimmed) || /["*]/.test(last) || last.startsWith('-');
  return complete || !/[\p{L}\p{N}]$/u.test(last) ? trimmed.trim() : `${trimmed}*`;
}

function pieces(text: string): string[] {
  return text.match(/-?"[^"]*"?|\S+/g) ?? [];
}
