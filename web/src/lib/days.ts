/** Stretches of whole days, in the reader's time zone: the last so many, or from one date to another. */
export type Days = {
  days: number | null;
  /** As `2026-11-22`. */
  from: string | null;
  to: string | null;
};

export const LAST_DAYS = [7, 30, 90, 365] as const;

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** The days that an address names; dates win over the last so many. */
export function readDays(query: URLSearchParams): Days {
  const from = readDate(query.get('from'));
  const to = readDate(query.get('to'));
  const text = query.get('days') ?? '';
  const days = /^[1-9]\d{0,3}$/.test(text) && !from && !to ? Number(text) : null;
  return { days, from, to };
}

export function writeDays({ days, from, to }: Days, query: URLSearchParams): void {
  if (days !== null) query.set('days', String(days));
  if (from !== null) query.set('from', from);
  if (to !== null) query.set('to', to);
}

function readDate(text: string | null): string | null {
  return text !== null && DATE.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;
}

/** The instants they mean. Whole days, so that the same words mean the same until midnight. */
export function daysSpan({ days, from, to }: Days, nowMs: number): { from?: number; until?: number } {
  if (days !== null) {
    const now = new Date(nowMs);
    return { from: new Date(now.getFullYear(), now.getMonth(), now.getDate() - days).getTime() };
  }
  return {
    ...(from !== null && { from: dayStart(from) }),
    ...(to !== null && { until: dayStart(to, 1) }),
  };
}

/** The first instant of a day here, or of one some days later. */
function dayStart(day: string, plusDays = 0): number {
  const [year = 1970, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(year, month - 1, date + plusDays).getTime();
}

export function lastDaysWords(days: number): string {
  if (days === 365) return 'Last year';
  return days === 1 ? 'Last day' : `Last ${days} days`;
}

/** `Last 30 days`, `Since 3 Nov 2026`, `3–7 Nov 2026`; nothing for any time. */
export function daysWords({ days, from, to }: Days, locale?: string): string {
  if (days !== null) return lastDaysWords(days);
  const format = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' });
  if (from && to) return format.formatRange(dayStart(from), Math.max(dayStart(from), dayStart(to)));
  if (from) return `Since ${format.format(dayStart(from))}`;
  return to ? `Until ${format.format(dayStart(to))}` : '';
}
