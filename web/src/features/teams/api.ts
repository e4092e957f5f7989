import { createMutation, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';

/** What a change of teams touches: who is where, and which calls one sees. */
function useReread() {
  const cache = useQueryClient();
  const nouns = [keys.teams, keys.people, keys.me, keys.calls, keys.audit];
  return () => Promise.all(nouns.map((queryKey) => cache.invalidateQueries({ queryKey })));
}

export function useCreateTeam() {
  const reread = useReread();
  return createMutation(() => ({
    mutationFn: (name: string) => unwrap(client.POST('/api/v1/teams', { body: { name } })),
    onSuccess: reread,
  }));
}

export function useRenameTeam() {
  const reread = useReread();
  return createMutation(() => ({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      unwrap(client.PATCH('/api/v1/teams/{id}', { params: { path: { id } }, body: { name } })),
    onSuccess: reread,
  }));
}

export function useDeleteTeam() {
  const reread = useReread();
  return createMutation(() => ({
    mutationFn: (id: string) =>
      unwrapEmpty(client.DELETE('/api/v1/teams/{id}', { params: { path: { id } } })),
    onSuccess: reread,
  }));
}

export type Membership = { id: string; user_id: string; member: boolean };

/** Puts somebody into a team, or takes them out. */
export function useSetMember() {
  const reread = useReread();
  return createMutation(() => ({
    mutationFn: ({ member, ...path }: Membership) => {
      const params = { params: { path } };
      return unwrapEmpty(
        member
          ? client.PUT('/api/v1/teams/{id}/members/{user_id}', params)
          : client.DELETE('/api/v1/teams/{id}/members/{user_id}', params),
      );
    },
    onSettled: reread,
  }));
}
