/** The range that a comment is about, moved by hand. */
import { clamp } from '@/lib/ranges';
import type { Stretch } from '@/lib/room.svelte';

export const SHORTEST_MS = 500;
export type Edge = 'startMs' | 'endMs';

/** The stretch with one edge elsewhere; the other gives way so that something is left between them. */
export function withEdge(stretch: Stretch, edge: Edge, atMs: number, durationMs: number): Stretch {
  const end = Math.max(durationMs, SHORTEST_MS);
  const at = Math.round(
    edge === 'startMs' ? clamp(atMs, 0, end - SHORTEST_MS) : clamp(atMs, SHORTEST_MS, end),
  );
  const startMs = edge === 'startMs' ? at : Math.min(stretch.startMs, at - SHORTEST_MS);
  const endMs = edge === 'endMs' ? at : Math.max(stretch.endMs, at + SHORTEST_MS);
  return { ...stretch, startMs, endMs };
}

/** Within the recording: the server takes nothing else. */
export function withinCall(stretch: Stretch, durationMs: number): Stretch {
  if (durationMs <= 0) return stretch;
  const endMs = clamp(Math.round(stretch.endMs), 1, durationMs);
  return { ...stretch, startMs: clamp(Math.round(stretch.startMs), 0, endMs - 1), endMs };
}

/** `04:12.5`: to the tenth of a second, where edges are set. */
export function fineClock(ms: number): string {
  const tenths = Math.round(Math.max(0, ms) / 100);
  const seconds = Math.floor(tenths / 10);
  const pad = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const rest = `${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}.${tenths % 10}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
