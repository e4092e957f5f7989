import type { QueryClient } from '@tanstack/svelte-query';
import { paths } from '@/features/calls/api';
import { applyEvent, EVENT_TYPES, readEvent, type LiveEvent } from '@/features/calls/live';
import { isFinal } from '@/features/calls/state';
import { insertSegments } from '@/features/transcript/segments';
import { keys } from '@/lib/api/keys';
import type { Call, Segment } from '@/lib/api/types';
import { Burst } from '@/lib/burst';
import { openStream, type StreamStatus } from '@/lib/sse';

/** Events that come in a burst, as after a reconnect, are shown in one go. */
const GATHER_MS = 60;

/** However much happens, what is about it is read anew this often. */
const REREAD_EVERY_MS = 1500;

/** What others do to a call that is open. */
const NOUNS = ['comment', 'review', 'edit'] as const;
type Noun = (typeof NOUNS)[number] | 'call';

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
  // All is being read as the room opens.
  readonly #news = new Burst<Noun>(
    (nouns) => nouns.forEach((noun) => this.#rereadNoun(noun)),
    REREAD_EVERY_MS,
    {
      quietFirst: true,
    },
  );

  /** Hears what happens to `call` from what is known of it on; everything else about it must be read after this. */
  constructor({ id, last_event }: Call, cache: QueryClient) {
    this.#id = id;
    this.#cache = cache;
    let opened = false;
    this.#end = openStream(paths.events(id, last_event), EVENT_TYPES, {
      onEvent: (type, data) => this.#gather(type, data),
      onStatus: (status) => {
        this.status = status;
        // What happened while nobody listened is not all in the stream; and where the stream is refused,
        // reading now and then is what is left.
        if (status === 'closed' || (status === 'open' && opened)) this.#reread();
        opened ||= status === 'open';
      },
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#news.stop();
    this.#end();
    // From now on nobody notices what changes: whoever comes back reads anew.
    for (const queryKey of NOUNS.flatMap((noun) => this.#keysOf(noun)))
      void this.#cache.invalidateQueries({ queryKey, refetchType: 'none' });
  }

  #gather(type: string, data: string): void {
    const event = readEvent(type, data);
    if (!event) return;
    this.#gathered.push(event);
    this.#timer ??= setTimeout(() => this.#show(), GATHER_MS);
  }

  #show(): void {
    this.#timer = undefined;
    const call = this.#cache.getQueryData<Call>(keys.call(this.#id));
    const news = this.#gathered;
    this.#gathered = [];
    const after = call && news.reduce(applyEvent, call);
    // Work that begins anew leaves behind what it made before.
    const begun = news.findLastIndex((event) => event.type === 'state' && event.state === 'queued');
    const words = news.slice(begun + 1).flatMap((event) => (event.type === 'segment' ? [event.segment] : []));
    this.segments = insertSegments(begun < 0 ? this.segments : [], words);
    this.#news.add(...NOUNS.filter((noun) => news.some((event) => event.type === noun)));
    if (!call || !after) return;
    if (after !== call) this.#cache.setQueryData(keys.call(this.#id), after);
    // What the cache says of the state is no measure: the inbox, too, has a call read anew that became ready.
    const ended = news.some((event) => event.type === 'state' && isFinal(event.state));
    const stepped = after.progress?.stage !== call.progress?.stage;
    if (ended || stepped) this.#reread();
    else if (begun >= 0 || news.some((event) => event.type === 'call')) this.#news.add('call');
    if (ended) void this.#cache.invalidateQueries({ queryKey: keys.calls });
  }

  /** What is shown about a noun. */
  #keysOf(noun: Noun): (readonly string[])[] {
    switch (noun) {
      case 'comment':
        return [keys.comments(this.#id)];
      case 'review':
        return [keys.callReviews(this.#id), ['review']];
      case 'edit':
        return [keys.transcript(this.#id), keys.edits(this.#id)];
      case 'call':
        return [keys.call(this.#id)];
    }
  }

  #rereadNoun(noun: Noun): void {
    for (const queryKey of this.#keysOf(noun)) void this.#cache.invalidateQueries({ queryKey });
  }

  #reread(): void {
    this.#news.add(...NOUNS, 'call');
  }
}
