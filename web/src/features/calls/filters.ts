/**
 * The filters of the list of calls. They live in the address, in words that can be read and shared
 * (`?owner=user_1&talk=40-60`), and become the parameters of the API here.
 */
import { CONSENTS } from './consent';
import type { paths } from '@/lib/api/types';
import { readRange, type Range } from './ranges';

export type CallQuery = NonNullable<paths['/api/v1/calls']['get']['parameters']['query']>;

type Choices = readonly (readonly [value: string, words: string])[];

export type FilterKind =
  | { kind: 'choice'; choices: Choices }
  | { kind: 'person' | 'team' | 'dates' }
  | { kind: 'text'; placeholder: string; suggest?: 'tags' | 'stages' }
  | { kind: 'range'; unit: string; factor: number; max?: number };

export type FilterDef = FilterKind & { label: string; words: (value: string) => string };

const STATES: Choices = [
  ['ready', 'Ready'],
  ['processing', 'Working'],
  ['queued', 'Waiting'],
  ['uploading', 'Uploading'],
  ['failed', 'Needs a look'],
  ['cancelled', 'Stopped'],
];
const OUTCOMES: Choices = [
  ['open', 'Open'],
  ['won', 'Won'],
  ['lost', 'Lost'],
];
const SEEN_BY: Choices = [
  ['private', 'Invited people only'],
  ['team', 'Its team'],
  ['org', 'Everyone here'],
];
const COMMENTS: Choices = [
  ['yes', 'With comments'],
  ['no', 'Without comments'],
];
const KEPT: Choices = [
  ['yes', 'Held'],
  ['no', 'Not held'],
];
const SHARED: Choices = [['me', 'Calls I am invited to']];

const chosen = (choices: Choices, value: string) => choices.find(([one]) => one === value)?.[1] ?? value;
const labelled = (label: string) => (value: string) => `${label}: ${value}`;

/** In the order in which they are offered. */
export const FILTERS = {
  owner: { kind: 'person', label: 'Owner', words: labelled('Owner') },
  team: { kind: 'team', label: 'Team', words: labelled('Team') },
  tag: {
    kind: 'text',
    label: 'Tag',
    placeholder: 'pricing',
    suggest: 'tags',
    words: labelled('Tag'),
  },
  state: {
    kind: 'choice',
    label: 'State',
    choices: STATES,
    words: (value) => `State: ${chosen(STATES, value)}`,
  },
  comments: {
    kind: 'choice',
    label: 'Comments',
    choices: COMMENTS,
    words: (value) => chosen(COMMENTS, value),
  },
  stage: {
    kind: 'text',
    label: 'Deal stage',
    placeholder: 'Negotiation',
    suggest: 'stages',
    words: labelled('Deal stage'),
  },
  outcome: {
    kind: 'choice',
    label: 'Deal outcome',
    choices: OUTCOMES,
    words: (value) => `Deal: ${chosen(OUTCOMES, value)}`,
  },
  deal: { kind: 'text', label: 'Deal name', placeholder: 'Acme renewal', words: labelled('Deal') },
  with: { kind: 'text', label: 'Participant', placeholder: 'Dana', words: labelled('With') },
  held: { kind: 'dates', label: 'Took place', words: (value) => `Took place ${dateWords(value)}` },
  uploaded: { kind: 'dates', label: 'Uploaded', words: (value) => `Uploaded ${dateWords(value)}` },
  length: {
    kind: 'range',
    label: 'Length',
    unit: 'min',
    factor: 60_000,
    words: (value) => `Length: ${rangeWords(value, 'min')}`,
  },
  talk: {
    kind: 'range',
    label: 'Rep’s share of talking',
    unit: '%',
    factor: 10,
    max: 100,
    words: (value) => `Rep talks ${rangeWords(value, '%')}`,
  },
  monologue: {
    kind: 'range',
    label: 'Rep’s longest turn',
    unit: 's',
    factor: 1000,
    words: (value) => `Longest turn: ${rangeWords(value, 's')}`,
  },
  questions: {
    kind: 'range',
    label: 'Rep’s questions',
    unit: 'questions',
    factor: 1,
    words: (value) => `Rep asks ${rangeWords(value, 'questions')}`,
  },
  seen: {
    kind: 'choice',
    label: 'Who sees it',
    choices: SEEN_BY,
    words: (value) => `Seen by: ${chosen(SEEN_BY, value)}`,
  },
  shared: {
    kind: 'choice',
    label: 'Shared with me',
    choices: SHARED,
    words: (value) => chosen(SHARED, value),
  },
  consent: {
    kind: 'choice',
    label: 'Consent',
    choices: CONSENTS,
    words: (value) => `Consent: ${chosen(CONSENTS, value)}`,
  },
  kept: { kind: 'choice', label: 'Held', choices: KEPT, words: (value) => chosen(KEPT, value) },
  language: { kind: 'text', label: 'Language', placeholder: 'en', words: labelled('Language') },
} as const satisfies Record<string, FilterDef>;

export type FilterName = keyof typeof FILTERS;
export type Filters = Partial<Record<FilterName | 'q', string>>;

export const FILTER_NAMES = Object.keys(FILTERS) as FilterName[];

export const defOf = (name: FilterName): FilterDef => FILTERS[name];

/** The filters that an address holds; what cannot be read is left out. */
export function readFilters(query: URLSearchParams): Filters {
  const filters: Filters = {};
  const text = query.get('q')?.trim();
  if (text) filters.q = text;
  for (const name of FILTER_NAMES) {
    const value = query.get(name)?.trim();
    if (value && isFit(defOf(name), value)) filters[name] = value;
  }
  return filters;
}

function isFit(def: FilterDef, value: string): boolean {
  if (def.kind === 'choice') return def.choices.some(([one]) => one === value);
  if (def.kind === 'range') return readRange(value) !== null;
  if (def.kind === 'dates') return readDates(value) !== null;
  return true;
}

/** The address's query with these filters in place of those it has; all else in it stays. */
export function writeFilters(query: URLSearchParams, filters: Filters): URLSearchParams {
  const next = new URLSearchParams(query);
  for (const name of ['q', ...FILTER_NAMES] as const) {
    const value = filters[name]?.trim();
    if (value) next.set(name, value);
    else next.delete(name);
  }
  return next;
}

/** What to ask the server for. */
export function toApi(filters: Filters): CallQuery {
  const ask: CallQuery = {};
  if (filters.q) ask.q = filters.q;
  if (filters.owner) ask.owner = filters.owner;
  if (filters.team) ask.team = filters.team;
  if (filters.tag) ask.tag = filters.tag;
  if (filters.stage) ask.deal_stage = filters.stage;
  if (filters.deal) ask.deal_name = filters.deal;
  if (filters.with) ask.participant = filters.with;
  if (filters.language) ask.language = filters.language.toLowerCase();
  if (filters.state) ask.state = filters.state as NonNullable<CallQuery['state']>;
  if (filters.outcome) ask.deal_outcome = filters.outcome as NonNullable<CallQuery['deal_outcome']>;
  if (filters.seen) ask.visibility = filters.seen as NonNullable<CallQuery['visibility']>;
  if (filters.comments) ask.has_comments = filters.comments === 'yes';
  if (filters.consent) ask.consent = filters.consent as NonNullable<CallQuery['consent']>;
  if (filters.kept) ask.held = filters.kept === 'yes';
  if (filters.shared) ask.shared_with_me = true;
  const figures = [
    ['length', 'min_duration_ms', 'max_duration_ms'],
    ['talk', 'min_rep_talk_permille', 'max_rep_talk_permille'],
    ['monologue', 'min_rep_longest_monologue_ms', 'max_rep_longest_monologue_ms'],
    ['questions', 'min_rep_question_count', 'max_rep_question_count'],
  ] as const;
  for (const [name, min, max] of figures) {
    const range = readRange(filters[name] ?? '');
    if (range?.min != null) ask[min] = Math.round(range.min * FILTERS[name].factor);
    if (range?.max != null) ask[max] = Math.round(range.max * FILTERS[name].factor);
  }
  const held = readDates(filters.held ?? '');
  if (held?.min != null) ask.occurred_from = held.min;
  if (held?.max != null) ask.occurred_until = held.max;
  const uploaded = readDates(filters.uploaded ?? '');
  if (uploaded?.min != null) ask.created_from = uploaded.min;
  if (uploaded?.max != null) ask.created_until = uploaded.max;
  return ask;
}

export function rangeWords(value: string, unit: string): string {
  const range = readRange(value);
  if (!range) return value;
  if (range.min === null) return `${range.max} ${unit} at most`;
  if (range.max === null) return `${range.min} ${unit} or more`;
  return range.min === range.max ? `${range.min} ${unit}` : `${range.min} to ${range.max} ${unit}`;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** `2026-11-01..2026-11-30` as instants: from the start of the first day to the end of the last, here. */
export function readDates(value: string): Range | null {
  const [from = '', until = '', ...rest] = value.split('..');
  if (rest.length > 0 || !value.includes('..') || (from === '' && until === '')) return null;
  const min = from === '' ? null : startOfDay(from, 0);
  const max = until === '' ? null : startOfDay(until, 1);
  return Number.isNaN(min) || Number.isNaN(max) ? null : { min, max };
}

function startOfDay(day: string, later: number): number {
  if (!DAY.test(day)) return NaN;
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const at = new Date(year, month - 1, date + later);
  const named = new Date(year, month - 1, date);
  return named.getMonth() === month - 1 && named.getDate() === date ? at.getTime() : NaN;
}

function dateWords(value: string): string {
  const dates = readDates(value);
  if (!dates) return value;
  const words = (ms: number) =>
    new Date(ms).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
  const { min, max } = dates;
  if (min === null) return `until ${words((max ?? 0) - 1)}`;
  if (max === null) return `since ${words(min)}`;
  const [first, last] = [words(min), words(max - 1)];
  return first === last ? `on ${first}` : `${first} to ${last}`;
}
