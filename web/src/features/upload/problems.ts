import { ApiError, errorWords } from '@/lib/api/problem';

/** Whether an error goes away by itself: the network, a server that restarts, one that is busy. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  const { status } = error;
  return status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
}

/** What to say while trying again. */
export function passingWords(error: unknown): string {
  const status = error instanceof ApiError ? error.status : 0;
  if (status === 429) return 'The server is busy. This goes on by itself in a moment.';
  // Servers that say what is wrong, as with a full disk, are quoted; those in front of them know nothing.
  const said = error instanceof ApiError && status >= 500 && !error.code.startsWith('http_');
  if (said) return `${errorWords(error)} This is tried again by itself.`;
  return 'The server cannot be reached. This goes on by itself as soon as it can.';
}

const WAITS_MS = [2000, 5000, 10_000, 20_000, 30_000] as const;

/** How long to wait before the try after so many that went wrong. */
export function waitMs(tries: number): number {
  return WAITS_MS[Math.min(Math.max(tries, 1), WAITS_MS.length) - 1] ?? 30_000;
}
