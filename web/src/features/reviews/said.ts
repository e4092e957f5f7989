import type { Criterion, MissingKind, ReviewDetail, Score } from '@/lib/api/types';

/** What somebody says about a criterion, its evidence aside. */
export type Said = { value: number | null; notApplicable: boolean; note: string };

export const NOTHING: Said = { value: null, notApplicable: false, note: '' };

export function saidOf(score: Score | undefined): Said {
  if (!score) return NOTHING;
  return { value: score.value ?? null, notApplicable: score.not_applicable, note: score.note };
}

export function scoreOf(review: ReviewDetail, criterionId: string): Score | undefined {
  return review.scores.find((score) => score.criterion_id === criterionId);
}

export function isRated(said: Said): boolean {
  return said.value !== null || said.notApplicable;
}

/** What submitting still lacks. */
export type Lack = { criterionId: string; title: string; what: MissingKind };

/** What is still missing, in the order of the rubric; the server's own rule, so that it shows at once. */
export function lacks(
  criteria: readonly Criterion[],
  said: (criterionId: string) => Said,
  places: (criterionId: string) => number,
): Lack[] {
  return criteria.flatMap((criterion): Lack[] => {
    const one = said(criterion.id);
    const lack = (what: MissingKind) => [{ criterionId: criterion.id, title: criterion.title, what }];
    if (!isRated(one)) return lack('score');
    const bare = criterion.evidence_required && !one.notApplicable && places(criterion.id) === 0;
    return bare ? lack('evidence') : [];
  });
}

export const LACK_WORDS: Readonly<Record<MissingKind, string>> = {
  score: 'Choose a level, or “Not applicable”',
  evidence: 'Add a place in the call that shows it',
};

export function doneWords(done: number, all: number): string {
  return done === all ? 'All done' : `${done} of ${all} done`;
}
