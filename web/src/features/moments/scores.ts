import type { MomentScore, Scale } from '@/lib/api/types';

const LEVELS: Readonly<Record<Scale, readonly number[]>> = {
  '1-3': [1, 2, 3],
  '1-5': [1, 2, 3, 4, 5],
  yes_no: [0, 1],
};

export function levelsOf(scale: Scale): readonly number[] {
  return LEVELS[scale];
}

/** A score in words: `4 of 5`, `Yes`, `Not applicable`. */
export function scoreWords(scale: Scale | null | undefined, value: number | null | undefined): string {
  if (value == null || !scale) return 'Not applicable';
  if (scale === 'yes_no') return value > 0 ? 'Yes' : 'No';
  return `${value} of ${levelsOf(scale).at(-1)}`;
}

export type Mark = { reviewerId: string; value: number | null };
/** What reviewers gave for one criterion. */
export type Spread = { id: string; title: string; scale: Scale | null; marks: Mark[] };

/** The scores by criterion, in the order they come; a reviewer whose score rests on two places counts once. */
export function spreads(scores: readonly MomentScore[]): Spread[] {
  const found = new Map<string, Spread>();
  for (const score of scores) {
    const id = score.criterion_id;
    const known = found.get(id);
    const spread = known ?? { id, title: score.criterion_title, scale: score.scale ?? null, marks: [] };
    if (!known) found.set(id, spread);
    if (score.scale && !spread.scale) spread.scale = score.scale;
    if (spread.marks.some((mark) => mark.reviewerId === score.reviewer_id)) continue;
    spread.marks.push({ reviewerId: score.reviewer_id, value: score.value ?? null });
  }
  for (const spread of found.values()) spread.marks.sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
  return [...found.values()];
}

/** For screen readers: `Objection handling: Luis Meyer 4 of 5, Carla Jensen 2 of 5`. */
export function spreadWords(spread: Spread, name: (id: string) => string): string {
  const marks = spread.marks.map(
    (mark) => `${name(mark.reviewerId)} ${scoreWords(spread.scale, mark.value)}`,
  );
  return `${spread.title}: ${marks.join(', ')}`;
}
