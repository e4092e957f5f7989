/**
 * A call's details as a form holds them: all as text, so that nothing typed is lost, and what becomes of it.
 */
import type {
  Call,
  CallMeta,
  ConsentStatus,
  Deal,
  DealOutcome,
  UpdateCall,
  Visibility,
} from '@/lib/api/types';
import { minorDigits } from './words';

export type Attendee = { name: string; company: string; user_id: string | null };

export type Details = {
  title: string;
  /** As a `datetime-local` field has it; empty when not known. */
  when: string;
  team: string;
  visibility: Visibility;
  invited: readonly string[];
  tags: readonly string[];
  participants: readonly Attendee[];
  dealName: string;
  dealStage: string;
  dealAmount: string;
  dealCurrency: string;
  dealOutcome: DealOutcome | '';
  dealId: string;
  consent: ConsentStatus;
  consentNote: string;
  /** What to transcribe it in; only for a call to come. */
  language: string;
};

type DealChange = NonNullable<UpdateCall['deal']>;

export type Problems = Partial<Record<keyof Details, string>>;

export function detailsOf(call: Call): Details {
  const { deal } = call;
  return {
    title: call.title,
    when: call.occurred_at == null ? '' : localTime(call.occurred_at),
    team: call.team_id ?? '',
    visibility: call.visibility,
    invited: call.invited,
    tags: call.tags,
    participants: call.participants.map(attendee),
    ...dealText(deal),
    consent: call.consent.status,
    consentNote: call.consent.note ?? '',
    language: call.requested_language ?? '',
  };
}

/** What is known of a call to come, with what the server would take where nothing was said. */
export function detailsOfMeta(title: string, meta: CallMeta, teamIds: readonly string[]): Details {
  const team = meta.team_id ?? (teamIds.length === 1 ? (teamIds[0] ?? '') : '');
  return {
    title,
    when: meta.occurred_at == null ? '' : localTime(meta.occurred_at),
    team,
    visibility: meta.visibility ?? (team === '' ? 'private' : 'team'),
    invited: meta.invited ?? [],
    tags: meta.tags ?? [],
    participants: (meta.participants ?? []).map(attendee),
    ...dealText(meta.deal ?? {}),
    consent: meta.consent?.status ?? 'unknown',
    consentNote: meta.consent?.note ?? '',
    language: meta.language ?? '',
  };
}

function attendee(one: { name: string; company?: string | null; user_id?: string | null }): Attendee {
  return { name: one.name, company: one.company ?? '', user_id: one.user_id ?? null };
}

function dealText(deal: Deal) {
  const currency = deal.currency ?? '';
  return {
    dealName: deal.name ?? '',
    dealStage: deal.stage ?? '',
    dealAmount: deal.amount_minor == null ? '' : amountText(deal.amount_minor, currency),
    dealCurrency: currency,
    dealOutcome: deal.outcome ?? ('' as const),
    dealId: deal.external_id ?? '',
  };
}

/** Why these details cannot be saved, field by field. */
export function problemsOf(details: Details): Problems {
  const problems: Problems = {};
  const { dealAmount: amount, dealCurrency: currency } = details;
  if (details.title.trim() === '') problems.title = 'A call needs a title.';
  if (details.visibility === 'team' && details.team === '') {
    problems.team = 'Choose the team that may see it, or let invited people only see it.';
  }
  if (amount.trim() !== '' && parseAmount(amount, currency) === null) {
    problems.dealAmount = 'Write the amount as a number, such as 12,500.';
  }
  if (currency.trim() !== '' && !/^[A-Z]{3}$/i.test(currency.trim())) {
    problems.dealCurrency = 'Three letters, such as EUR.';
  } else if (amount.trim() !== '' && currency.trim() === '') {
    problems.dealCurrency = 'Which currency?';
  }
  if (details.tags.length > 20) problems.tags = '20 tags at most.';
  return problems;
}

/** What to send so that a call with `before` gets `after`: only what differs, so that others' changes stay. */
export function changesOf(before: Details, after: Details): UpdateCall {
  const body: UpdateCall = {};
  if (differ(before.title, after.title)) body.title = after.title.trim();
  if (differ(before.when, after.when)) body.occurred_at = instant(after.when);
  if (differ(before.team, after.team)) body.team_id = after.team || null;
  if (before.visibility !== after.visibility) body.visibility = after.visibility;
  if (differ(before.invited, after.invited)) body.invited = [...after.invited];
  if (differ(before.tags, after.tags)) body.tags = [...after.tags];
  if (differ(named(before), named(after))) body.participants = named(after);
  if (differ(consentOf(before), consentOf(after))) body.consent = consentOf(after);
  const old = dealOf(before);
  const deal = dealOf(after);
  const changed = (Object.keys(deal) as (keyof DealChange)[]).filter((key) => old[key] !== deal[key]);
  // An amount says nothing without its currency: they travel together.
  const money: (keyof DealChange)[] = ['amount_minor', 'currency'];
  if (changed.some((key) => money.includes(key))) changed.push(...money);
  if (changed.length > 0) {
    // What is left out stays as it is, though the generated type wants all of it.
    body.deal = Object.fromEntries(changed.map((key) => [key, deal[key]])) as DealChange;
  }
  return body;
}

/** What to say about a call to come. */
export function metaOf(details: Details): CallMeta {
  return {
    occurred_at: instant(details.when),
    language: details.language || null,
    team_id: details.team || null,
    visibility: details.visibility,
    tags: [...details.tags],
    participants: named(details),
    invited: [...details.invited],
    deal: dealOf(details),
    ...(details.consent === 'unknown' && details.consentNote.trim() === ''
      ? {}
      : { consent: consentOf(details) }),
  };
}

/**
 * What was typed over `before`, on top of what others have made of it meanwhile. `clashes` are the fields that
 * both changed, to different values: there the typed ones stay.
 */
export function rebase(
  before: Details,
  typed: Details,
  now: Details,
): { details: Details; clashes: (keyof Details)[] } {
  const details: Record<string, unknown> = { ...now };
  const clashes: (keyof Details)[] = [];
  for (const field of Object.keys(typed) as (keyof Details)[]) {
    if (!differ(before[field], typed[field])) continue;
    details[field] = typed[field];
    if (differ(before[field], now[field]) && differ(typed[field], now[field])) clashes.push(field);
  }
  return { details: details as Details, clashes };
}

function named(details: Details) {
  return details.participants
    .filter((one) => one.name.trim() !== '')
    .map((one) => ({ name: one.name.trim(), company: one.company.trim() || null, user_id: one.user_id }));
}

function consentOf(details: Details) {
  return { status: details.consent, note: details.consentNote.trim() || null };
}

function dealOf(details: Details): DealChange {
  const currency = details.dealCurrency.trim().toUpperCase() || null;
  return {
    name: details.dealName.trim() || null,
    stage: details.dealStage.trim() || null,
    amount_minor: parseAmount(details.dealAmount, currency ?? ''),
    currency,
    outcome: details.dealOutcome || null,
    external_id: details.dealId.trim() || null,
  };
}

const differ = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);

/** An instant as a `datetime-local` field wants it, in the reader's own time. */
export function localTime(ms: number): string {
  const at = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

function instant(local: string): number | null {
  const ms = local === '' ? NaN : new Date(local).getTime();
  return Number.isNaN(ms) ? null : ms;
}

function amountText(minor: number, currency: string): string {
  const digits = minorDigits(currency);
  const amount = minor / 10 ** digits;
  return Number.isInteger(amount) ? String(amount) : amount.toFixed(digits);
}

/** `12,500.50`, `12 500,5` and `12500` in the currency's smallest unit; null for what is no amount. */
export function parseAmount(text: string, currency: string): number | null {
  const plain = text.replace(/[\s'’_]/g, '');
  if (!/^\d[\d.,]*$/.test(plain)) return null;
  const last = Math.max(plain.lastIndexOf('.'), plain.lastIndexOf(','));
  const behind = last < 0 ? '' : plain.slice(last + 1);
  const marks = plain.replace(/\d/g, '');
  // One mark before exactly three digits groups thousands, and so do several of the same kind.
  const groups = new Set(marks).size === 1 && (behind.length === 3 || marks.length > 1);
  const whole = groups || last < 0 ? plain : plain.slice(0, last);
  const amount = Number(`${whole.replace(/[.,]/g, '')}.${groups ? '0' : behind || '0'}`);
  const minor = Math.round(amount * 10 ** minorDigits(currency));
  return Number.isSafeInteger(minor) ? minor : null;
}
