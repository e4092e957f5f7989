import type { Cap, Criterion, Level, RubricDraft, Scale } from '@/lib/api/types';

/** A criterion while it is being written. `key` names it here; `id` is the server's, once it has one. */
export type Line = Omit<Criterion, 'id' | 'cap'> & { key: string; id: string | null; cap: Cap | null };

export const LIMITS = {
  criteria: 30,
  title: 120,
  guidance: 4000,
  label: 60,
  description: 2000,
  weight: 1000,
} as const;

export const SCALES: readonly { scale: Scale; name: string }[] = [
  { scale: '1-5', name: '1 to 5' },
  { scale: '1-3', name: '1 to 3' },
  { scale: 'yes_no', name: 'Yes or no' },
];

const LABELS: Readonly<Record<Scale, readonly string[]>> = {
  '1-5': ['Missed', 'Emerging', 'Sound', 'Strong', 'Exemplary'],
  '1-3': ['Not yet', 'Sound', 'Strong'],
  yes_no: ['No', 'Yes'],
};

const lowest = (scale: Scale) => (scale === 'yes_no' ? 0 : 1);

export function levelsOf(scale: Scale): Level[] {
  return LABELS[scale].map((label, index) => ({ value: lowest(scale) + index, label, description: '' }));
}

export function newLine(key: string): Line {
  return {
    key,
    id: null,
    title: '',
    guidance: '',
    scale: '1-5',
    levels: levelsOf('1-5'),
    weight: 20,
    cap: null,
    evidence_required: true,
  };
}

export function linesOf(criteria: readonly Criterion[]): Line[] {
  return criteria.map((criterion) => ({ ...criterion, cap: criterion.cap ?? null, key: criterion.id }));
}

/** What the server gets. Criteria without an id become new ones there. */
export function draftOf(lines: readonly Line[]): RubricDraft {
  return {
    criteria: lines.map((line) => ({
      ...(line.id !== null && { id: line.id }),
      title: line.title,
      guidance: line.guidance,
      scale: line.scale,
      levels: line.levels,
      weight: line.weight,
      cap: line.cap,
      evidence_required: line.evidence_required,
    })),
  };
}

/** Criteria to begin another rubric with: the same words, as new ones. */
export function copyOf(criteria: readonly Criterion[]): RubricDraft {
  return draftOf(linesOf(criteria).map((line) => ({ ...line, id: null })));
}

/** What reviewers would see of it. */
export function criteriaOf(lines: readonly Line[]): Criterion[] {
  return lines.map(({ key, id, ...line }) => ({ ...line, id: id ?? key }));
}

/** Takes over the ids that the server gave to the lines that were sent to it. */
export function withIds(
  lines: readonly Line[],
  sent: readonly Line[],
  answered: readonly Criterion[],
): Line[] {
  const ids = new Map(sent.map((line, index) => [line.key, answered[index]?.id ?? null]));
  return lines.map((line) => (line.id === null ? { ...line, id: ids.get(line.key) ?? null } : line));
}

export function moved(lines: readonly Line[], key: string, by: number): Line[] {
  const from = lines.findIndex((line) => line.key === key);
  const to = from + by;
  const line = lines[from];
  if (!line || to < 0 || to >= lines.length) return [...lines];
  return lines.toSpliced(from, 1).toSpliced(to, 0, line);
}

export function changed(lines: readonly Line[], key: string, changes: Partial<Line>): Line[] {
  return lines.map((line) => (line.key === key ? { ...line, ...changes } : line));
}

/** Another scale: levels keep their words where the new scale has them, and a cap that it lacks goes. */
export function withScale(line: Line, scale: Scale): Partial<Line> {
  if (scale === line.scale) return {};
  const levels = levelsOf(scale).map((level) => {
    const old = line.levels.find((one) => one.value === level.value);
    const own =
      old && old.label !== LABELS[line.scale][old.value - lowest(line.scale)] ? old.label : level.label;
    return { ...level, label: own, description: old?.description ?? '' };
  });
  const highest = levels.at(-1)?.value ?? 0;
  const cap =
    line.cap && line.cap.at_or_below < highest && line.cap.at_or_below >= lowest(scale) ? line.cap : null;
  return { scale, levels, cap };
}

export function withLevel(line: Line, value: number, changes: Partial<Level>): Partial<Line> {
  return { levels: line.levels.map((level) => (level.value === value ? { ...level, ...changes } : level)) };
}

/** A cap to begin with: the lowest level halves the result. */
export function newCap(line: Line): Cap {
  return { at_or_below: lowest(line.scale), result_permille: 500 };
}

/** What a criterion counts of the whole, in thousandths; null where nothing counts. */
export function shareOf(lines: readonly Line[], line: Line): number | null {
  const whole = lines.reduce((sum, one) => sum + one.weight, 0);
  return whole > 0 ? Math.round((line.weight * 1000) / whole) : null;
}
