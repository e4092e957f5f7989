import { createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { SampleData } from '@/lib/api/types';

/** Whether this server has calls to look around with; only administrators are told. */
export function useSampleData(enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: ['sample-data'],
    queryFn: () => unwrap(client.GET('/api/v1/sample-data')),
    enabled: enabled(),
    staleTime: 60_000,
    // A server without them is no reason to ask again.
    retry: false,
  }));
}

export function useSampleActions() {
  const cache = useQueryClient();
  const reread = async (answer: SampleData) => {
    cache.setQueryData(['sample-data'], answer);
    // They come with people, reviews and moments of their own.
    await Promise.all([
      cache.invalidateQueries({ queryKey: keys.calls }),
      cache.invalidateQueries({ queryKey: keys.people }),
      cache.invalidateQueries({ queryKey: keys.teams }),
      cache.invalidateQueries({ queryKey: keys.rubrics }),
      cache.invalidateQueries({ queryKey: keys.moments }),
    ]);
  };
  return {
    load: async () => reread(await unwrap(client.POST('/api/v1/sample-data'))),
    remove: async () => reread(await unwrap(client.DELETE('/api/v1/sample-data'))),
  };
}
