import { createInfiniteQuery, keepPreviousData } from '@tanstack/svelte-query';
import { filterParams, type AuditFilter } from './filter';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';

/** Who did what, the newest first, page by page. */
export function useAudit(filter: () => AuditFilter) {
  return createInfiniteQuery(() => ({
    queryKey: [...keys.audit, filter()],
    initialPageParam: '',
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }) =>
      unwrap(
        client.GET('/api/v1/audit', {
          params: {
            query: { limit: 50, ...filterParams(filter()), ...(pageParam && { after: pageParam }) },
          },
        }),
      ),
    getNextPageParam: (page) => page.next ?? undefined,
  }));
}
