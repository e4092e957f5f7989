/** Consent and holds in words. */
import type { CallRetention, ConsentStatus, HoldReason } from '@/lib/api/types';
import { formatDate } from '@/lib/time';

export const CONSENT_NAMES: Readonly<Record<ConsentStatus, string>> = {
  unknown: 'Not noted',
  all_agreed: 'Everybody agreed',
  notice_given: 'Everybody was told',
  refused: 'Somebody refused',
};

export const CONSENTS = Object.entries(CONSENT_NAMES) as [ConsentStatus, string][];

export const HOLD_NAMES: Readonly<Record<HoldReason, string>> = {
  library: 'Held for the library',
  legal: 'Held for legal reasons',
};

/** When a call that nobody holds goes by the rules; null where it stays. */
export function goesWords(retention: Pick<CallRetention, 'recording' | 'call' | 'held'>): string | null {
  const { recording, call, held } = retention;
  if (held || (!recording && !call)) return null;
  const parts = [
    ...(recording ? [`the recording on ${formatDate(recording.at)}`] : []),
    ...(call ? [`the call on ${formatDate(call.at)}`] : []),
  ];
  return `By the rules for how long calls are kept, ${parts.join(' and ')} will be deleted.`;
}
