/** What of the log is shown, as the address holds it. */
export type AuditFilter = {
  actor: string | null;
  action: string | null;
  target: string | null;
  /** Days, as `2026-11-22`; both are part of what is shown. */
  from: string | null;
  until: string | null;
};

const PATTERNS = {
  actor: /^user_\w{26}$/,
  action: /^[a-z]+\.[a-z]+$/,
  target: /^[\w-]{1,100}$/,
  from: /^\d{4}-\d{2}-\d{2}$/,
  until: /^\d{4}-\d{2}-\d{2}$/,
} as const;
const NAMES = ['actor', 'action', 'target', 'from', 'until'] as const;

/** The filter in an address; what the server would refuse is left out. */
export function readFilter(query: URLSearchParams): AuditFilter {
  const read = (name: keyof AuditFilter) => {
    const text = query.get(name);
    return text !== null && PATTERNS[name].test(text) ? text : null;
  };
  return {
    actor: read('actor'),
    action: read('action'),
    target: read('target'),
    from: read('from'),
    until: read('until'),
  };
}

/** The filter as an address holds it. */
export function filterQuery(filter: AuditFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    const value = filter[name];
    if (value) query.set(name, value);
  }
  return query;
}

export function isFiltered(filter: AuditFilter): boolean {
  return NAMES.some((name) => filter[name] !== null);
}

/** The filter as the server takes it: days begin and end where the reader lives. */
export function filterParams(filter: AuditFilter) {
  const from = filter.from && dayStart(filter.from, 0);
  const until = filter.until && dayStart(filter.until, 1);
  return {
    ...(filter.actor && { actor: filter.actor }),
    ...(filter.action && { action: filter.action }),
    ...(filter.target && { target: filter.target }),
    ...(from !== null && from !== '' && { from }),
    ...(until !== null && until !== '' && { until }),
  };
}

function dayStart(day: string, plusDays: number): number | null {
  const [year = NaN, month = NaN, date = NaN] = day.split('-').map(Number);
  const ms = new Date(year, month - 1, date + plusDays).getTime();
  return Number.isFinite(ms) ? ms : null;
}
