import { createInfiniteQuery, createQuery, keepPreviousData } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { SearchHit, Team } from '@/lib/api/types';
import { asYouType, hasWords } from '@/lib/searchText';
import type { SearchRequest } from './filters';

const PAGE = 40;
const FEW_CALLS = 5;
const FEW_HITS = 8;

/** Everything that has the words, page by page. */
export function useSearch(request: () => SearchRequest, enabled: () => boolean) {
  return createInfiniteQuery(() => ({
    queryKey: [...keys.search, 'list', request()],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        client.GET('/api/v1/search', {
          params: { query: { ...request(), limit: PAGE, ...(pageParam && { after: pageParam }) } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next || undefined,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    enabled: enabled(),
  }));
}

export type Quick = {
  calls: { id: string; title: string; at: number; ownerId: string }[];
  hits: SearchHit[];
};

/** A few calls by their titles, and a few places where something like it is said, while it is typed. */
export function useQuick(typed: () => string) {
  return createQuery(() => ({
    queryKey: [...keys.search, 'quick', typed()],
    queryFn: async ({ signal }): Promise<Quick> => {
      const text = typed();
      const [calls, said] = await Promise.all([
        unwrap(client.GET('/api/v1/calls', { params: { query: { q: text, limit: FEW_CALLS } }, signal })),
        hasWords(text) ? quickHits(asYouType(text), signal) : [],
      ]);
      return {
        calls: calls.items.map(({ id, title, occurred_at, created_at, owner_id: ownerId }) => ({
          id,
          title,
          at: occurred_at ?? created_at,
          ownerId,
        })),
        hits: said,
      };
    },
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    enabled: typed() !== '',
  }));
}

async function quickHits(q: string, signal: AbortSignal): Promise<SearchHit[]> {
  const query = { q, limit: FEW_HITS * 2 };
  const found = await unwrap(client.GET('/api/v1/search', { params: { query }, signal }));
  // Titles are asked for by themselves.
  return found.items.filter((hit) => hit.kind !== 'title').slice(0, FEW_HITS);
}

export function useTeams() {
  return createQuery(() => ({
    queryKey: [...keys.teams, 'names'],
    queryFn: async (): Promise<Team[]> => (await unwrap(client.GET('/api/v1/teams'))).items,
    staleTime: 60_000,
  }));
}
