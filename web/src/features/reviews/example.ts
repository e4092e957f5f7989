import type { Criterion, ReviewDetail, Score } from '@/lib/api/types';

/** Small stand-ins for tests. */

export function criterion(id: string, more: Partial<Criterion> = {}): Criterion {
  return {
    id,
    title: id.toUpperCase(),
    guidance: '',
    scale: '1-5',
    levels: [1, 2, 3, 4, 5].map((value) => ({ value, label: `L${value}`, description: '' })),
    weight: 1,
    cap: null,
    evidence_required: true,
    ...more,
  };
}

/** A score: a level, or 'n/a'. */
export function score(criterionId: string, what: number | 'n/a'): Score {
  const notApplicable = what === 'n/a';
  return {
    criterion_id: criterionId,
    value: notApplicable ? null : what,
    not_applicable: notApplicable,
    note: '',
    evidence: [],
    updated_at: 0,
  };
}

export function review(id: string, criteria: Criterion[], scores: Score[], version = 1): ReviewDetail {
  return {
    id: `review_${id}`,
    call_id: 'call',
    call_title: 'Call',
    call_owner_id: 'owner',
    reviewer_id: `user_${id}`,
    rubric_id: 'rubric',
    rubric_version: version,
    rubric_title: 'Rubric',
    state: 'submitted',
    summary: '',
    version: 1,
    created_at: 0,
    rubric: { rubric_id: 'rubric', version, title: 'Rubric', criteria, published_at: 0 },
    scores,
    result: { caps: [], complete: true, lines: [] },
    missing: null,
    history: null,
  };
}
