import { changesOf, detailsOf, rebase, type Details } from './details';
import type { Call, UpdateCall } from '@/lib/api/types';
import { CHANGED_MEANWHILE, hasStatus } from '@/lib/api/problem';

export type Saved =
  | { call: Call }
  /** Others changed the same fields: what to show, over the call as it is now. */
  | { call: Call; details: Details; clashes: (keyof Details)[] };

export type SaveSteps = {
  /** Throws an `ApiError` with 412 when the call is not what `version` says any more. */
  update: (version: number, body: UpdateCall) => Promise<Call>;
  read: () => Promise<Call>;
};

const TRIES = 4;

/**
 * Saves what was typed over `call`. A call that changed meanwhile, as it does while it is worked on, is read
 * again; only where somebody changed the very same fields does the person have to look.
 */
export async function saveDetails(
  call: Call,
  before: Details,
  typed: Details,
  steps: SaveSteps,
): Promise<Saved> {
  let base = call;
  for (let tries = 1; ; tries += 1) {
    const known = tries === 1 ? before : detailsOf(base);
    const { details, clashes } = rebase(before, typed, known);
    if (clashes.length > 0) return { call: base, details, clashes };
    const body = changesOf(known, details);
    if (Object.keys(body).length === 0) return { call: base };
    try {
      return { call: await steps.update(base.updated_at, body) };
    } catch (error) {
      const changed = hasStatus(error, CHANGED_MEANWHILE);
      if (!changed || tries >= TRIES) throw error;
      base = await steps.read();
    }
  }
}
