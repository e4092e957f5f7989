/** Where one left off in a call, as this browser remembers it. */
import type { Player } from './player';
import { recall, remember } from '@/lib/storage';

const KEY = 'positions';
const MOST = 100;
const EVERY_MS = 5000;
/** So far from either end there is nothing to resume. */
const EDGE_MS = 8000;
const REWIND_MS = 2000;

/** The remembered positions with one changed, or forgotten; the oldest ones make room. */
export function withPosition(text: string | null, id: string, atMs: number | null): string {
  const others = read(text).filter(([known]) => known !== id);
  const all = atMs === null ? others : [...others, [id, Math.round(atMs)]];
  return JSON.stringify(all.slice(-MOST));
}

/** Where to go on: a little before where one stopped; null at the ends or if nothing is known. */
export function positionIn(text: string | null, id: string, durationMs: number): number | null {
  const atMs = read(text).find(([known]) => known === id)?.[1];
  if (atMs === undefined || atMs < EDGE_MS || (durationMs > 0 && atMs > durationMs - EDGE_MS)) return null;
  return atMs - REWIND_MS;
}

function read(text: string | null): [string, number][] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(value)) return [];
    return value.filter(
      (one): one is [string, number] =>
        Array.isArray(one) && typeof one[0] === 'string' && typeof one[1] === 'number',
    );
  } catch {
    return [];
  }
}

export function positionOf(callId: string, durationMs: number): number | null {
  return positionIn(recall(KEY), callId, durationMs);
}

/** Remembers the playhead of a call while it moves; returns what ends that. */
export function rememberPosition(player: Player, callId: string): () => void {
  let keptMs = player.nowMs;
  // Only looking at a call does not move its place.
  let played = false;
  const keep = (atMs: number) => {
    keptMs = atMs;
    const near = atMs < EDGE_MS || (player.durationMs > 0 && atMs > player.durationMs - EDGE_MS);
    remember(KEY, withPosition(recall(KEY), callId, near ? null : atMs));
  };
  const leave = player.follow((atMs) => {
    played ||= player.isPlaying;
    if (played && Math.abs(atMs - keptMs) >= EVERY_MS) keep(atMs);
  });
  const onHide = () => {
    if (played && player.nowMs !== keptMs) keep(player.nowMs);
  };
  addEventListener('pagehide', onHide);
  return () => {
    onHide();
    leave();
    removeEventListener('pagehide', onHide);
  };
}
