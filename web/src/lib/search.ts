/**
 * The index of the last item whose key is at most `wanted`, or -1. The items must be ordered by key;
 * takes about log2(n) looks.
 */
export function lastAtMost<T>(items: ArrayLike<T>, wanted: number, key: (item: T) => number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (key(items[middle] as T) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
