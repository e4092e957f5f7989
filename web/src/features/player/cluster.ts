/** Marks that stand so close together that one pin has to stand for all of them. */
export type Cluster<T> = { x: number; items: T[] };

/**
 * Puts items that are nearer than `nearPx` to the first of a group into it. A group stands where its first item
 * does, so that no two groups are nearer than `nearPx`.
 */
export function cluster<T>(items: readonly T[], xOf: (item: T) => number, nearPx: number): Cluster<T>[] {
  const placed = items.map((item) => ({ item, x: xOf(item) })).sort((a, b) => a.x - b.x);
  const clusters: Cluster<T>[] = [];
  for (const { item, x } of placed) {
    const last = clusters.at(-1);
    if (last && x - last.x < nearPx) last.items.push(item);
    else clusters.push({ x, items: [item] });
  }
  return clusters;
}

/** The item of a group that a press leads to: the one after the focused one, so that presses go through all. */
export function nextIn<T extends { id: string }>(items: readonly T[], focusedId: string | null): T | null {
  const at = items.findIndex(({ id }) => id === focusedId);
  return items[(at + 1) % Math.max(1, items.length)] ?? null;
}
