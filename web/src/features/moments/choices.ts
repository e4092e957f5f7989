import type { Scale } from '@/lib/api/types';
import type { Option, OptionGroup } from '@/ui/FilterSelect.svelte';
import type { CriterionChoice } from './api';
import type { Filters } from './filters';

/** Criteria to choose from, under their rubrics where there are several. */
export function criterionOptions(criteria: readonly CriterionChoice[]): (Option | OptionGroup)[] {
  const groups = new Map<string, OptionGroup>();
  for (const { id, title, rubric } of criteria) {
    const group = groups.get(rubric) ?? { label: rubric, options: [] };
    group.options.push({ value: id, label: title });
    groups.set(rubric, group);
  }
  const [first, ...others] = [...groups.values()];
  return first && others.length === 0 ? first.options : [...groups.values()];
}

export type ScoreRange = readonly [min: number | null, max: number | null];

const RANGES: Readonly<Record<Scale, readonly ScoreRange[]>> = {
  '1-5': [
    [5, null],
    [4, null],
    [3, null],
    [2, 4],
    [null, 3],
    [null, 2],
    [null, 1],
  ],
  '1-3': [
    [3, null],
    [2, null],
    [null, 2],
    [null, 1],
  ],
  yes_no: [
    [1, null],
    [null, 0],
  ],
};

/** The ranges that are offered, and the one that the address asks for. */
export function scoreRanges(scale: Scale, { min, max }: Pick<Filters, 'min' | 'max'>): readonly ScoreRange[] {
  const offered = RANGES[scale];
  const listed = offered.some((range) => range[0] === min && range[1] === max);
  return listed || (min === null && max === null) ? offered : [...offered, [min, max]];
}
