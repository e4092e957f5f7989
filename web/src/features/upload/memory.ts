/**
 * The uploads that this browser has begun and not finished, so that a page that was closed or reloaded can go on
 * with them. Files themselves cannot be kept: who began has to choose the same one again.
 */
import type { CallMeta } from '@/lib/api/types';

export type Remembered = {
  /** The file, as far as a page can tell: name, size and when it was changed. */
  key: string;
  name: string;
  sizeBytes: number;
  sentBytes: number;
  /** Where its upload is on the server. */
  url: string | null;
  /** Whether the server has all of it, so that only its call is missing. */
  complete: boolean;
  title: string;
  meta: CallMeta;
  /** Whether a page is at it, and when that page last said so. */
  live: boolean;
  touchedMs: number;
};

export type UploadMemory = {
  list: () => Remembered[];
  put: (upload: Remembered) => void;
  drop: (key: string) => void;
};

/** A page that says nothing for so long is gone. */
export const SILENT_MS = 15_000;
/** The server throws unfinished uploads away long before. */
const FORGOTTEN_MS = 7 * 24 * 3600_000;

export function fileKey(file: Pick<File, 'name' | 'size' | 'lastModified'>): string {
  return [file.name, file.size, file.lastModified].join('|');
}

/** What no page is at: to be gone on with here. */
export function abandoned(list: readonly Remembered[], nowMs: number): Remembered[] {
  return list.filter((one) => {
    const silent = nowMs - one.touchedMs;
    return silent < FORGOTTEN_MS && (!one.live || silent > SILENT_MS);
  });
}

type Store = { read: () => string | null; write: (text: string | null) => void };

/** A memory in one line of text, read anew each time: other tabs write to it too. */
export function textMemory(store: Store, now: () => number = () => Date.now()): UploadMemory {
  const list = () => parse(store.read()).filter((one) => now() - one.touchedMs < FORGOTTEN_MS);
  const save = (all: Remembered[]) => store.write(all.length > 0 ? JSON.stringify(all) : null);
  return {
    list,
    put: (upload) => save([...list().filter((one) => one.key !== upload.key), upload]),
    drop: (key) => save(list().filter((one) => one.key !== key)),
  };
}

function parse(text: string | null): Remembered[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value.filter(isRemembered) : [];
  } catch {
    return [];
  }
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const field = (name: string): unknown => Reflect.get(value, name);
  return (
    ['key', 'name', 'title'].every((name) => typeof field(name) === 'string') &&
    ['sizeBytes', 'sentBytes', 'touchedMs'].every((name) => typeof field(name) === 'number') &&
    (field('url') === null || typeof field('url') === 'string') &&
    typeof field('meta') === 'object' &&
    field('meta') !== null
  );
}
