import { createMutation, createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import { ApiError } from '@/lib/api/problem';
import type { Me } from '@/lib/api/types';

/** Who is signed in; null when nobody is. */
export function useMe() {
  return createQuery(() => ({
    queryKey: keys.me,
    staleTime: 5 * 60_000,
    queryFn: async (): Promise<Me | null> => {
      try {
        return await unwrap(client.GET('/api/v1/me'));
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
  }));
}

export function useSignIn() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: (body: { email: string; password: string }) =>
      unwrapEmpty(client.POST('/api/v1/session', { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.me }),
  }));
}

export function useSignOut() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: () => unwrapEmpty(client.DELETE('/api/v1/session')),
    onSuccess: () => {
      // The page watches this query: it stays, and says that nobody is signed in.
      cache.setQueryData(keys.me, null);
      cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.me[0] });
    },
  }));
}

/** What the query cache does with the first answer that says 'signed out'. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}
