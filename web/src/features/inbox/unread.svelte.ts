import type { QueryClient } from '@tanstack/svelte-query';
import { keys } from '@/lib/api/keys';
import { openStream } from '@/lib/sse';

/** How much is unread, live; what changes it has the inbox read again. */
export class Unread {
  count = $state(0);

  constructor(cache: QueryClient) {
    this.#cache = cache;
  }

  readonly #cache: QueryClient;

  /** Listens until the function it returns is called. */
  listen(): () => void {
    return openStream('/api/v1/events', ['inbox'], {
      onEvent: (_, data) => {
        const count = readUnread(data);
        if (count === null) return;
        if (count !== this.count) void this.#cache.invalidateQueries({ queryKey: keys.inbox });
        this.count = count;
      },
      onStatus: () => undefined,
    });
  }
}

export function readUnread(data: string): number | null {
  try {
    const value: unknown = JSON.parse(data);
    const count: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'unread') : null;
    return typeof count === 'number' && count >= 0 ? Math.floor(count) : null;
  } catch {
    return null;
  }
}
