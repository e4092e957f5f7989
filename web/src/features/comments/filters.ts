/** Which threads are shown. In the address, so that a link shows the same. */
import type { CommentKind, CommentThread } from '@/lib/api/types';
import { KINDS } from './kinds';

export type Filters = {
  kind: CommentKind | null;
  author: string | null;
  /** Not settled yet. */
  open: boolean;
  /** With words of the viewer. */
  mine: boolean;
  /** That mention the viewer. */
  forMe: boolean;
};

export const NO_FILTERS: Filters = { kind: null, author: null, open: false, mine: false, forMe: false };

const NAMES = { kind: 'kind', author: 'by', open: 'open', mine: 'mine', forMe: 'me' } as const;

export function readFilters(query: URLSearchParams): Filters {
  const kind = query.get(NAMES.kind);
  return {
    kind: KINDS.find(({ id }) => id === kind)?.id ?? null,
    author: query.get(NAMES.author) || null,
    open: query.has(NAMES.open),
    mine: query.has(NAMES.mine),
    forMe: query.has(NAMES.forMe),
  };
}

/** The query with these filters in it, and all else as it was. */
export function withFilters(query: URLSearchParams, filters: Filters): URLSearchParams {
  const next = new URLSearchParams(query);
  const put = (name: string, value: string | null) => (value ? next.set(name, value) : next.delete(name));
  put(NAMES.kind, filters.kind);
  put(NAMES.author, filters.author);
  for (const flag of ['open', 'mine', 'forMe'] as const) put(NAMES[flag], filters[flag] ? '1' : null);
  return next;
}

export function countFilters(filters: Filters): number {
  return Object.values(filters).filter(Boolean).length;
}

export function passes(thread: CommentThread, filters: Filters, me: string): boolean {
  const all = [thread, ...thread.replies].filter((comment) => !comment.deleted_at);
  return (
    (!filters.kind || (thread.kind === filters.kind && !thread.deleted_at)) &&
    (!filters.author || (thread.author_id === filters.author && !thread.deleted_at)) &&
    (!filters.open || !thread.resolved_at) &&
    (!filters.mine || all.some((comment) => comment.author_id === me)) &&
    (!filters.forMe || all.some((comment) => comment.mentions.includes(me)))
  );
}
