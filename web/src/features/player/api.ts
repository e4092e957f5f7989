import { createQuery } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { apiError } from '@/lib/api/problem';

/** The waveform of a call. It never changes, and is there once the recording was analysed. */
export function usePeaks(id: () => string, enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: ['peaks', id()],
    queryFn: () => unwrap(client.GET('/api/v1/calls/{id}/peaks', { params: { path: { id: id() } } })),
    enabled: enabled(),
    staleTime: Infinity,
    structuralSharing: false,
  }));
}

/**
 * Why the server doesn't give out a recording, in its words; null when it does, or can't be reached. An audio element
 * knows only that nothing came.
 */
export async function whyNotHeard(src: string): Promise<string | null> {
  try {
    const response = await fetch(src, { headers: { range: 'bytes=0-0' }, credentials: 'same-origin' });
    if (response.ok) return null;
    return apiError(response.status, await response.text()).message;
  } catch {
    return null;
  }
}
