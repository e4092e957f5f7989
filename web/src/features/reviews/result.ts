import type { Criterion, ReviewResult, ResultLine } from '@/lib/api/types';

/** A share in thousandths as people read it: `58%`. */
export function percent(permille: number, locale?: string): string {
  return new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 }).format(
    permille / 1000,
  );
}

/** How a criterion goes into a result; `null` in a column that says nothing for it. */
export type Part = {
  criterionId: string;
  title: string;
  value: string | null;
  share: string | null;
  adds: string | null;
  /** Why it does not count, where it does not. */
  aside: string | null;
};

export type Explanation = { parts: Part[]; notes: string[] };

/** How a result comes about, in words and numbers. */
export function explain(
  result: ReviewResult,
  criteria: readonly Criterion[],
  notApplicable: (criterionId: string) => boolean,
  locale?: string,
): Explanation {
  const parts = result.lines.flatMap((line): Part[] => {
    const criterion = criteria.find((one) => one.id === line.criterion_id);
    return criterion ? [partOf(line, criterion, notApplicable(criterion.id), locale)] : [];
  });
  return { parts, notes: notesOn(result, criteria, parts, locale) };
}

function partOf(line: ResultLine, criterion: Criterion, notApplicable: boolean, locale?: string): Part {
  const show = (permille: number | null | undefined) => (permille == null ? null : percent(permille, locale));
  const counts = line.share_permille != null && line.weight > 0;
  return {
    criterionId: criterion.id,
    title: criterion.title,
    value: show(line.value_permille),
    share: counts ? show(line.share_permille) : null,
    adds: counts ? show(line.contribution_permille) : null,
    aside: notApplicable
      ? 'Does not apply'
      : line.value_permille == null
        ? 'Not scored yet'
        : counts
          ? null
          : 'Does not count',
  };
}

function notesOn(
  result: ReviewResult,
  criteria: readonly Criterion[],
  parts: readonly Part[],
  locale?: string,
): string[] {
  const notes: string[] = [];
  if (result.permille == null) notes.push('There is no result before something that counts has a level.');
  else if (!result.complete) notes.push('This is the result of what is scored so far.');
  if (parts.some((part) => part.aside === 'Does not apply') && result.permille != null) {
    notes.push('What does not apply hands its weight on to the others.');
  }
  for (const cap of result.caps) {
    const criterion = criteria.find((one) => one.id === cap.criterion_id);
    if (!criterion) continue;
    const level = criterion.levels.find((one) => one.value === cap.value)?.label ?? String(cap.value);
    const most = percent(cap.result_permille, locale);
    notes.push(`${criterion.title} is critical: with “${level}” the result is ${most} at most.`);
  }
  if (result.caps.length > 0 && result.uncapped_permille != null) {
    notes.push(`Without that it would be ${percent(result.uncapped_permille, locale)}.`);
  }
  return notes;
}
