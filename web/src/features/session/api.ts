import { createMutation, createQuery, useQueryClient, type QueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import { hasStatus } from '@/lib/api/problem';
import type { Me, Session } from '@/lib/api/types';
import { expiry } from './expiry.svelte';

/** Who is signed in; null when nobody is. */
export function useMe() {
  const cache = useQueryClient();
  return createQuery(() => ({
    queryKey: keys.me,
    staleTime: 5 * 60_000,
    queryFn: async (): Promise<Me | null> => {
      try {
        return await unwrap(client.GET('/api/v1/me'));
      } catch (error) {
        if (!isSignedOut(error)) throw error;
        noteSignedOut(cache);
        return cache.getQueryData<Me | null>(keys.me) ?? null;
      }
    },
  }));
}

type Credentials = { email: string; password: string };

export function useSignIn() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: async (body: Credentials) => {
      await unwrapEmpty(client.POST('/api/v1/session', { body }));
      await enter(cache);
    },
  }));
}

/** Goes on as whoever the browser is signed in as now, with everything read anew. */
async function enter(cache: QueryClient): Promise<void> {
  const before = cache.getQueryData<Me | null>(keys.me);
  const me = await unwrap(client.GET('/api/v1/me'));
  // What one person was shown is not for the next.
  if (before?.id !== me.id) cache.removeQueries({ predicate: isAboutOthers });
  cache.setQueryData(keys.me, me);
  expiry.over = false;
  void cache.invalidateQueries({ predicate: isAboutOthers });
}

export function useEnter(): () => Promise<void> {
  const cache = useQueryClient();
  return () => enter(cache);
}

export function useSignOut() {
  const leave = useLeave();
  return createMutation(() => ({
    mutationFn: () => unwrapEmpty(client.DELETE('/api/v1/session')),
    onSuccess: leave,
    onError: (error) => {
      if (isSignedOut(error)) leave();
    },
  }));
}

/** Forgets who was here, for the sign-in to come up. */
export function useLeave(): () => void {
  const cache = useQueryClient();
  return () => {
    expiry.over = false;
    // The page watches this query: it stays, and says that nobody is signed in.
    cache.setQueryData(keys.me, null);
    cache.removeQueries({ predicate: isAboutOthers });
  };
}

function isAboutOthers({ queryKey }: { queryKey: readonly unknown[] }): boolean {
  return queryKey[0] !== keys.me[0];
}

/** Whether an answer says that nobody is signed in; a wrong password says something else. */
export function isSignedOut(error: unknown): boolean {
  return hasStatus(error, 401) && error.code !== 'wrong_credentials';
}

/** What comes of the first answer that says so: the sign-in, over the page of somebody who was at work. */
export function noteSignedOut(cache: QueryClient): void {
  if (cache.getQueryData<Me | null>(keys.me)) expiry.over = true;
  else cache.setQueryData(keys.me, null);
}

/** Another name for oneself, as far as the server lets one. */
export function useRenameMe() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: ({ id, name }: { id: string; name: string }) =>
      unwrap(client.PATCH('/api/v1/users/{id}', { params: { path: { id } }, body: { name } })),
    onSuccess: () => {
      for (const queryKey of [keys.me, keys.people, keys.users]) void cache.invalidateQueries({ queryKey });
    },
  }));
}

type PasswordChange = { email: string; oldPassword: string; newPassword: string };

/** Changes the password. That signs every browser out; this one signs in again at once. */
export function useChangePassword() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: async ({ email, oldPassword, newPassword }: PasswordChange) => {
      const body = { old_password: oldPassword, new_password: newPassword };
      await unwrapEmpty(client.PUT('/api/v1/me/password', { body }));
      try {
        await unwrapEmpty(client.POST('/api/v1/session', { body: { email, password: newPassword } }));
        expiry.over = false;
      } catch {
        // The password is changed all the same: whoever changed it signs in with it.
        expiry.over = true;
      }
      void cache.invalidateQueries({ queryKey: keys.sessions });
    },
  }));
}

/** The browsers that one is signed in with, this one first. */
export function useSessions() {
  return createQuery(() => ({
    queryKey: keys.sessions,
    queryFn: async (): Promise<Session[]> => {
      const { items } = await unwrap(client.GET('/api/v1/sessions'));
      return items.toSorted(
        (a, b) => Number(b.current) - Number(a.current) || b.last_used_at - a.last_used_at,
      );
    },
  }));
}

/** Signs browsers out. */
export function useEndSessions() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: async (ids: readonly string[]) => {
      for (const id of ids) await endSession(id);
    },
    onSettled: () => cache.invalidateQueries({ queryKey: keys.sessions }),
  }));
}

async function endSession(id: string): Promise<void> {
  try {
    await unwrapEmpty(client.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }));
  } catch (error) {
    // It ended by itself, or from somewhere else: that is what was wanted.
    if (!hasStatus(error, 404)) throw error;
  }
}
