import type { QueryClient } from '@tanstack/svelte-query';
import { paths } from '@/features/calls/api';
import { applyEvent, EVENT_TYPES, readEvent, type LiveEvent } from '@/features/calls/live';
import { isFinal } from '@/features/calls/state';
import { insertSegments } from '@/features/transcript/segments';
import { keys } from '@/lib/api/keys';
import type { Call, Segment } from '@/lib/api/types';
import { openStream, type StreamStatus } from '@/lib/sse';

/** Events that come in a burst, as after a reconnect, are shown in one go. */
const GATHER_MS = 60;

/** What others do to a call that is open. */
const NOUNS = ['comment', 'review', 'edit'] as const;

/** Keeps an open call fresh: its work, and what others say about it. */
export class LiveCall {
  status: StreamStatus = $state('connecting');
  /** Segments that came since the stream was opened; the transcript in the cache may hold some of them. */
  segments: Segment[] = $state.raw([]);

  readonly #id: string;
  readonly #cache: QueryClient;
  readonly #end: () => void;
  #gathered: LiveEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string, cache: QueryClient) {
    this.#id = id;
    this.#cache = cache;
    this.#end = openStream(paths.events(id), EVENT_TYPES, {
      onEvent: (type, data) => this.#gather(readEvent(type, data)),
      onStatus: (status) => {
        this.status = status;
        // What happened while nobody listened is not all in the stream; and where the stream is refused,
        // reading now and then is what is left.
        if (status !== 'connecting') this.#reread();
      },
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#end();
  }

  #gather(event: LiveEvent | null): void {
    if (!event) return;
    this.#gathered.push(event);
    this.#timer ??= setTimeout(() => this.#show(), GATHER_MS);
  }

  #show(): void {
    this.#timer = undefined;
    const events = this.#gathered;
    this.#gathered = [];
    // Work that begins anew leaves behind what it made before, which the stream tells first.
    const begun = events.findLastIndex((event) => event.type === 'state' && event.state === 'queued');
    this.segments = insertSegments(
      begun < 0 ? this.segments : [],
      events.slice(begun + 1).flatMap((event) => (event.type === 'segment' ? [event.segment] : [])),
    );
    for (const noun of NOUNS) if (events.some((event) => event.type === noun)) this.#rereadNoun(noun);
    const call = this.#cache.getQueryData<Call>(keys.call(this.#id));
    if (!call) return;
    const after = events.reduce(applyEvent, call);
    if (after !== call) this.#cache.setQueryData(keys.call(this.#id), after);
    const ended = isFinal(after.state) && !isFinal(call.state);
    const stepped = after.progress?.stage !== call.progress?.stage;
    if (ended || stepped || begun >= 0 || events.some((event) => event.type === 'call')) this.#reread();
    if (ended) void this.#cache.invalidateQueries({ queryKey: keys.calls });
  }

  #rereadNoun(noun: (typeof NOUNS)[number]): void {
    const reread = (queryKey: readonly string[]) => void this.#cache.invalidateQueries({ queryKey });
    if (noun === 'comment') reread(keys.comments(this.#id));
    if (noun === 'review') {
      reread(keys.callReviews(this.#id));
      reread(['review']);
    }
    if (noun === 'edit') {
      reread(keys.transcript(this.#id));
      reread(keys.edits(this.#id));
    }
  }

  #reread(): void {
    for (const noun of NOUNS) this.#rereadNoun(noun);
    void this.#cache.invalidateQueries({ queryKey: keys.call(this.#id) });
  }
}
