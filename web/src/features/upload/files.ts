/** A title for a call from the name of its file: no extension, no underscores. */
export function titleFromName(name: string): string {
  const base = name.replace(/\.[a-z0-9]{1,5}$/i, '');
  // Where the name has spaces, a hyphen belongs to its word.
  const joints = /\s/.test(base) ? /_+/g : /_+|(?<=\p{L})-(?=\p{L})/gu;
  const words = base.replace(joints, ' ').replace(/\s+/g, ' ');
  return words.trim() || name;
}

const SETTLED_AFTER_MS = 1500;

/** Time left at the speed so far; null while that speed means nothing yet. */
export function estimateLeftMs(seen: {
  sentBytes: number;
  leftBytes: number;
  tookMs: number;
}): number | null {
  if (seen.tookMs < SETTLED_AFTER_MS || seen.sentBytes <= 0) return null;
  return (Math.max(0, seen.leftBytes) * seen.tookMs) / seen.sentBytes;
}

/** Whether something dragged over the page contains files. */
export function carriesFiles(transfer: Pick<DataTransfer, 'types'> | null): boolean {
  return transfer?.types.includes('Files') ?? false;
}

/** What the file picker offers first; the server decides what it can read. */
export const ACCEPT = 'audio/*,video/*,.wav,.mp3,.m4a,.mp4,.flac,.ogg,.opus,.webm';

/** A name for a request that nobody else thinks of. Not every browser has `randomUUID`: plain http has not. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
