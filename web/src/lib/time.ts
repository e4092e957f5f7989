/** Times as people read them. All inputs are milliseconds. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A position in a recording: `04:12`, or `1:04:12` from an hour on. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.floor((Number.isFinite(ms) ? ms : 0) / SECOND));
  const pad = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** The same for a screen reader: `4 minutes 12 seconds`. */
export function spokenClock(ms: number): string {
  const seconds = Math.max(0, Math.floor((Number.isFinite(ms) ? ms : 0) / SECOND));
  const parts = [
    plural(Math.floor(seconds / 3600), 'hour'),
    plural(Math.floor(seconds / 60) % 60, 'minute'),
    plural(seconds % 60, 'second'),
  ].filter((part) => !part.startsWith('0 '));
  return parts.length > 0 ? parts.join(' ') : '0 seconds';
}

/** A length: `48 s`, `31 min`, `1 h 04 min`. */
export function formatLength(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.round(ms / SECOND))} s`;
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Time left, rounded up so that it never promises too much: `20 s left`, `3 min left`. */
export function formatLeft(ms: number): string {
  if (ms < 10 * SECOND) return 'a few seconds left';
  if (ms < MINUTE) return `${Math.ceil(ms / (10 * SECOND)) * 10} s left`;
  const minutes = Math.ceil(ms / MINUTE);
  if (minutes < 60) return `${minutes} min left`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min left`;
}

const FORMS = {
  time: { hour: '2-digit', minute: '2-digit' },
  day: { day: 'numeric', month: 'short' },
  year: { day: 'numeric', month: 'short', year: 'numeric' },
  full: { dateStyle: 'medium', timeStyle: 'short' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than drawing the comment that it is for. */
function formatter(form: keyof typeof FORMS, locale: string | undefined): Intl.DateTimeFormat {
  const key = `${form} ${locale ?? ''}`;
  const known = formatters.get(key) ?? new Intl.DateTimeFormat(locale, FORMS[form]);
  formatters.set(key, known);
  return known;
}

/** When something was, short: `just now`, `12 min ago`, `14:05`, `12 Nov`, `12 Nov 2024`. */
export function formatWhen(atMs: number, nowMs: number, locale?: string): string {
  const ago = nowMs - atMs;
  if (ago >= 0 && ago < MINUTE) return 'just now';
  if (ago >= 0 && ago < HOUR) return `${Math.floor(ago / MINUTE)} min ago`;
  const at = new Date(atMs);
  const now = new Date(nowMs);
  if (ago >= 0 && ago < DAY && at.getDate() === now.getDate()) {
    return formatter('time', locale).format(at);
  }
  return formatter(at.getFullYear() === now.getFullYear() ? 'day' : 'year', locale).format(at);
}

/** A full date and time, for tooltips and details. */
export function formatDate(atMs: number, locale?: string): string {
  return formatter('full', locale).format(atMs);
}

/** A size in bytes: `812 KB`, `34.5 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 1 && value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

function plural(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
