import { createMutation, createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { ErasedCalls, Role, User } from '@/lib/api/types';
import { allPages } from '@/lib/pages';

/** The accounts with what only administrators see of them. */
export function useUsers(enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: keys.users,
    enabled: enabled(),
    queryFn: (): Promise<User[]> =>
      allPages((query) => unwrap(client.GET('/api/v1/users', { params: { query } }))),
  }));
}

function useReread() {
  const cache = useQueryClient();
  const nouns = [keys.users, keys.people, keys.teams, keys.audit];
  return () => Promise.all(nouns.map((queryKey) => cache.invalidateQueries({ queryKey })));
}

export type NewUser = { name: string; email: string; role: Role; password: string };

export function useCreateUser() {
  const reread = useReread();
  return createMutation(() => ({
    mutationFn: (body: NewUser) => unwrap(client.POST('/api/v1/users', { body })),
    onSuccess: reread,
  }));
}

export type UserChange = { id: string; name?: string; role?: Role; disabled?: boolean };

export function useUpdateUser() {
  const reread = useReread();
  return createMutation(() => ({
    mutationFn: ({ id, ...body }: UserChange) =>
      unwrap(client.PATCH('/api/v1/users/{id}', { params: { path: { id } }, body })),
    onSuccess: reread,
  }));
}

export function useEraseUser() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: ({ id, calls }: { id: string; calls: ErasedCalls }) =>
      unwrapEmpty(client.POST('/api/v1/users/{id}/erase', { params: { path: { id } }, body: { calls } })),
    // Their name stood in calls, comments and reviews: none of it is kept here.
    onSuccess: () => cache.invalidateQueries(),
  }));
}
