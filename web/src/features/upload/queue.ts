/**
 * Files on their way to becoming calls: at most a few at once, each first sent, then made into a call. What is
 * temporarily in the way is waited out, however long it takes; what was begun is remembered beyond the page.
 * Knows neither tus nor the API: both are handed in.
 */
import { ApiError, errorWords, hasStatus } from '@/lib/api/problem';
import type { CallMeta } from '@/lib/api/types';
import { estimateLeftMs, randomKey, titleFromName } from './files';
import { abandoned, fileKey, type Remembered, type UploadMemory } from './memory';
import { isPassing, passingWords, waitMs } from './problems';

export type UploadState =
  /** Begun by a page that is gone: its file is wanted. */
  'unfinished' | 'waiting' | 'sending' | 'stalled' | 'creating' | 'failed' | 'done';

export type UploadItem = {
  id: number;
  /** The file, beyond this page. */
  key: string;
  name: string;
  title: string;
  meta: CallMeta;
  sizeBytes: number;
  sentBytes: number;
  state: UploadState;
  leftMs: number | null;
  /** Why it failed or what it waits for, in words. */
  problem: string | null;
  callId: string | null;
};

export type TransferHandlers = {
  onUrl: (url: string) => void;
  onProgress: (sentBytes: number) => void;
  onDone: (uploadId: string) => void;
  onError: (error: unknown) => void;
};

/** A transfer under way. `stop` ends it; with `forget` the server throws away what it has of it. */
export type Transfer = { stop: (forget: boolean) => void };

export type NewCall = { uploadId: string; title: string; meta: CallMeta; key: string };

export type QueueDependencies = {
  /** Sends a file, from where `url` stands if there is one. */
  transfer: (file: File, url: string | null, handlers: TransferHandlers) => Transfer;
  createCall: (call: NewCall) => Promise<{ id: string }>;
  /** Has the server throw away what nobody sends any more. */
  forget: (url: string) => void;
  memory: UploadMemory;
  onCreated?: (callId: string, item: UploadItem) => void;
  now?: () => number;
  parallel?: number;
};

type Entry = {
  item: UploadItem;
  file: File | null;
  transfer: Transfer | null;
  url: string | null;
  uploadId: string | null;
  /** Names the request that makes the call, so that asking again does not make two. */
  requestKey: string | null;
  tries: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  startedAtMs: number;
  startedAtBytes: number | null;
  rememberedMs: number;
};

/** A transfer that moves nothing for so long has lost its connection without noticing. */
const STUCK_MS = 60_000;
const REMEMBER_EVERY_MS = 2000;

export class UploadQueue {
  readonly #deps: QueueDependencies;
  readonly #now: () => number;
  readonly #parallel: number;
  readonly #listeners = new Set<(items: UploadItem[]) => void>();
  readonly #made = new Map<string, string>();
  #entries: Entry[] = [];
  #nextId = 1;

  constructor(deps: QueueDependencies) {
    this.#deps = deps;
    this.#now = deps.now ?? (() => Date.now());
    this.#parallel = deps.parallel ?? 2;
    this.beat();
  }

  /** A store in Svelte's sense: calls `listener` now and on every change, with fresh items. */
  subscribe(listener: (items: UploadItem[]) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#items());
    return () => this.#listeners.delete(listener);
  }

  /** Takes files in; one that was begun before goes on where it stopped, one that is here already is left. */
  add(files: Iterable<File>): void {
    for (const file of files) {
      const key = fileKey(file);
      const known = this.#entries.find(({ item }) => item.key === key && item.state !== 'done');
      if (!known) this.#entries.push(this.#entry(file, key));
      else if (known.item.state === 'unfinished') this.#attach(known, file);
    }
    this.#advance();
  }

  /** Goes on with an unfinished upload, if this is its file. */
  resume(id: number, file: File): void {
    const entry = this.#find(id);
    if (entry?.item.state !== 'unfinished') return;
    if (fileKey(file) === entry.item.key) this.#attach(entry, file);
    else entry.item.problem = `That was another file. Choose “${entry.item.name}”, unchanged since then.`;
    this.#advance();
  }

  /** Says more about the call to come; false when it is too late for that. */
  describe(id: number, change: { title?: string; meta?: CallMeta }): boolean {
    const entry = this.#find(id);
    if (!entry || entry.item.state === 'creating' || entry.item.state === 'done') return false;
    Object.assign(entry.item, change);
    entry.requestKey = null;
    this.#remember(entry);
    this.#emit();
    return true;
  }

  /** The call that became of a file, though its row may be gone. */
  callOf(key: string): string | null {
    return this.#made.get(key) ?? null;
  }

  /** Goes on with a failed or waiting file where it stopped. */
  retry(id: number): void {
    const entry = this.#find(id);
    if (entry) this.#again(entry);
  }

  /** Tries all again that wait for a connection: it may be back. */
  retryStalled(): void {
    for (const entry of this.#entries) if (entry.item.state === 'stalled') this.#again(entry);
  }

  /** Takes a file off the list, and stops it if it is on its way. */
  remove(id: number): void {
    const entry = this.#find(id);
    if (!entry) return;
    clearTimeout(entry.timer);
    if (entry.transfer) entry.transfer.stop(true);
    else if (entry.item.state !== 'done' && entry.url !== null) this.#deps.forget(entry.url);
    this.#deps.memory.drop(entry.item.key);
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#advance();
  }

  /** Says that this page is still at its uploads, and takes up those whose page is gone. */
  beat(): void {
    for (const entry of this.#entries) if (this.#isAtWork(entry)) this.#remember(entry);
    const left = abandoned(this.#deps.memory.list(), this.#now());
    const fresh = left.filter(({ key }) => !this.#entries.some(({ item }) => item.key === key));
    if (fresh.length === 0) return;
    this.#entries.push(...fresh.map((one) => this.#fromMemory(one)));
    this.#advance();
  }

  /** Leaves what was begun to the page that comes next. */
  leave(): void {
    for (const entry of this.#entries) if (this.#isAtWork(entry)) this.#remember(entry, false);
  }

  /** Stops everything without forgetting what was sent: it can go on later. */
  stopAll(): void {
    this.leave();
    for (const entry of this.#entries) {
      clearTimeout(entry.timer);
      entry.transfer?.stop(false);
    }
    this.#entries = [];
    this.#emit();
  }

  #entry(file: File | null, key: string, name = file?.name ?? ''): Entry {
    const empty = file?.size === 0;
    return {
      file,
      transfer: null,
      url: null,
      uploadId: null,
      requestKey: null,
      tries: 0,
      timer: undefined,
      startedAtMs: 0,
      startedAtBytes: null,
      rememberedMs: 0,
      item: {
        id: this.#nextId++,
        key,
        name,
        title: titleFromName(name),
        meta: {},
        sizeBytes: file?.size ?? 0,
        sentBytes: 0,
        state: empty ? 'failed' : 'waiting',
        leftMs: null,
        problem: empty ? 'This file is empty. Choose the recording itself.' : null,
        callId: null,
      },
    };
  }

  #fromMemory(one: Remembered): Entry {
    const entry = this.#entry(null, one.key, one.name);
    const { title, meta, sizeBytes, sentBytes } = one;
    Object.assign(entry.item, { title, meta, sizeBytes, sentBytes });
    entry.url = one.url;
    // All of it is there: nothing but its call is missing, and that needs no file.
    if (one.complete && one.url !== null) entry.uploadId = uploadIdOf(one.url);
    else entry.item.state = 'unfinished';
    return entry;
  }

  #attach(entry: Entry, file: File): void {
    entry.file = file;
    entry.item.state = 'waiting';
    entry.item.problem = null;
  }

  #again(entry: Entry): void {
    const { item } = entry;
    if (item.state !== 'failed' && item.state !== 'stalled') return;
    if (entry.file?.size === 0) return;
    clearTimeout(entry.timer);
    // Without its file there is only the call to make, or the file to ask for.
    item.state = entry.file || entry.uploadId !== null ? 'waiting' : 'unfinished';
    item.problem = null;
    this.#advance();
  }

  /** Starts as many waiting files as may run. */
  #advance(): void {
    const busy = this.#entries.filter(({ item }) => item.state === 'sending' || item.state === 'creating');
    const waiting = this.#entries.filter(({ item }) => item.state === 'waiting');
    for (const entry of waiting.slice(0, Math.max(0, this.#parallel - busy.length))) this.#start(entry);
    this.#emit();
  }

  #start(entry: Entry): void {
    if (entry.uploadId !== null) return void this.#create(entry, entry.uploadId);
    if (!entry.file) return;
    entry.item.state = 'sending';
    entry.startedAtMs = this.#now();
    entry.startedAtBytes = null;
    this.#remember(entry);
    this.#watch(entry);
    const current = (run: () => void) => this.#holds(entry) && entry.item.state === 'sending' && run();
    entry.transfer = this.#deps.transfer(entry.file, entry.url, {
      onUrl: (url) =>
        current(() => {
          entry.url = url;
          this.#remember(entry);
        }),
      onProgress: (sentBytes) => current(() => this.#progress(entry, sentBytes)),
      onDone: (uploadId) =>
        current(() => {
          entry.transfer = null;
          entry.uploadId = uploadId;
          void this.#create(entry, uploadId);
        }),
      onError: (error) =>
        current(() => {
          entry.transfer = null;
          this.#fail(entry, error);
        }),
    });
  }

  #watch(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => {
      entry.transfer?.stop(false);
      entry.transfer = null;
      this.#fail(entry, new ApiError(0, 'stuck', ''));
    }, STUCK_MS);
  }

  #progress(entry: Entry, sentBytes: number): void {
    // A resumed file starts in the middle: only what was sent since counts for the speed.
    entry.startedAtBytes ??= sentBytes;
    if (sentBytes > entry.startedAtBytes) entry.tries = 0;
    entry.item.sentBytes = sentBytes;
    entry.item.leftMs = estimateLeftMs({
      sentBytes: sentBytes - entry.startedAtBytes,
      leftBytes: entry.item.sizeBytes - sentBytes,
      tookMs: this.#now() - entry.startedAtMs,
    });
    this.#watch(entry);
    if (this.#now() - entry.rememberedMs > REMEMBER_EVERY_MS) this.#remember(entry);
    this.#emit();
  }

  async #create(entry: Entry, uploadId: string): Promise<void> {
    const { item } = entry;
    clearTimeout(entry.timer);
    item.state = 'creating';
    item.sentBytes = item.sizeBytes;
    item.leftMs = null;
    entry.requestKey ??= randomKey();
    this.#remember(entry);
    this.#emit();
    try {
      const title = item.title.trim() || titleFromName(item.name);
      const call = await this.#deps.createCall({ uploadId, title, meta: item.meta, key: entry.requestKey });
      item.state = 'done';
      item.callId = call.id;
      this.#made.set(item.key, call.id);
      this.#deps.memory.drop(item.key);
      this.#deps.onCreated?.(call.id, { ...item });
      if (this.#holds(entry)) this.#advance();
    } catch (error) {
      if (hasStatus(error, 404)) this.#sendAnew(entry);
      if (this.#holds(entry)) this.#fail(entry, error);
    }
  }

  /** The server has nothing of it any more. */
  #sendAnew(entry: Entry): void {
    entry.url = null;
    entry.uploadId = null;
    entry.item.sentBytes = 0;
  }

  #fail(entry: Entry, error: unknown): void {
    const { item } = entry;
    clearTimeout(entry.timer);
    item.leftMs = null;
    if (isPassing(error)) {
      entry.tries += 1;
      item.state = 'stalled';
      item.problem = passingWords(error);
      entry.timer = setTimeout(() => this.#again(entry), waitMs(entry.tries));
    } else {
      entry.requestKey = null;
      item.state = 'failed';
      item.problem = errorWords(error);
    }
    this.#advance();
  }

  /** Whether a page that comes later has something to go on with. */
  #isAtWork({ item, file }: Entry): boolean {
    return item.state !== 'done' && item.state !== 'unfinished' && item.sizeBytes > 0 && file !== null;
  }

  #remember(entry: Entry, live = true): void {
    const { key, name, title, meta, sizeBytes, sentBytes } = entry.item;
    entry.rememberedMs = this.#now();
    this.#deps.memory.put({
      ...{ key, name, title, meta, sizeBytes, sentBytes, live },
      url: entry.url,
      complete: entry.uploadId !== null,
      touchedMs: this.#now(),
    });
  }

  #find(id: number): Entry | undefined {
    return this.#entries.find((entry) => entry.item.id === id);
  }

  #holds(entry: Entry): boolean {
    return this.#entries.includes(entry);
  }

  #items(): UploadItem[] {
    return this.#entries.map(({ item }) => ({ ...item }));
  }

  #emit(): void {
    const items = this.#items();
    for (const listener of this.#listeners) listener(items);
  }
}

/** The id of an upload is the end of its address. */
export function uploadIdOf(url: string): string {
  return decodeURIComponent(url.replace(/\/+$/, '').split('/').at(-1) ?? '');
}
