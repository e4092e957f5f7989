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

/**
 * The stream begins with all that ever happened to the call, of which only the outcome is to be seen: it has been
 * told when nothing more comes for a while.
 */
const CAUGHT_UP_MS = 200;
const CATCHES_UP_WITHIN_MS = 3000;

/** However much happens, what is about it is read anew this often. */
const REREAD_EVERY_MS = 1500;

/** What others do to a call that is open. */
const NOUNS = ['comment', 'review', 'edit'] as const;
type Noun = (typeof NOUNS)[number] | 'call';

const read = ({ type, data }: { type: string; data: string }): LiveEvent[] => {
  const event = readEvent(type, data);
  return event ? [event] : [];
};
const isQueued = (event: LiveEvent) => event.type === 'state' && event.state === 'queued';

/** Keeps an open call fresh: its work, and what others say about it. */
export class LiveCall {
  status: StreamStatus = $state('connecting');
  /** Segments that came since the stream was opened; the transcript in the cache may hold some of them. */
  segments: Segment[] = $state.raw([]);

  readonly #id: string;
  readonly #cache: QueryClient;
  readonly #end: () => void;
  #gathered: { type: string; data: string }[] = [];
  #caughtUp = false;
  #openedAtMs = Date.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  // All is being read as the room opens.
  readonly #news = new Burst<Noun>(
    (nouns) => nouns.forEach((noun) => this.#rereadNoun(noun)),
    REREAD_EVERY_MS,
    {
      quietFirst: true,
    },
  );

  constructor(id: string, cache: QueryClient) {
    this.#id = id;
    this.#cache = cache;
    let opened = false;
    this.#end = openStream(paths.events(id), EVENT_TYPES, {
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
  }

  #gather(type: string, data: string): void {
    this.#gathered.push({ type, data });
    if (!this.#caughtUp && Date.now() < this.#openedAtMs + CATCHES_UP_WITHIN_MS) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#show(), CAUGHT_UP_MS);
    } else this.#timer ??= setTimeout(() => this.#show(), GATHER_MS);
  }

  #show(): void {
    this.#timer = undefined;
    const call = this.#cache.getQueryData<Call>(keys.call(this.#id));
    const told = this.#gathered;
    this.#gathered = [];
    const past = !this.#caughtUp;
    this.#caughtUp = true;
    const news = told.filter(({ type }) => type !== 'segment').flatMap(read);
    const after = call && news.reduce(applyEvent, call);
    // Work that begins anew leaves behind what it made before, which the stream tells first.
    const begun = told.findLastIndex((one) => one.type === 'state' && read(one).some(isQueued));
    // The words of work that is over are in the transcript.
    const words = past && after && isFinal(after.state) ? [] : told.slice(begun + 1);
    this.segments = insertSegments(
      begun < 0 ? this.segments : [],
      words
        .filter(({ type }) => type === 'segment')
        .flatMap(read)
        .flatMap((event) => (event.type === 'segment' ? [event.segment] : [])),
    );
    this.#news.add(...NOUNS.filter((noun) => news.some((event) => event.type === noun)));
    if (!call || !after) return;
    if (after !== call) this.#cache.setQueryData(keys.call(this.#id), after);
    const ended = isFinal(after.state) && !isFinal(call.state);
    const stepped = after.progress?.stage !== call.progress?.stage;
    if (ended || stepped) this.#reread();
    else if (begun >= 0 || news.some((event) => event.type === 'call')) this.#news.add('call');
    if (ended) void this.#cache.invalidateQueries({ queryKey: keys.calls });
  }

  #rereadNoun(noun: Noun): void {
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
    if (noun === 'call') reread(keys.call(this.#id));
  }

  #reread(): void {
    this.#news.add(...NOUNS, 'call');
  }
}
