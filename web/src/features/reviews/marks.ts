import { levelWords } from './compare';
import type { ReviewDetail } from '@/lib/api/types';
import type { Mark } from '@/lib/room.svelte';

/** The evidence of reviews as marks for the waveform and the words. */
export function marksOf(reviews: readonly ReviewDetail[], nameOf: (id: string) => string): Mark[] {
  return reviews.flatMap((review) =>
    review.scores.flatMap((score) => {
      const criterion = review.rubric.criteria.find((one) => one.id === score.criterion_id);
      if (!criterion) return [];
      const level = levelWords(criterion, score);
      return score.evidence.map((one): Mark => ({
        id: one.id,
        tone: 'evidence',
        startMs: one.start_ms,
        endMs: one.end_ms,
        label: `${criterion.title}: ${level}, ${nameOf(review.reviewer_id)}`,
      }));
    }),
  );
}
