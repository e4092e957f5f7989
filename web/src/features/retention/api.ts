import { createInfiniteQuery, createMutation, createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { NewRetentionRule } from './words';

/** The rules for how long calls are kept, the oldest first. */
export function useRules() {
  return createQuery(() => ({
    queryKey: [...keys.retention, 'rules'],
    queryFn: async () => (await unwrap(client.GET('/api/v1/retention/rules'))).items,
  }));
}

/** What to look ahead at: the rules as they are, with another one, or without one of them. */
export type Supposed = { with: NewRetentionRule } | { without: string } | null;

/** What goes within some days, page by page; the first page has the totals. */
export function usePreview(supposed: () => Supposed, withinDays: () => number, enabled: () => boolean) {
  const ask = () => {
    const what = supposed();
    if (what === null) return {};
    if ('without' in what) return { without: what.without };
    const { team_id, tag, keep_days, what: target } = what.with;
    return {
      what: target,
      ...(team_id && { team_id }),
      ...(tag && { tag }),
      ...(keep_days != null && { keep_days }),
    };
  };
  return createInfiniteQuery(() => ({
    queryKey: [...keys.retention, 'preview', ask(), withinDays()],
    initialPageParam: '',
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET('/api/v1/retention/preview', {
          params: {
            query: { ...ask(), within_days: withinDays(), ...(pageParam && { after: pageParam }) },
          },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
    enabled: enabled(),
  }));
}

/** Makes, changes and takes away rules. */
export function useRuleActions() {
  const cache = useQueryClient();
  const onSettled = () => cache.invalidateQueries({ queryKey: keys.retention });
  return {
    create: createMutation(() => ({
      mutationFn: (body: NewRetentionRule) => unwrap(client.POST('/api/v1/retention/rules', { body })),
      onSettled,
    })),
    remove: createMutation(() => ({
      mutationFn: (id: string) =>
        unwrapEmpty(client.DELETE('/api/v1/retention/rules/{id}', { params: { path: { id } } })),
      onSettled,
    })),
  };
}
