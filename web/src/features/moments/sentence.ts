import type { CommentKind, MomentSort, Scale } from '@/lib/api/types';
import { daysWords } from '@/lib/days';
import { OUTCOME_WORDS } from '@/lib/deal';
import type { Filters } from './filters';

/** How to call what filters point at. */
export type Names = {
  person: (id: string) => string;
  team: (id: string) => string;
  criterion: (id: string) => string;
  scale: (criterion: string) => Scale | null;
};

/** One part of what is shown, and the filters without it. */
export type Part = {
  name: string;
  words: string;
  /** The same within a sentence: only names keep their capital letter. */
  inner: string;
  without: Partial<Filters>;
};

export const KIND_WORDS: Readonly<Record<CommentKind, string>> = {
  praise: 'Praise',
  improve: 'Improve',
  question: 'Question',
  note: 'Note',
};

export const SORT_WORDS: Readonly<Record<MomentSort, string>> = {
  newest: 'Newest first',
  highest: 'Highest score first',
  lowest: 'Lowest score first',
  discussed: 'Most discussed first',
};

/** A range of scores: `4 or more`, `2 or less`, `2 to 4`, `5`. */
export function levelWords(min: number | null, max: number | null, scale: Scale | null = '1-5'): string {
  const top = scale === '1-3' ? 3 : scale === 'yes_no' ? 1 : 5;
  if (scale === 'yes_no') {
    if ((min ?? 0) > 0) return 'Yes';
    return max === 0 ? 'No' : 'Any score';
  }
  const from = min ?? 1;
  const to = max ?? top;
  if (from <= 1 && to >= top) return 'Any score';
  if (from === to) return String(from);
  if (to >= top) return `${from} or more`;
  return from <= 1 ? `${to} or less` : `${from} to ${to}`;
}

/** What the filters say, part by part. */
export function parts(filters: Filters, names: Names, locale?: string): Part[] {
  const found: Part[] = [];
  const add = (name: string, words: string, without: Partial<Filters>) => {
    const inner = words.charAt(0).toLocaleLowerCase(locale) + words.slice(1);
    found.push({ name, words, inner, without });
  };
  const addName = (name: string, words: string, without: Partial<Filters>) =>
    found.push({ name, words, inner: words, without });
  const { criterion, min, max } = filters;
  if (criterion) addName('Criterion', names.criterion(criterion), { criterion: null, min: null, max: null });
  if (min !== null || max !== null) {
    const words = levelWords(min, max, criterion ? names.scale(criterion) : '1-5');
    add('Score', criterion ? words : `Scored ${words.toLocaleLowerCase(locale)}`, { min: null, max: null });
  }
  if (filters.kind) add('Comment', KIND_WORDS[filters.kind], { kind: null });
  if (filters.disputed) add('Disputed', 'Disputed', { disputed: false });
  if (filters.q) add('Words', `“${filters.q}”`, { q: null });
  if (filters.rep) addName('Rep', `${names.person(filters.rep)}’s calls`, { rep: null });
  if (filters.team) addName('Team', names.team(filters.team), { team: null });
  if (filters.by) add('By', `By ${names.person(filters.by)}`, { by: null });
  if (filters.tag) add('Tag', `#${filters.tag}`, { tag: null });
  if (filters.stage) add('Deal stage', `Deal at ${filters.stage}`, { stage: null });
  if (filters.outcome) add('Deal', OUTCOME_WORDS[filters.outcome], { outcome: null });
  const when = daysWords(filters, locale);
  if (when !== '') add('When', when, { days: null, from: null, to: null });
  return found;
}

/** The whole in one line: `Objection handling, 4 or more, Team East, last 30 days`. */
export function sentence(filters: Filters, names: Names, locale?: string): string {
  const [first, ...rest] = parts(filters, names, locale);
  return first ? [first.words, ...rest.map((part) => part.inner)].join(', ') : 'All moments';
}
