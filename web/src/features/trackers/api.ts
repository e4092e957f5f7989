import { createInfiniteQuery, createMutation, createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { Tracker, TrackerHit } from '@/lib/api/types';
import { readPhrases, type Draft } from './phrases';

export function useTrackers(enabled: () => boolean = () => true) {
  return createQuery(() => ({
    queryKey: [...keys.trackers, 'all'],
    queryFn: async (): Promise<Tracker[]> => (await unwrap(client.GET('/api/v1/trackers'))).items,
    staleTime: 30_000,
    enabled: enabled(),
  }));
}

/** Where a tracker found something, page by page. */
export function useHits(id: () => string) {
  return createInfiniteQuery(() => ({
    queryKey: [...keys.trackers, 'hits', id()],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET('/api/v1/trackers/{id}/hits', {
          params: { path: { id: id() }, query: { limit: 50, ...(pageParam && { after: pageParam }) } },
        }),
      ),
    getNextPageParam: (page) => page.next || undefined,
    staleTime: 10_000,
  }));
}

/** What trackers found in a call. */
export function useCallHits(callId: () => string, enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: [...keys.trackers, 'call', callId()],
    queryFn: async (): Promise<TrackerHit[]> =>
      (await unwrap(client.GET('/api/v1/calls/{id}/tracker-hits', { params: { path: { id: callId() } } })))
        .items,
    staleTime: 30_000,
    enabled: enabled(),
  }));
}

function useReread() {
  const cache = useQueryClient();
  return () => cache.invalidateQueries({ queryKey: keys.trackers });
}

const asRead = ({ id, version }: Pick<Tracker, 'id' | 'version'>) => ({
  params: { path: { id }, header: { 'If-Match': `"${version}"` } },
});

/** Makes a tracker, or changes one as it was read. */
export function useSaveTracker() {
  const reread = useReread();
  return createMutation(() => ({
    mutationFn: ({ draft, was }: { draft: Draft; was: Pick<Tracker, 'id' | 'version'> | null }) => {
      const body = {
        title: draft.title.trim(),
        description: draft.description.trim(),
        phrases: readPhrases(draft.phrases),
        speaker_role: draft.role,
      };
      return unwrap(
        was
          ? client.PATCH('/api/v1/trackers/{id}', { ...asRead(was), body })
          : client.POST('/api/v1/trackers', { body }),
      );
    },
    onSuccess: reread,
  }));
}

/** Turns a tracker on or off; the switch moves at once and goes back when the server refuses. */
export function useEnable() {
  const cache = useQueryClient();
  const reread = useReread();
  const queryKey = [...keys.trackers, 'all'];
  return createMutation(() => ({
    mutationFn: ({ tracker, enabled }: { tracker: Tracker; enabled: boolean }) =>
      unwrap(client.PATCH('/api/v1/trackers/{id}', { ...asRead(tracker), body: { enabled } })),
    onMutate: async ({ tracker, enabled }) => {
      await cache.cancelQueries({ queryKey });
      cache.setQueryData<Tracker[]>(queryKey, (list) =>
        list?.map((one) => (one.id === tracker.id ? { ...one, enabled } : one)),
      );
    },
    onSettled: reread,
  }));
}

export function useDeleteTracker() {
  const reread = useReread();
  return createMutation(() => ({
    mutationFn: (tracker: Tracker) => unwrapEmpty(client.DELETE('/api/v1/trackers/{id}', asRead(tracker))),
    onSettled: reread,
  }));
}

export function readTracker(id: string): Promise<Tracker> {
  return unwrap(client.GET('/api/v1/trackers/{id}', { params: { path: { id } } }));
}
