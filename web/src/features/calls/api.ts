import {
  createInfiniteQuery,
  createMutation,
  createQuery,
  keepPreviousData,
  useQueryClient,
  type InfiniteData,
  type QueryClient,
} from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import { ApiError } from '@/lib/api/problem';
import type { Call, HoldReason, Transcript } from '@/lib/api/types';
import type { Details } from './details';
import type { CallQuery } from './filters';
import { saveDetails, type Saved } from './save';
import { isFinal } from './state';

const BUSY_EVERY_MS = 2000;
const CALM_EVERY_MS = 20_000;

/** The calls that the viewer may see and asks for, page by page; looked up again often while any is at work. */
export function useCalls(ask: () => CallQuery) {
  return createInfiniteQuery(() => ({
    queryKey: [...keys.calls, 'list', ask()],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET('/api/v1/calls', {
          params: { query: { ...ask(), limit: 50, ...(pageParam && { after: pageParam }) } },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
    // The answer to the question before stays in sight until the next one is answered.
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      state.data?.pages.some((page) => page.items.some((call) => !isFinal(call.state)))
        ? BUSY_EVERY_MS
        : CALM_EVERY_MS,
  }));
}

/** A call, at once as the list of calls has it, and then as it is. */
export function useCall(id: () => string) {
  const cache = useQueryClient();
  return createQuery(() => ({
    queryKey: keys.call(id()),
    queryFn: () => unwrap(client.GET('/api/v1/calls/{id}', { params: { path: { id: id() } } })),
    staleTime: 10_000,
    initialData: () => listedCall(cache, id()),
    initialDataUpdatedAt: 0,
  }));
}

function listedCall(cache: QueryClient, id: string): Call | undefined {
  for (const [, data] of cache.getQueriesData<InfiniteData<{ items: Call[] }>>({
    queryKey: [...keys.calls, 'list'],
  })) {
    for (const page of data?.pages ?? []) {
      const call = page.items.find((one) => one.id === id);
      if (call) return call;
    }
  }
  return undefined;
}

/** Reads a call once. */
export function useCallById() {
  const cache = useQueryClient();
  return (id: string): Promise<Call> =>
    cache.fetchQuery({
      queryKey: keys.call(id),
      queryFn: () => unwrap(client.GET('/api/v1/calls/{id}', { params: { path: { id } } })),
    });
}

/** A call looked up again and again until its work is over. */
export function useWorkingCall(id: () => string) {
  return createQuery(() => ({
    queryKey: keys.call(id()),
    queryFn: () => unwrap(client.GET('/api/v1/calls/{id}', { params: { path: { id: id() } } })),
    refetchInterval: ({ state }) => (state.data && isFinal(state.data.state) ? false : BUSY_EVERY_MS),
  }));
}

export function useTranscript(id: () => string, enabled: () => boolean) {
  return createQuery(() => ({
    queryKey: keys.transcript(id()),
    queryFn: () => fetchTranscript(id()),
    enabled: enabled(),
    // Hours of words: comparing them with the ones before costs more than it saves.
    structuralSharing: false,
    staleTime: 60_000,
  }));
}

const NO_WORDS: Transcript = { language: null, duration_ms: 0, model: '', complete: false, segments: [] };

/** The transcript as far as it is. Before its first word there is none, which is no error. */
async function fetchTranscript(id: string): Promise<Transcript> {
  try {
    return await unwrap(client.GET('/api/v1/calls/{id}/transcript', { params: { path: { id } } }));
  } catch (error) {
    if (error instanceof ApiError && error.code === 'not_ready') return NO_WORDS;
    throw error;
  }
}

/** Puts a call as the server just answered it wherever it is shown. */
export function showCall(cache: QueryClient, call: Call): void {
  cache.setQueryData(keys.call(call.id), call);
  void cache.invalidateQueries({ queryKey: keys.calls });
}

export function useRename() {
  const cache = useQueryClient();
  return createMutation(() => ({
    mutationFn: ({ id, title }: { id: string; title: string }) =>
      unwrap(client.PATCH('/api/v1/calls/{id}', { params: { path: { id } }, body: { title } })),
    onSuccess: (call: Call) => showCall(cache, call),
  }));
}

/** Saves typed details over a call; one that changes its language is transcribed again. */
export function useSaveDetails() {
  const cache = useQueryClient();
  return async (call: Call, before: Details, typed: Details): Promise<Saved> => {
    const path = { id: call.id };
    const saved = await saveDetails(call, before, typed, {
      update: (version, body) =>
        unwrap(
          client.PATCH('/api/v1/calls/{id}', {
            params: { path, header: { 'If-Match': `"${version}"` } },
            body,
          }),
        ),
      read: () => unwrap(client.GET('/api/v1/calls/{id}', { params: { path } })),
    });
    showCall(cache, saved.call);
    if (!('clashes' in saved) && typed.language !== before.language) {
      const body = { language: typed.language || null, model: call.requested_model ?? null, priority: null };
      const again = client.POST('/api/v1/calls/{id}/retranscribe', { params: { path }, body });
      showCall(cache, await unwrap(again));
    }
    return saved;
  };
}

/** What can be done with a call as a whole. Each throws `ApiError`. */
export function useCallActions() {
  const cache = useQueryClient();
  return {
    cancel: async (id: string) =>
      showCall(cache, await unwrap(client.POST('/api/v1/calls/{id}/cancel', { params: { path: { id } } }))),
    retry: async (id: string) =>
      showCall(cache, await unwrap(client.POST('/api/v1/calls/{id}/retry', { params: { path: { id } } }))),
    remove: async (id: string) => {
      await unwrapEmpty(client.DELETE('/api/v1/calls/{id}', { params: { path: { id } } }));
      cache.removeQueries({ queryKey: keys.transcript(id) });
      void cache.invalidateQueries({ queryKey: keys.storage });
      await cache.invalidateQueries({ queryKey: keys.calls });
    },
  };
}

/** When a call goes by the rules; read again when the call, seen at `version`, changes. */
export function useCallRetention(id: () => string, version: () => number) {
  return createQuery(() => ({
    queryKey: [...keys.retention, 'call', id(), version()],
    queryFn: () => unwrap(client.GET('/api/v1/calls/{id}/retention', { params: { path: { id: id() } } })),
    placeholderData: keepPreviousData,
  }));
}

/** Holds a call so that nobody deletes it, and releases it. */
export function useHold(id: () => string) {
  const cache = useQueryClient();
  const path = () => ({ path: { id: id() } });
  return {
    hold: createMutation(() => ({
      mutationFn: (reason: HoldReason) =>
        unwrap(client.PUT('/api/v1/calls/{id}/hold', { params: path(), body: { reason } })),
      onSuccess: (call: Call) => showCall(cache, call),
    })),
    release: createMutation(() => ({
      mutationFn: () => unwrapEmpty(client.DELETE('/api/v1/calls/{id}/hold', { params: path() })),
      onSuccess: () => {
        void cache.invalidateQueries({ queryKey: keys.call(id()) });
        void cache.invalidateQueries({ queryKey: keys.calls });
      },
    })),
  };
}

export const paths = {
  audio: (id: string) => `/api/v1/calls/${encodeURIComponent(id)}/audio`,
  /** What happened since `after`, and what happens from now on. */
  events: (id: string, after: number) => `/api/v1/calls/${encodeURIComponent(id)}/events?after=${after}`,
  transcript: (id: string, format: string) =>
    `/api/v1/calls/${encodeURIComponent(id)}/transcript?format=${format}`,
};
