import { QueryClient } from '@tanstack/svelte-query';
import { isSignedOut, noteSignedOut } from '@/features/session/api';
import { onRefusal } from '@/lib/api/client';
import { ApiError } from '@/lib/api/problem';

/** The cache of server data. An answer that says 'signed out' leads to the sign-in, whoever asked. */
export function makeCache(): QueryClient {
  const cache: QueryClient = new QueryClient({
    defaultOptions: {
      queries: {
        // Left to itself, it tells of those properties alone that were read before: `a.isPending || b.isPending`
        // would wait forever when b answers first.
        notifyOnChangeProps: 'all',
        // What the server refused, it refuses again; only a lost connection is worth another try.
        retry: (count, error) => {
          const status = error instanceof ApiError ? error.status : 0;
          return count < 2 && (status === 0 || status >= 500);
        },
      },
    },
  });
  onRefusal((error) => {
    if (isSignedOut(error)) noteSignedOut(cache);
  });
  return cache;
}
