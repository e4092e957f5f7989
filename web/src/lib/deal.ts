import type { DealOutcome } from '@/lib/api/types';

export const OUTCOMES: readonly DealOutcome[] = ['open', 'won', 'lost'];

export const OUTCOME_WORDS: Readonly<Record<DealOutcome, string>> = {
  open: 'Open deals',
  won: 'Won deals',
  lost: 'Lost deals',
};

/** The outcome of that name, if there is one. */
export function readOutcome(name: string | null): DealOutcome | null {
  return OUTCOMES.find((outcome) => outcome === name) ?? null;
}
