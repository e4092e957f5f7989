import type { DealOutcome, SearchHit, SearchKind, SpeakerRole } from '@/lib/api/types';
import { daysSpan, readDays, writeDays, type Days } from '@/lib/days';
import { readOutcome } from '@/lib/deal';

/** What is searched for, and where. All of it stands in the address. */
export type Filters = Days & {
  q: string;
  kind: SearchKind | null;
  role: SpeakerRole | null;
  rep: string | null;
  team: string | null;
  tag: string | null;
  outcome: DealOutcome | null;
};

export const KINDS: readonly SearchKind[] = ['segment', 'comment', 'title'];
export const ROLES: readonly SpeakerRole[] = ['customer', 'rep', 'other'];

export function readFilters(query: URLSearchParams): Filters {
  const text = (name: string) => query.get(name)?.trim() || null;
  return {
    ...readDays(query),
    q: text('q') ?? '',
    kind: KINDS.find((kind) => kind === query.get('kind')) ?? null,
    role: ROLES.find((role) => role === query.get('role')) ?? null,
    rep: text('rep'),
    team: text('team'),
    tag: text('tag'),
    outcome: readOutcome(query.get('outcome')),
  };
}

export function writeFilters(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of ['q', 'kind', 'role', 'rep', 'team', 'tag', 'outcome'] as const) {
    const value = filters[name];
    if (value) query.set(name, value);
  }
  writeDays(filters, query);
  return query;
}

/** How many filters there are beside the words. */
export function countFilters(filters: Filters): number {
  const { kind, role, rep, team, tag, outcome, days, from, to } = filters;
  const dates = days !== null || from !== null || to !== null;
  return [kind, role, rep, team, tag, outcome].filter((value) => value !== null).length + (dates ? 1 : 0);
}

export function toRequest(filters: Filters, nowMs: number) {
  const { q, kind, role, rep, team, tag, outcome } = filters;
  return {
    q,
    ...(kind !== null && { kind }),
    ...(role !== null && { role }),
    ...(rep !== null && { rep }),
    ...(team !== null && { team }),
    ...(tag !== null && { tag }),
    ...(outcome !== null && { deal_outcome: outcome }),
    ...daysSpan(filters, nowMs),
  };
}

export type SearchRequest = ReturnType<typeof toRequest>;

export type FoundInCall = { call: SearchHit['call']; title: SearchHit | null; hits: SearchHit[] };

/** What was found, call by call, in the order it came; each thing once. */
export function byCall(hits: readonly SearchHit[]): FoundInCall[] {
  const found = new Map<string, FoundInCall>();
  for (const hit of hits) {
    const group = found.get(hit.call.id) ?? { call: hit.call, title: null, hits: [] };
    found.set(hit.call.id, group);
    if (hit.kind === 'title') group.title = hit;
    else if (!group.hits.some((known) => known.id === hit.id && known.start_ms === hit.start_ms))
      group.hits.push(hit);
  }
  return [...found.values()];
}
