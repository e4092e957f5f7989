import type { CommentKind, DealOutcome, MomentSort, Scale } from '@/lib/api/types';
import { daysSpan, readDays, writeDays, type Days } from '@/lib/days';
import { readOutcome } from '@/lib/deal';
import { hasWords } from '@/lib/searchText';
import { levelsOf } from './scores';

/** Which moments are shown. All of it stands in the address, so that a link shows the same. */
export type Filters = Days & {
  criterion: string | null;
  /** Levels of the criterion's scale; of 1 to 5 where no criterion is chosen. */
  min: number | null;
  max: number | null;
  kind: CommentKind | null;
  rep: string | null;
  team: string | null;
  /** Who wrote the comment or gave the score. */
  by: string | null;
  tag: string | null;
  stage: string | null;
  outcome: DealOutcome | null;
  q: string | null;
  disputed: boolean;
  sort: MomentSort;
};

export const NO_FILTERS: Filters = {
  criterion: null,
  min: null,
  max: null,
  kind: null,
  rep: null,
  team: null,
  by: null,
  tag: null,
  stage: null,
  outcome: null,
  days: null,
  from: null,
  to: null,
  q: null,
  disputed: false,
  sort: 'newest',
};

/** No filters, in the order that was chosen. */
export const cleared = ({ sort }: Filters): Filters => ({ ...NO_FILTERS, sort });

export const KINDS: readonly CommentKind[] = ['praise', 'improve', 'question', 'note'];
export const SORTS: readonly MomentSort[] = ['newest', 'highest', 'lowest', 'discussed'];

const TEXTS = ['criterion', 'rep', 'team', 'by', 'tag', 'stage', 'q'] as const;
const NUMBERS = ['min', 'max'] as const;

/** The filters that an address asks for; what it says wrongly is as if it were not there. */
export function readFilters(query: URLSearchParams): Filters {
  const filters: Filters = { ...NO_FILTERS, ...readDays(query) };
  for (const name of TEXTS) filters[name] = query.get(name)?.trim() || null;
  for (const name of NUMBERS) filters[name] = readNumber(query.get(name));
  if (filters.min !== null && filters.max !== null && filters.min > filters.max) filters.max = null;
  filters.kind = KINDS.find((kind) => kind === query.get('kind')) ?? null;
  filters.outcome = readOutcome(query.get('outcome'));
  filters.disputed = query.get('disputed') === '1';
  filters.sort = SORTS.find((sort) => sort === query.get('sort')) ?? 'newest';
  return filters;
}

function readNumber(text: string | null): number | null {
  return text !== null && /^\d{1,4}$/.test(text) ? Number(text) : null;
}

/** The address of filters: only what differs from showing everything, always in the same order. */
export function writeFilters(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of ['criterion', 'min', 'max', 'kind', 'rep', 'team', 'by', 'tag', 'stage'] as const) {
    const value = filters[name];
    if (value !== null) query.set(name, String(value));
  }
  if (filters.outcome !== null) query.set('outcome', filters.outcome);
  writeDays(filters, query);
  if (filters.q !== null) query.set('q', filters.q);
  if (filters.disputed) query.set('disputed', '1');
  if (filters.sort !== 'newest') query.set('sort', filters.sort);
  return query;
}

/** Whether anything is left out of the list; its order does not count. */
export function isFiltered(filters: Filters): boolean {
  return writeFilters({ ...filters, sort: 'newest' }).size > 0;
}

/** The filters with another criterion: levels that its scale lacks mean nothing there. */
export function withCriterion(filters: Filters, criterion: string | null, scale: Scale | null): Filters {
  const levels = levelsOf(scale ?? '1-5');
  const fits = (level: number | null) => level === null || levels.includes(level);
  const keep = fits(filters.min) && fits(filters.max) && scale !== 'yes_no';
  return { ...filters, criterion, ...(!keep && { min: null, max: null }) };
}

/** What the API is asked for; times are whole days, so that the same filters ask the same until midnight. */
export function toRequest(filters: Filters, nowMs: number) {
  const { criterion, min, max, kind, rep, team, by, tag, stage, outcome, q, disputed, sort } = filters;
  const level = (value: number) => (criterion === null ? Math.min(4, Math.max(0, value - 1)) * 250 : value);
  return {
    sort,
    ...(criterion !== null && { criterion }),
    ...(min !== null && { min_score: level(min) }),
    ...(max !== null && { max_score: level(max) }),
    ...(kind !== null && { kind }),
    ...(rep !== null && { rep }),
    ...(team !== null && { team }),
    ...(by !== null && { author: by }),
    ...(tag !== null && { tag }),
    ...(stage !== null && { deal_stage: stage }),
    ...(outcome !== null && { deal_outcome: outcome }),
    // Punctuation alone finds nothing: the server would refuse it.
    ...(q !== null && hasWords(q) && { q }),
    ...(disputed && { disputed }),
    ...daysSpan(filters, nowMs),
  };
}

export type MomentRequest = ReturnType<typeof toRequest>;
