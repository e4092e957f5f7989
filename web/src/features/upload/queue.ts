/**
 * Files on their way to becoming calls: at most a few at once, each first sent, then made into a call. Knows
 * neither tus nor the API: both are handed in.
 */
import { errorWords } from '@/lib/api/problem';
import { estimateLeftMs, titleFromName } from './files';

export type UploadState = 'waiting' | 'sending' | 'creating' | 'failed' | 'done';

export type UploadItem = {
  id: number;
  name: string;
  title: string;
  sizeBytes: number;
  sentBytes: number;
  state: UploadState;
  leftMs: number | null;
  /** Why it failed, in words. */
  problem: string | null;
  callId: string | null;
};

export type TransferHandlers = {
  onProgress: (sentBytes: number) => void;
  onDone: (uploadId: string) => void;
  onError: (error: unknown) => void;
};

/** A transfer under way. `stop` ends it; with `forget` the server throws away what it has of it. */
export type Transfer = { stop: (forget: boolean) => void };

export type QueueDependencies = {
  transfer: (file: File, handlers: TransferHandlers) => Transfer;
  createCall: (uploadId: string, title: string) => Promise<{ id: string }>;
  onCreated?: (callId: string, item: UploadItem) => void;
  now?: () => number;
  parallel?: number;
};

type Entry = {
  item: UploadItem;
  file: File;
  transfer: Transfer | null;
  uploadId: string | null;
  startedAtMs: number;
  startedAtBytes: number | null;
};

export class UploadQueue {
  readonly #deps: QueueDependencies;
  readonly #now: () => number;
  readonly #parallel: number;
  readonly #listeners = new Set<(items: UploadItem[]) => void>();
  #entries: Entry[] = [];
  #nextId = 1;

  constructor(deps: QueueDependencies) {
    this.#deps = deps;
    this.#now = deps.now ?? (() => Date.now());
    this.#parallel = deps.parallel ?? 2;
  }

  /** A store in Svelte's sense: calls `listener` now and on every change, with fresh items. */
  subscribe(listener: (items: UploadItem[]) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#items());
    return () => this.#listeners.delete(listener);
  }

  add(files: Iterable<File>): void {
    for (const file of files) {
      const empty = file.size === 0;
      this.#entries.push({
        file,
        transfer: null,
        uploadId: null,
        startedAtMs: 0,
        startedAtBytes: null,
        item: {
          id: this.#nextId++,
          name: file.name,
          title: titleFromName(file.name),
          sizeBytes: file.size,
          sentBytes: 0,
          state: empty ? 'failed' : 'waiting',
          leftMs: null,
          problem: empty ? 'This file is empty. Choose the recording itself.' : null,
          callId: null,
        },
      });
    }
    this.#advance();
  }

  /** Gives the call to come another title; too late once it exists. */
  rename(id: number, title: string): void {
    const entry = this.#find(id);
    if (!entry || entry.item.state === 'creating' || entry.item.state === 'done') return;
    entry.item.title = title;
    this.#emit();
  }

  /** Goes on with a failed file where it stopped. */
  retry(id: number): void {
    const entry = this.#find(id);
    if (!entry || entry.item.state !== 'failed' || entry.file.size === 0) return;
    entry.item.state = 'waiting';
    entry.item.problem = null;
    this.#advance();
  }

  /** Takes a file off the list, and stops it if it is on its way. */
  remove(id: number): void {
    const entry = this.#find(id);
    if (!entry) return;
    if (entry.item.state !== 'done') entry.transfer?.stop(true);
    entry.transfer = null;
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#advance();
  }

  /** Stops everything without forgetting what was sent: it can go on later. */
  stopAll(): void {
    for (const entry of this.#entries) entry.transfer?.stop(false);
    this.#entries = [];
    this.#emit();
  }

  /** Starts as many waiting files as may run. */
  #advance(): void {
    const running = this.#entries.filter(
      ({ item }) => item.state === 'sending' || item.state === 'creating',
    ).length;
    const waiting = this.#entries.filter(({ item }) => item.state === 'waiting');
    for (const entry of waiting.slice(0, Math.max(0, this.#parallel - running))) this.#start(entry);
    this.#emit();
  }

  #start(entry: Entry): void {
    if (entry.uploadId !== null) {
      void this.#create(entry, entry.uploadId);
      return;
    }
    entry.item.state = 'sending';
    entry.startedAtMs = this.#now();
    entry.startedAtBytes = null;
    entry.transfer = this.#deps.transfer(entry.file, {
      onProgress: (sentBytes) => this.#progress(entry, sentBytes),
      onDone: (uploadId) => {
        entry.transfer = null;
        entry.uploadId = uploadId;
        if (this.#holds(entry)) void this.#create(entry, uploadId);
      },
      onError: (error) => {
        entry.transfer = null;
        if (this.#holds(entry)) this.#fail(entry, error);
      },
    });
  }

  #progress(entry: Entry, sentBytes: number): void {
    if (!this.#holds(entry)) return;
    // A resumed file starts in the middle: only what was sent since counts for the speed.
    entry.startedAtBytes ??= sentBytes;
    entry.item.sentBytes = sentBytes;
    entry.item.leftMs = estimateLeftMs({
      sentBytes: sentBytes - entry.startedAtBytes,
      leftBytes: entry.item.sizeBytes - sentBytes,
      tookMs: this.#now() - entry.startedAtMs,
    });
    this.#emit();
  }

  async #create(entry: Entry, uploadId: string): Promise<void> {
    entry.item.state = 'creating';
    entry.item.sentBytes = entry.item.sizeBytes;
    entry.item.leftMs = null;
    this.#emit();
    try {
      const title = entry.item.title.trim() || titleFromName(entry.item.name);
      const call = await this.#deps.createCall(uploadId, title);
      entry.item.state = 'done';
      entry.item.callId = call.id;
      this.#deps.onCreated?.(call.id, { ...entry.item });
      if (this.#holds(entry)) this.#advance();
    } catch (error) {
      if (this.#holds(entry)) this.#fail(entry, error);
    }
  }

  #fail(entry: Entry, error: unknown): void {
    entry.item.state = 'failed';
    entry.item.leftMs = null;
    entry.item.problem = errorWords(error);
    this.#advance();
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
