/** Where nobody speaks, to jump over. */
import { merge, type Range } from '@/lib/ranges';
import { lastAtMost } from '@/lib/search';

/** A pause is part of what is said until it is as long as this. */
const SHORTEST_MS = 2000;
/** What is left of a pause on each side, so that no word is cut and the ear notices it. */
const KEPT_MS = 400;

/** The gaps in speech that are worth jumping over, without their edges. */
export function silencesOf(speech: readonly Range[], durationMs: number): Range[] {
  const spoken = merge(speech);
  if (spoken.length === 0) return [];
  const silences: Range[] = [];
  let from = 0;
  for (const range of [...spoken, { startMs: durationMs, endMs: durationMs }]) {
    if (range.startMs - from >= SHORTEST_MS) {
      silences.push({ startMs: from === 0 ? 0 : from + KEPT_MS, endMs: range.startMs - KEPT_MS });
    }
    from = Math.max(from, range.endMs);
  }
  return silences;
}

/** Where to go on from `atMs` when silence is skipped; null where somebody speaks. */
export function afterSilence(silences: readonly Range[], atMs: number): number | null {
  const silence = silences[lastAtMost(silences, atMs, (range) => range.startMs)];
  return silence && atMs < silence.endMs ? silence.endMs : null;
}
