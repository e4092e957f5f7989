import { createMutation, createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { CreatedInvitation, Invitation, InvitationOffer, Role } from '@/lib/api/types';
import { allPages } from '@/lib/pages';

/** All invitations, also those that are over, the newest first. */
export function useInvitations() {
  return createQuery(() => ({
    queryKey: keys.invitations,
    queryFn: (): Promise<Invitation[]> =>
      allPages((query) => unwrap(client.GET('/api/v1/invitations', { params: { query } }))),
  }));
}

export type NewInvitation = {
  role: Role;
  team_ids: string[];
  email: string | null;
  expires_in_days: number;
};

export function useCreateInvitation() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: (body: NewInvitation): Promise<CreatedInvitation> =>
      unwrap(client.POST('/api/v1/invitations', { body })),
    onSuccess: () => cache.invalidateQueries({ queryKey: keys.invitations }),
  }));
}

export function useRevokeInvitation() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: (id: string) =>
      unwrapEmpty(client.DELETE('/api/v1/invitations/{id}', { params: { path: { id } } })),
    onSettled: () => cache.invalidateQueries({ queryKey: keys.invitations }),
  }));
}

/** What the invitation of a link offers. */
export function useOffer(token: () => string) {
  return createQuery(() => ({
    queryKey: ['offer', token()],
    enabled: token() !== '',
    staleTime: Infinity,
    queryFn: (): Promise<InvitationOffer> =>
      unwrap(client.POST('/api/v1/invitations/open', { body: { token: token() } })),
  }));
}

export type Joining = { token: string; name: string; email: string; password: string };

export function useAccept(onDone: () => Promise<void>) {
  return createMutation(() => ({
    mutationFn: async (body: Joining) => {
      await unwrapEmpty(client.POST('/api/v1/invitations/accept', { body }));
      await onDone();
    },
  }));
}
