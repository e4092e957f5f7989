import createClient from 'openapi-fetch';
import { ApiError, apiError, offlineError } from '@/lib/api/problem';
import type { paths } from '@/lib/api/types';

export const client = createClient<paths, 'application/json'>({ credentials: 'same-origin' });

let refused: (error: ApiError) => void = () => undefined;

/** Has every refusal told to `listener`, whoever asked; there is one listener. */
export function onRefusal(listener: (error: ApiError) => void): void {
  refused = listener;
}

type Answer<T> = { data?: T; error?: unknown; response: Response };

/** The data of an answer; throws `ApiError` for everything else. */
export async function unwrap<T>(request: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await settle(request);
  if (!response.ok) throw refusal(response, error);
  if (data === undefined) throw apiError(response.status, null);
  return data;
}

/** Like `unwrap`, for answers without a body. */
export async function unwrapEmpty(request: Promise<Answer<unknown>>): Promise<void> {
  const { error, response } = await settle(request);
  if (!response.ok) throw refusal(response, error);
}

function refusal(response: Response, error: unknown): ApiError {
  const problem = apiError(response.status, error, response.headers.get('retry-after'));
  refused(problem);
  return problem;
}

async function settle<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    // fetch throws a TypeError when there is no answer, and a SyntaxError follows a body cut short.
    if (error instanceof TypeError || error instanceof SyntaxError) throw offlineError();
    throw error instanceof ApiError ? error : offlineError();
  }
}
