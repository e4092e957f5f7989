import { createInfiniteQuery, createQuery, keepPreviousData } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import { hasStatus } from '@/lib/api/problem';
import type { Criterion, Moment } from '@/lib/api/types';
import type { MomentRequest } from './filters';

const PAGE = 25;

export type MomentPage = { items: Moment[]; next?: string | null };

/** Moments that match, page by page; those before stay in sight while others are fetched. */
export function useMoments(request: () => MomentRequest, enabled: () => boolean) {
  return createInfiniteQuery(() => ({
    queryKey: [...keys.moments, 'list', request()],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }): Promise<MomentPage> =>
      unwrap(
        client.GET('/api/v1/moments', {
          params: { query: { ...request(), limit: PAGE, ...(pageParam && { after: pageParam }) } },
          signal,
        }),
      ),
    getNextPageParam: (page: MomentPage) => page.next || undefined,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    enabled: enabled(),
  }));
}

/** Moments by their ids, some at a time. Those that are gone, or hidden by now, are left out. */
export function useMomentsById(name: string, ids: () => readonly string[], enabled: () => boolean) {
  return createInfiniteQuery(() => ({
    queryKey: [...keys.moments, 'by-id', name],
    initialPageParam: '0',
    queryFn: async ({ pageParam }): Promise<MomentPage> => {
      const from = Number(pageParam);
      const found = await Promise.all(
        ids()
          .slice(from, from + PAGE)
          .map((id) => fetchOrNull(id)),
      );
      const more = from + PAGE < ids().length;
      return { items: found.filter((moment) => moment !== null), next: more ? String(from + PAGE) : null };
    },
    getNextPageParam: (page: MomentPage) => page.next || undefined,
    staleTime: 0,
    enabled: enabled(),
  }));
}

async function fetchOrNull(id: string): Promise<Moment | null> {
  try {
    return await fetchMoment(id);
  } catch (error) {
    if (hasStatus(error, 404) || hasStatus(error, 422)) return null;
    throw error;
  }
}

function fetchMoment(id: string) {
  return unwrap(client.GET('/api/v1/moments/{id}', { params: { path: { id } } }));
}

/** A moment with what was said and shown there. */
export function useMoment(id: () => string) {
  return createQuery(() => ({
    queryKey: [...keys.moments, 'one', id()],
    queryFn: () => fetchMoment(id()),
    staleTime: 30_000,
  }));
}

export type CriterionChoice = Pick<Criterion, 'id' | 'title' | 'scale'> & { rubric: string };

/** The criteria that calls are scored by today. */
export function useCriteria() {
  return createQuery(() => ({
    queryKey: [...keys.rubrics, 'criteria'],
    queryFn: async (): Promise<CriterionChoice[]> => {
      const { items } = await unwrap(client.GET('/api/v1/rubrics', { params: { query: { limit: 200 } } }));
      const versions = await Promise.all(
        items.flatMap(({ id, current_version: version }) =>
          version == null
            ? []
            : [
                unwrap(
                  client.GET('/api/v1/rubrics/{id}/versions/{version}', {
                    params: { path: { id, version } },
                  }),
                ),
              ],
        ),
      );
      return versions.flatMap(({ title: rubric, criteria }) =>
        criteria.map(({ id, title, scale }) => ({ id, title, scale, rubric })),
      );
    },
    staleTime: 5 * 60_000,
  }));
}
