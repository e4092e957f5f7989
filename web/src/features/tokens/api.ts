import { createMutation, createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { CreatedToken, Scope } from '@/lib/api/types';

/** One's own tokens, the newest first. */
export function useTokens() {
  return createQuery(() => ({
    queryKey: keys.tokens,
    queryFn: async () => (await unwrap(client.GET('/api/v1/tokens'))).items.toReversed(),
  }));
}

export type NewToken = { name: string; scope: Scope; expires_at: number | null };

export function useCreateToken() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: (body: NewToken): Promise<CreatedToken> => unwrap(client.POST('/api/v1/tokens', { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.tokens }),
  }));
}

export function useRevokeToken() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: (id: string) =>
      unwrapEmpty(client.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } })),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.tokens }),
  }));
}
