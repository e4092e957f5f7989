import type { Criterion, ReviewDetail, Score } from '@/lib/api/types';
import { scoreOf } from './said';

/** What one review says about a criterion. */
export type Voice = {
  review: ReviewDetail;
  /** The criterion as the version of the rubric has it that the review was made with. */
  criterion: Criterion;
  score: Score | undefined;
  /** Its level as a share of the scale, in thousandths. */
  permille: number | null;
};

/** A criterion across reviews. */
export type Row = {
  criterion: Criterion;
  voices: Voice[];
  /** How far the levels lie apart, in thousandths of the scale; null where fewer than two have one. */
  gap: number | null;
  /** Whether some gave it a level and others say that it does not apply. */
  mixed: boolean;
};

/** Reviews made with the same rubric, whatever its version. */
export type Group = { rubricId: string; title: string; reviews: ReviewDetail[]; rows: Row[] };

/** The reviews by rubric, the criteria on which they differ most first. */
export function compare(reviews: readonly ReviewDetail[]): Group[] {
  const rubricIds = [...new Set(reviews.map((review) => review.rubric_id))];
  return rubricIds.flatMap((rubricId) => {
    const group = reviews.filter((review) => review.rubric_id === rubricId);
    const newest = group.toSorted((a, b) => b.rubric_version - a.rubric_version);
    const latest = newest[0];
    if (!latest) return [];
    return [{ rubricId, title: latest.rubric_title, reviews: group, rows: rowsOf(group, newest) }];
  });
}

/** Criteria in the order of the newest version, then those that only older ones have; then by difference. */
function rowsOf(reviews: readonly ReviewDetail[], newest: readonly ReviewDetail[]): Row[] {
  const criteria = new Map<string, Criterion>();
  for (const criterion of newest.flatMap((review) => review.rubric.criteria)) {
    if (!criteria.has(criterion.id)) criteria.set(criterion.id, criterion);
  }
  const rows = [...criteria.values()].map((criterion) => rowOf(criterion, reviews));
  return rows.toSorted((a, b) => weightOf(b) - weightOf(a));
}

function rowOf(criterion: Criterion, reviews: readonly ReviewDetail[]): Row {
  const voices = reviews.flatMap((review): Voice[] => {
    const own = review.rubric.criteria.find((one) => one.id === criterion.id);
    if (!own) return [];
    const score = scoreOf(review, criterion.id);
    return [{ review, criterion: own, score, permille: shareOf(own, score?.value ?? null) }];
  });
  const levels = voices.flatMap((voice) => (voice.permille === null ? [] : [voice.permille]));
  return {
    criterion,
    voices,
    gap: levels.length > 1 ? Math.max(...levels) - Math.min(...levels) : null,
    mixed: levels.length > 0 && voices.some((voice) => voice.score?.not_applicable),
  };
}

function shareOf(criterion: Criterion, value: number | null): number | null {
  const values = criterion.levels.map((level) => level.value);
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  if (value === null || highest <= lowest) return null;
  return Math.round(((value - lowest) * 1000) / (highest - lowest));
}

/** What to talk about first: large gaps, then whether it came up at all, then what nobody can differ on. */
function weightOf(row: Row): number {
  if (row.gap === null) return row.mixed ? 1 : -1;
  return row.gap * 2 + (row.mixed ? 1 : 0);
}

/** How far apart a row's reviews are, in words; empty where there is nothing to compare. */
export function gapWords(row: Row): string {
  if (row.gap === null) return row.mixed ? 'Does it apply?' : '';
  if (row.gap === 0) return row.mixed ? 'Does it apply?' : 'Agreed';
  const scales = new Set(row.voices.map((voice) => voice.criterion.scale));
  if (scales.size > 1) return 'They differ';
  const steps = Math.round((row.gap * (row.criterion.levels.length - 1)) / 1000);
  return steps === 1 ? '1 level apart' : `${steps} levels apart`;
}

/** What a voice says, short: `4 Strong`, `Yes`, `Not applicable`. */
export function levelWords(
  criterion: Criterion,
  said: { value?: number | null; not_applicable?: boolean },
): string {
  if (said.not_applicable) return 'Not applicable';
  const level = criterion.levels.find((one) => one.value === said.value);
  if (!level) return 'Not scored';
  return criterion.scale === 'yes_no' ? level.label : `${level.value} ${level.label}`;
}
