/** Half-open ranges of milliseconds, `[start, end)`. */
export type Range = { startMs: number; endMs: number };

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

export function contains(range: Range, atMs: number): boolean {
  return range.startMs <= atMs && atMs < range.endMs;
}

/** The ranges with overlaps and touching neighbours joined, ordered by start. Empty ones vanish. */
export function merge(ranges: readonly Range[]): Range[] {
  const sorted = ranges.filter((r) => r.endMs > r.startMs).sort((a, b) => a.startMs - b.startMs);
  const merged: Range[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last && range.startMs <= last.endMs) last.endMs = Math.max(last.endMs, range.endMs);
    else merged.push({ ...range });
  }
  return merged;
}

/** Milliseconds that the ranges cover, each instant counted once. */
export function coveredMs(ranges: readonly Range[]): number {
  return merge(ranges).reduce((sum, r) => sum + r.endMs - r.startMs, 0);
}

/** How far a key moves an edge; null for other keys. */
export function nudgeOf(key: string, shift: boolean): number | null {
  const step = shift ? 5000 : 500;
  if (key === 'ArrowUp' || key === 'ArrowRight') return step;
  if (key === 'ArrowDown' || key === 'ArrowLeft') return -step;
  if (key === 'PageUp') return 5000;
  if (key === 'PageDown') return -5000;
  return null;
}
