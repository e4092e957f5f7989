import type { CallQuery } from './filters';

export type SortKey = NonNullable<CallQuery['sort']>;
export type Order = NonNullable<CallQuery['order']>;
export type Sorting = { key: SortKey; order: Order };

const KEYS: readonly SortKey[] = [
  'created',
  'occurred',
  'title',
  'duration',
  'deal_amount',
  'rep_talk',
  'questions',
  'comments',
];

/** As the server sorts when nothing is asked for. */
export const USUAL: Sorting = { key: 'created', order: 'desc' };

/** Which way a column is sorted first: names from A, figures from the largest. */
export const firstOrder = (key: SortKey): Order => (key === 'title' ? 'asc' : 'desc');

export function readSorting(query: URLSearchParams): Sorting {
  const key = KEYS.find((known) => known === query.get('sort')) ?? USUAL.key;
  const order = query.get('order');
  return { key, order: order === 'asc' || order === 'desc' ? order : firstOrder(key) };
}

/** What is usual is not written out. */
export function writeSorting(query: URLSearchParams, { key, order }: Sorting): URLSearchParams {
  const next = new URLSearchParams(query);
  next.delete('sort');
  next.delete('order');
  if (key !== USUAL.key) next.set('sort', key);
  if (order !== firstOrder(key)) next.set('order', order);
  return next;
}

/** What a press on a column's head does: its own first way, the other way, and back to what is usual. */
export function nextSorting(now: Sorting, key: SortKey): Sorting {
  if (now.key !== key) return { key, order: firstOrder(key) };
  if (now.order === firstOrder(key)) return { key, order: now.order === 'asc' ? 'desc' : 'asc' };
  return key === USUAL.key ? { key, order: firstOrder(key) } : USUAL;
}

export const SORT_WORDS: Readonly<Record<SortKey, Readonly<Record<Order, string>>>> = {
  created: { desc: 'Newest upload first', asc: 'Oldest upload first' },
  occurred: { desc: 'Latest call first', asc: 'Earliest call first' },
  title: { asc: 'Title, A to Z', desc: 'Title, Z to A' },
  duration: { desc: 'Longest first', asc: 'Shortest first' },
  deal_amount: { desc: 'Largest deal first', asc: 'Smallest deal first' },
  rep_talk: { desc: 'Rep talks most first', asc: 'Rep talks least first' },
  questions: { desc: 'Most questions first', asc: 'Fewest questions first' },
  comments: { desc: 'Most comments first', asc: 'Fewest comments first' },
};
