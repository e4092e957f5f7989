import {
  createInfiniteQuery,
  createMutation,
  createQuery,
  useQueryClient,
  type InfiniteData,
} from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { Call, InboxNotice } from '@/lib/api/types';

type Page = { items: InboxNotice[]; next?: string | null; unread: number };

/** What waits is read in one go: an inbox with more promises than this needs another cure. */
const MOST_WAITING = 200;

/** What waits for the caller. */
export function useWaiting() {
  return createQuery(() => ({
    queryKey: [...keys.inbox, 'waiting'],
    queryFn: () =>
      unwrap(client.GET('/api/v1/inbox', { params: { query: { waiting: true, limit: MOST_WAITING } } })),
  }));
}

/** All that the caller is told, page by page, the newest first. */
export function useNotices(unreadOnly: () => boolean) {
  return createInfiniteQuery(() => ({
    queryKey: [...keys.inbox, 'all', unreadOnly()],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET('/api/v1/inbox', {
          params: {
            query: {
              limit: 50,
              ...(unreadOnly() && { unread: true }),
              ...(pageParam && { after: pageParam }),
            },
          },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
  }));
}

/** Marks one as read or not, at once; what the server says counts in the end. */
export function useMark() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: ({ id, read }: { id: string; read: boolean }) => {
      const params = { path: { id } };
      return unwrapEmpty(
        read
          ? client.PUT('/api/v1/inbox/{id}/read', { params })
          : client.DELETE('/api/v1/inbox/{id}/read', { params }),
      );
    },
    onMutate: async ({ id, read }) => {
      await cache.cancelQueries({ queryKey: keys.inbox });
      const mark = (item: InboxNotice) =>
        item.id === id ? { ...item, read_at: read ? Date.now() : null } : item;
      const inPage = (page: Page): Page => ({ ...page, items: page.items.map(mark) });
      cache.setQueryData<Page>([...keys.inbox, 'waiting'], (page) => page && inPage(page));
      cache.setQueriesData<InfiniteData<Page>>(
        { queryKey: [...keys.inbox, 'all'] },
        (data) => data && { ...data, pages: data.pages.map(inPage) },
      );
    },
    onSettled: () => cache.invalidateQueries({ queryKey: keys.inbox }),
  }));
}

export function useInboxActions() {
  const cache = useQueryClient();
  const reread = () => cache.invalidateQueries({ queryKey: keys.inbox });
  return {
    readAll: async () => {
      await unwrapEmpty(client.POST('/api/v1/inbox/read-all'));
      await reread();
    },
    handBack: async (id: string, reason: string) => {
      await unwrap(
        client.POST('/api/v1/review-requests/{id}/hand-back', { params: { path: { id } }, body: { reason } }),
      );
      await reread();
    },
    retry: async (callId: string) => {
      const call: Call = await unwrap(
        client.POST('/api/v1/calls/{id}/retry', { params: { path: { id: callId } } }),
      );
      cache.setQueryData(keys.call(call.id), call);
      await Promise.all([cache.invalidateQueries({ queryKey: keys.calls }), reread()]);
    },
  };
}

/** Requests for reviews of a call, as far as the caller may know of them. */
export function useReviewRequests(callId: () => string) {
  return createQuery(() => ({
    queryKey: keys.reviewRequests(callId()),
    queryFn: async () =>
      (await unwrap(client.GET('/api/v1/calls/{id}/review-requests', { params: { path: { id: callId() } } })))
        .items,
  }));
}

export function useRequestActions() {
  const cache = useQueryClient();
  return {
    ask: async (callId: string, userId: string, note: string | null, dueAt: number | null, key: string) => {
      await unwrap(
        client.POST('/api/v1/calls/{id}/review-requests', {
          params: { path: { id: callId } },
          body: { user_id: userId, note, due_at: dueAt },
          headers: { 'Idempotency-Key': key },
        }),
      );
      await cache.invalidateQueries({ queryKey: keys.reviewRequests(callId) });
    },
    takeBack: async (callId: string, id: string) => {
      await unwrapEmpty(client.DELETE('/api/v1/review-requests/{id}', { params: { path: { id } } }));
      await cache.invalidateQueries({ queryKey: keys.reviewRequests(callId) });
    },
  };
}

/** The call of a notice, where how it stands now decides what to do. */
export function useNoticeCall(id: () => string, enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: keys.call(id()),
    queryFn: () => unwrap(client.GET('/api/v1/calls/{id}', { params: { path: { id: id() } } })),
    staleTime: 10_000,
    enabled: enabled(),
  }));
}
