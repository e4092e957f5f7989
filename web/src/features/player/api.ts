import { createQuery } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';

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
