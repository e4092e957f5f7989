import { ApiError, errorWords } from '@/lib/api/problem';

/** What to say about a sign-in that did not work; `nowMs` and `waitUntilMs` count down a wait. */
export function signInWords(error: unknown, waitUntilMs: number | null, nowMs: number): string {
  if (!error) return '';
  if (!(error instanceof ApiError)) return errorWords(error);
  if (error.status === 401) return 'This email and password do not go together. Check both and try again.';
  if (error.status !== 429) return errorWords(error);
  if (waitUntilMs === null) return 'Too many tries. Wait a while, then try again.';
  const seconds = Math.ceil((waitUntilMs - nowMs) / 1000);
  return seconds > 0 ? waitWords(seconds) : 'You can try again now.';
}

/** How long somebody who tried too often has to wait. */
function waitWords(seconds: number): string {
  if (seconds === 1) return 'Too many tries. You can try again in 1 second.';
  if (seconds < 90) return `Too many tries. You can try again in ${seconds} seconds.`;
  return `Too many tries. You can try again in ${Math.ceil(seconds / 60)} minutes.`;
}
