import type { Problem } from '@/lib/api/types';

/** A request that did not work, with words that can be shown. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** How long the server wants to be left alone, if it said so. */
  readonly waitSeconds: number | null;

  constructor(status: number, code: string, message: string, waitSeconds: number | null = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.waitSeconds = waitSeconds;
  }
}

/** The status of a write that was begun on an older version of what it changes. */
export const CHANGED_MEANWHILE = 412;

export function hasStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

const BY_STATUS: Readonly<Record<number, string>> = {
  401: 'You are signed out. Sign in and try again.',
  403: 'You may not do that.',
  404: 'This is not here any more, or you may not see it.',
  409: 'Somebody changed this in the meantime. Load it again.',
  413: 'This file is larger than this server takes.',
  429: 'Too many tries. Wait a minute, then try again.',
};

const OFFLINE = 'The server cannot be reached. Check the connection, then try again.';
const UNKNOWN = 'The server could not do this. Try again; if it stays, look into the server’s log.';

/** The error for a response with `status` whose body was `body`, parsed or as text. */
export function apiError(status: number, body: unknown, retryAfter: string | null = null): ApiError {
  const problem = asProblem(body);
  // What the server says to that is for programs.
  const signedOut = problem.code === 'unauthenticated';
  const words = signedOut ? '' : sentence(problem.detail ?? '') || sentence(problem.title ?? '');
  const seconds = Number(retryAfter ?? NaN);
  return new ApiError(
    status,
    problem.code ?? `http_${status}`,
    words || BY_STATUS[status] || UNKNOWN,
    Number.isFinite(seconds) ? seconds : null,
  );
}

/** The error for a request that got no answer. */
export function offlineError(): ApiError {
  return new ApiError(0, 'offline', OFFLINE);
}

/** Words for whatever was thrown. */
export function errorWords(error: unknown): string {
  return error instanceof ApiError ? error.message : UNKNOWN;
}

function asProblem(body: unknown): Partial<Problem> {
  const value: unknown = typeof body === 'string' ? parse(body) : body;
  if (typeof value !== 'object' || value === null) return {};
  const problem: Partial<Problem> = {};
  for (const key of ['title', 'detail', 'code'] as const) {
    const text: unknown = Reflect.get(value, key);
    if (typeof text === 'string') problem[key] = text;
  }
  return problem;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The server's lowercase phrase as a sentence. */
export function sentence(phrase: string): string {
  const text = phrase.trim();
  if (text === '') return '';
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}
