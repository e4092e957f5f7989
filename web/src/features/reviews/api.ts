import { createQueries, createQuery, useQueryClient, type QueryClient } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { Review, ReviewDetail, ReviewResponse, Rubric } from '@/lib/api/types';
import type { Said } from './said';

/** The reviews of a call that the reader may see, and whether others' are kept from them. */
export function useCallReviews(callId: () => string) {
  return createQuery(() => ({
    queryKey: keys.callReviews(callId()),
    queryFn: () =>
      unwrap(
        client.GET('/api/v1/calls/{id}/reviews', {
          params: { path: { id: callId() }, query: { limit: 200 } },
        }),
      ),
    staleTime: 10_000,
  }));
}

const detailOf = (id: string) => ({
  queryKey: keys.review(id),
  queryFn: () => unwrap(client.GET('/api/v1/reviews/{id}', { params: { path: { id } } })),
  staleTime: 10_000,
  structuralSharing: newest,
});

/** Of two readings the newer one: an answer that was asked for before a change may come after it. */
function newest(known: unknown, read: unknown): unknown {
  const before = known as ReviewDetail | undefined;
  const after = read as ReviewDetail;
  return before && before.version > after.version ? before : after;
}

export function useReview(id: () => string) {
  return createQuery(() => detailOf(id()));
}

export function useReviewDetails(ids: () => readonly string[]) {
  return createQueries(() => ({
    queries: ids().map(detailOf),
    combine: (answers) => ({
      reviews: answers.flatMap((answer) => (answer.data ? [answer.data] : [])),
      isPending: answers.some((answer) => answer.isPending),
      error: answers.find((answer) => answer.isError && !answer.data)?.error ?? null,
      again: () => answers.forEach((answer) => answer.isError && void answer.refetch()),
    }),
  }));
}

/** The rubrics that a review can be begun with. */
export function useOfferedRubrics() {
  return createQuery(() => ({
    queryKey: [...keys.rubrics, 'offered'],
    queryFn: async (): Promise<Rubric[]> => {
      const page = await unwrap(client.GET('/api/v1/rubrics', { params: { query: { limit: 200 } } }));
      return page.items.filter((rubric) => rubric.current_version != null);
    },
    staleTime: 60_000,
  }));
}

/** Puts a review as the server just answered it wherever it is shown. */
export function showReview(cache: QueryClient, review: ReviewDetail): void {
  cache.setQueryData(keys.review(review.id), review);
}

/** After a step in a review's life, what lists it is read again. */
async function showStep(cache: QueryClient, review: ReviewDetail): Promise<void> {
  showReview(cache, review);
  for (const queryKey of [keys.moments, keys.inbox, keys.calls]) void cache.invalidateQueries({ queryKey });
  await cache.invalidateQueries({ queryKey: keys.callReviews(review.call_id) });
}

const asRead = (version: number) => ({ 'If-Match': `"${version}"` });

/** What is done with reviews as a whole. Each throws `ApiError`. */
export function useReviewSteps() {
  const cache = useQueryClient();
  const step = async (answer: Promise<ReviewDetail>) => {
    const review = await answer;
    await showStep(cache, review);
    return review;
  };
  const params = (review: Review) => ({ path: { id: review.id }, header: asRead(review.version) });
  return {
    begin: (callId: string, rubricId: string) =>
      step(
        unwrap(
          client.POST('/api/v1/calls/{id}/reviews', {
            params: { path: { id: callId } },
            body: { rubric_id: rubricId },
          }),
        ),
      ),
    submit: (review: Review) =>
      step(unwrap(client.POST('/api/v1/reviews/{id}/submit', { params: params(review) }))),
    release: (review: Review) =>
      step(unwrap(client.POST('/api/v1/reviews/{id}/release', { params: params(review) }))),
    withdraw: (review: Review) =>
      step(unwrap(client.POST('/api/v1/reviews/{id}/withdraw', { params: params(review) }))),
    reopen: (review: Review, reason: string) =>
      step(unwrap(client.POST('/api/v1/reviews/{id}/reopen', { params: params(review), body: { reason } }))),
    respond: (review: Review, response: ReviewResponse, note: string) =>
      step(
        unwrap(
          client.POST('/api/v1/reviews/{id}/respond', { params: params(review), body: { response, note } }),
        ),
      ),
  };
}

/** What a draft writes. Drafts are their author's alone: the last word on each thing counts. */
export const writes = {
  say: (id: string, criterionId: string, said: Said): Promise<ReviewDetail> =>
    unwrap(
      client.PUT('/api/v1/reviews/{id}/scores/{criterion_id}', {
        params: { path: { id, criterion_id: criterionId } },
        body: {
          ...(said.value !== null && { value: said.value }),
          not_applicable: said.notApplicable,
          note: said.note,
        },
      }),
    ),
  unsay: (id: string, criterionId: string): Promise<ReviewDetail> =>
    unwrap(
      client.DELETE('/api/v1/reviews/{id}/scores/{criterion_id}', {
        params: { path: { id, criterion_id: criterionId } },
      }),
    ),
  summarize: (id: string, summary: string): Promise<ReviewDetail> =>
    unwrap(client.PATCH('/api/v1/reviews/{id}', { params: { path: { id } }, body: { summary } })),
  addEvidence: (
    id: string,
    criterionId: string,
    place: { start_ms: number; end_ms: number; channel: number | null },
    once: string,
  ) =>
    unwrap(
      client.POST('/api/v1/reviews/{id}/scores/{criterion_id}/evidence', {
        params: { path: { id, criterion_id: criterionId } },
        body: place,
        headers: { 'Idempotency-Key': once },
      }),
    ),
  removeEvidence: (id: string, evidenceId: string): Promise<ReviewDetail> =>
    unwrap(
      client.DELETE('/api/v1/reviews/{id}/evidence/{evidence_id}', {
        params: { path: { id, evidence_id: evidenceId } },
      }),
    ),
};
