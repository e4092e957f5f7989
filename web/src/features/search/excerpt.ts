import type { SearchHit } from '@/lib/api/types';

export type ExcerptPart = SearchHit['excerpt'][number];

/** What stands before the first match, at most, where there is one line only. */
const BEFORE = 36;

/** An excerpt for one line: its breaks are spaces, and its first match is near the start. */
export function oneLine(parts: readonly ExcerptPart[]): ExcerptPart[] {
  const line = parts.map((part) => ({ ...part, text: part.text.replace(/\s+/g, ' ') }));
  const first = line[0];
  if (!first || first.match || first.text.length <= BEFORE || line.length < 2) return line;
  const cut = first.text.slice(-BEFORE);
  const word = cut.indexOf(' ');
  return [{ ...first, text: `…${word >= 0 ? cut.slice(word) : cut}` }, ...line.slice(1)];
}

/** The text with what was typed marked, where a word begins with it. */
export function marked(text: string, typed: string): ExcerptPart[] {
  const words = typed.trim().split(/\s+/).filter(Boolean).map(escape);
  if (words.length === 0) return [{ text, match: false }];
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${words.join('|')})`, 'giu');
  const parts: ExcerptPart[] = [];
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    if (found.index > at) parts.push({ text: text.slice(at, found.index), match: false });
    parts.push({ text: found[0], match: true });
    at = found.index + found[0].length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), match: false });
  return parts;
}

function escape(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
