import { createQuery } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';

/** How much room recordings and database take; for administrators. */
export function useStorage() {
  return createQuery(() => ({
    queryKey: [...keys.storage, 'all'],
    queryFn: () => unwrap(client.GET('/api/v1/storage')),
  }));
}

/** Whose recordings take the most room. Counting takes a while where there are many, so somebody has to ask. */
export function useShares(enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: [...keys.storage, 'shares'],
    enabled: enabled(),
    staleTime: Infinity,
    queryFn: () => unwrap(client.GET('/api/v1/storage/shares')),
  }));
}

/** How much room one's own recordings take, and may take. */
export function useMyStorage() {
  return createQuery(() => ({
    queryKey: [...keys.storage, 'mine'],
    queryFn: () => unwrap(client.GET('/api/v1/me/storage')),
  }));
}
