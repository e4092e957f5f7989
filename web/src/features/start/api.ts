import { createQuery, useQueryClient } from '@tanstack/svelte-query';
import { keys } from '@/lib/api/keys';
import { apiError, offlineError } from '@/lib/api/problem';

export type SampleData = { loaded: boolean; available: boolean };

const ADDRESS = '/api/v1/sample-data';

/** Whether this server has calls to look around with; only administrators are told. */
export function useSampleData(enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: ['sample-data'],
    queryFn: () => request('GET'),
    enabled: enabled(),
    staleTime: 60_000,
    // A server without them is no reason to ask again.
    retry: false,
  }));
}

export function useSampleActions() {
  const cache = useQueryClient();
  const change = async (method: 'POST' | 'DELETE') => {
    cache.setQueryData(['sample-data'], await request(method));
    // They come with people, reviews and moments of their own.
    await Promise.all([
      cache.invalidateQueries({ queryKey: keys.calls }),
      cache.invalidateQueries({ queryKey: keys.people }),
      cache.invalidateQueries({ queryKey: keys.teams }),
      cache.invalidateQueries({ queryKey: keys.rubrics }),
      cache.invalidateQueries({ queryKey: keys.moments }),
    ]);
  };
  return { load: () => change('POST'), remove: () => change('DELETE') };
}

async function request(method: 'GET' | 'POST' | 'DELETE'): Promise<SampleData> {
  let response: Response;
  try {
    response = await fetch(ADDRESS, { method, credentials: 'same-origin' });
  } catch {
    throw offlineError();
  }
  const text = await response.text();
  if (!response.ok) throw apiError(response.status, text);
  return readSampleData(text);
}

export function readSampleData(text: string): SampleData {
  try {
    const value: unknown = JSON.parse(text);
    const is = (name: string) =>
      typeof value === 'object' && value !== null && Reflect.get(value, name) === true;
    return { loaded: is('loaded'), available: is('available') };
  } catch {
    return { loaded: false, available: false };
  }
}
