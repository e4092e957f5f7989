import type { QueryClient } from '@tanstack/svelte-query';
import { callKey, callsKey, paths, transcriptKey } from '@/features/calls/api';
import { applyEvent, EVENT_TYPES, readEvent, type LiveEvent } from '@/features/calls/live';
import { isFinal } from '@/features/calls/state';
import { insertSegments } from '@/features/transcript/segments';
import type { Call, Segment } from '@/lib/api/types';
import { openStream, type StreamStatus } from '@/lib/sse';

/** Events that come in a burst, as after a reconnect, are shown in one go. */
const GATHER_MS = 60;

/** Keeps a call fresh while it is at work. */
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
    const call = this.#cache.getQueryData<Call>(callKey(this.#id));
    if (!call) return;
    const after = events.reduce(applyEvent, call);
    if (after !== call) this.#cache.setQueryData(callKey(this.#id), after);
    const ended = isFinal(after.state) && !isFinal(call.state);
    const stepped = after.progress?.stage !== call.progress?.stage;
    if (ended || stepped || begun >= 0 || events.some((event) => event.type === 'call')) this.#reread();
    if (ended) void this.#cache.invalidateQueries({ queryKey: callsKey });
  }

  #reread(): void {
    void this.#cache.invalidateQueries({ queryKey: callKey(this.#id) });
    void this.#cache.invalidateQueries({ queryKey: transcriptKey(this.#id) });
  }
}
