import { createInfiniteQuery, createMutation, createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { Priority } from '@/lib/api/types';

const EVERY_MS = 5000;

export function useServer() {
  return createQuery(() => ({
    queryKey: [...keys.system, 'server'],
    queryFn: () => unwrap(client.GET('/api/v1/server')),
  }));
}

/** How many jobs there are; looked up again while one looks on. */
export function useJobCounts(enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: [...keys.system, 'jobs'],
    enabled: enabled(),
    refetchInterval: EVERY_MS,
    queryFn: async () => (await unwrap(client.GET('/api/v1/jobs'))).items,
  }));
}

/** How much waits to be transcribed, and how fast that goes; looked up again while one looks on. */
export function useBacklog() {
  return createQuery(() => ({
    queryKey: [...keys.system, 'backlog'],
    refetchInterval: EVERY_MS * 2,
    queryFn: () => unwrap(client.GET('/api/v1/backlog')),
  }));
}

/** How many calls are shown that are begun, and that wait. */
const SHOWN = 50;

/** The calls that are worked on or wait, of those that one may see; looked up again while one looks on. */
export function useWaitingCalls() {
  return createQuery(() => ({
    queryKey: [...keys.system, 'waiting'],
    refetchInterval: EVERY_MS,
    queryFn: async () => {
      const states = ['processing', 'queued'] as const;
      const query = { limit: SHOWN, sort: 'created', order: 'asc' } as const;
      const pages = states.map((state) =>
        unwrap(client.GET('/api/v1/calls', { params: { query: { ...query, state } } })),
      );
      return (await Promise.all(pages)).flatMap(({ items }) => items);
    },
  }));
}

export function usePrioritize() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: ({ id, priority }: { id: string; priority: Priority }) =>
      unwrap(client.PUT('/api/v1/calls/{id}/priority', { params: { path: { id } }, body: { priority } })),
    onSuccess: (call) => cache.setQueryData(keys.call(call.id), call),
    onSettled: () =>
      Promise.all([keys.system, keys.calls].map((queryKey) => cache.invalidateQueries({ queryKey }))),
  }));
}

/** The failed calls that one may see, the newest first. */
export function useFailedCalls() {
  return createInfiniteQuery(() => ({
    queryKey: [...keys.system, 'failed'],
    initialPageParam: '',
    refetchInterval: EVERY_MS * 4,
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET('/api/v1/calls', {
          params: { query: { state: 'failed', limit: 50, ...(pageParam && { after: pageParam }) } },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
  }));
}

export function useRetryCall() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: (id: string) => unwrap(client.POST('/api/v1/calls/{id}/retry', { params: { path: { id } } })),
    onSuccess: (call) => cache.setQueryData(keys.call(call.id), call),
    onSettled: () =>
      Promise.all([keys.system, keys.calls].map((queryKey) => cache.invalidateQueries({ queryKey }))),
  }));
}
