/**
 * How well what was typed names something: 3 when the name begins with it, 2 when every word typed begins a word
 * of the name or of its other names, 1 when it stands somewhere inside, 0 when it does not.
 */
export function rank(typed: string, name: string, others: readonly string[] = []): 0 | 1 | 2 | 3 {
  const wanted = fold(typed.trim());
  if (wanted === '') return 0;
  const label = fold(name);
  if (label.startsWith(wanted)) return 3;
  const words = [label, ...others.map(fold)].flatMap((text) => text.split(/[^\p{L}\p{N}]+/u));
  if (wanted.split(/\s+/).every((part) => words.some((word) => word.startsWith(part)))) return 2;
  return wanted.length > 2 && label.includes(wanted) ? 1 : 0;
}

/** The best matches first, in their own order where they are as good; at most `most`. */
export function best<T extends { label: string; others?: readonly string[] }>(
  typed: string,
  things: readonly T[],
  most: number,
): T[] {
  return things
    .map((thing, at) => ({ thing, at, score: rank(typed, thing.label, thing.others) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.at - b.at)
    .slice(0, most)
    .map(({ thing }) => thing);
}

/** Without case and accents, so that `jose` finds `José`. */
function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}
