import { createInfiniteQuery, createMutation, createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';

const EVERY_MS = 5000;

export function useServer() {
  return createQuery(() => ({
    queryKey: [...keys.system, 'server'],
    queryFn: () => unwrap(client.GET('/api/v1/server')),
  }));
}

/** How much room recordings and database take; for administrators. */
export function useStorage() {
  return createQuery(() => ({
    queryKey: [...keys.system, 'storage'],
    queryFn: () => unwrap(client.GET('/api/v1/storage')),
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
