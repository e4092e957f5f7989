import { LIMITS, type Line } from './edit';

/** What keeps a criterion from being published, by field; levels by their value. */
export type LineFlaws = { title?: string; weight?: string; labels: Set<number>; descriptions: Set<number> };

export type Flaws = { whole: string[]; lines: Map<string, LineFlaws> };

/** What keeps a draft from being published; the server's own rules, so that it shows beside the fields. */
export function check(lines: readonly Line[]): Flaws {
  const whole: string[] = [];
  if (lines.length === 0) whole.push('Add at least one criterion.');
  else if (lines.every((line) => line.weight === 0)) {
    whole.push('Give at least one criterion a weight, or there is no result.');
  }
  const found = new Map<string, LineFlaws>();
  for (const line of lines) {
    const flaws = checkLine(line);
    if (flaws) found.set(line.key, flaws);
  }
  return { whole, lines: found };
}

function checkLine(line: Line): LineFlaws | null {
  const empty = (text: string) => text.trim() === '';
  const valuesOf = (field: 'label' | 'description') =>
    new Set(line.levels.filter((level) => empty(level[field])).map((level) => level.value));
  const badWeight = !Number.isInteger(line.weight) || line.weight < 0 || line.weight > LIMITS.weight;
  const flaws: LineFlaws = {
    ...(empty(line.title) && { title: 'Give it a name.' }),
    ...(badWeight && { weight: `A whole number from 0 to ${LIMITS.weight}.` }),
    labels: valuesOf('label'),
    descriptions: valuesOf('description'),
  };
  const clean = !flaws.title && !flaws.weight && flaws.labels.size === 0 && flaws.descriptions.size === 0;
  return clean ? null : flaws;
}

export function countFlaws(flaws: Flaws): number {
  const inLine = (one: LineFlaws) =>
    (one.title ? 1 : 0) + (one.weight ? 1 : 0) + one.labels.size + one.descriptions.size;
  return flaws.whole.length + [...flaws.lines.values()].reduce((sum, one) => sum + inLine(one), 0);
}
