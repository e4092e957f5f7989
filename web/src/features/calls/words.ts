import type { Call } from '@/lib/api/types';

/** The smaller line under a call's title; what needs doing comes before what it is about. */
export function aboutCall(call: Call): string {
  if (call.state === 'failed' && call.problem) return call.problem.detail;
  const { name, stage, amount_minor, currency } = call.deal;
  const amount = amount_minor != null && currency ? formatMoney(amount_minor, currency) : null;
  const deal = [name, stage, amount].filter((part) => part != null && part !== '').join(' · ');
  if (deal) return deal;
  return call.duplicate_of ? 'Same recording as an earlier call' : '';
}

/** How many digits of a currency stand behind the point. */
export function minorDigits(currency: string): number {
  try {
    const { maximumFractionDigits } = new Intl.NumberFormat('en', {
      style: 'currency',
      currency,
    }).resolvedOptions();
    return maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** `€12,500`: whole amounts without their zeros. */
export function formatMoney(minor: number, currency: string, locale?: string): string {
  const amount = minor / 10 ** minorDigits(currency);
  try {
    return new Intl.NumberFormat(locale, {
      style: 'currency',
      currency,
      ...(Number.isInteger(amount) && { maximumFractionDigits: 0 }),
    }).format(amount);
  } catch {
    return `${amount} ${currency}`;
  }
}
