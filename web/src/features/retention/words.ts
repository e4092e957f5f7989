/** Rules for how long calls are kept, in words. */
import type { LeavingCall, RetentionRule, RetentionTotals } from '@/lib/api/types';
import { formatBytes, formatDate } from '@/lib/time';

export type NewRetentionRule = Pick<RetentionRule, 'what'> & {
  team_id: string | null;
  tag: string | null;
  keep_days: number | null;
};

/** Which calls a rule is for. */
export function callsOf(
  rule: Pick<RetentionRule, 'team_id' | 'tag'>,
  teamName: (id: string) => string,
): string {
  const team = rule.team_id ? ` of ${teamName(rule.team_id)}` : '';
  const tag = rule.tag ? ` tagged “${rule.tag}”` : '';
  return team || tag ? `Calls${team}${tag}` : 'All calls';
}

/** What becomes of them. */
export function fateOf(rule: Pick<RetentionRule, 'what' | 'keep_days'>): string {
  const what = rule.what === 'call' ? 'the whole call' : 'the recording';
  if (rule.keep_days == null) return `Keep ${what} for good`;
  return `Delete ${what} after ${daysWords(rule.keep_days)}`;
}

export function daysWords(days: number): string {
  if (days === 1) return '1 day';
  return `${days.toLocaleString('en')} days`;
}

/** The number of days that was typed; null for what is none. */
export function parseDays(text: string): number | null {
  const days = /^\d{1,5}$/.test(text.trim()) ? Number(text.trim()) : NaN;
  return days >= 1 && days <= 36_525 ? days : null;
}

/** All that goes within some days, in a sentence. */
export function totalsWords(totals: RetentionTotals, withinDays: number): string {
  const some = (count: number, one: string, many: string) =>
    count === 0 ? [] : [count === 1 ? one : `${count.toLocaleString('en')} ${many}`];
  const parts = [
    ...some(totals.calls, '1 call', 'calls'),
    ...some(totals.recordings, 'the recording of 1 call', 'recordings'),
  ];
  const within = `within ${daysWords(withinDays)}`;
  const held =
    totals.held === 0
      ? ''
      : ` ${totals.held.toLocaleString('en')} more would go, but ${totals.held === 1 ? 'is' : 'are'} held.`;
  const rest = totals.complete ? '' : ' Only the oldest calls were counted: there are very many.';
  if (parts.length === 0) return `Nothing goes ${within}.${held}${rest}`;
  return `${capital(parts.join(' and '))} (${formatBytes(totals.bytes)}) would be deleted ${within}.${held}${rest}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** What becomes of one call, and when. */
export function leavingWords(call: Pick<LeavingCall, 'recording' | 'call' | 'held'>): string {
  if (call.held) return 'Held: it stays';
  const parts = [
    ...(call.recording ? [`recording ${formatDate(call.recording.at)}`] : []),
    ...(call.call ? [`call ${formatDate(call.call.at)}`] : []),
  ];
  return capital(parts.join(', '));
}
