/** Where a stretch of a call is found. */
import { formatClock } from '@/lib/time';

type Ends = { startMs: number; endMs: number };

/** A link to a stretch, in seconds as people read them. */
export function linkTo(origin: string, callId: string, startMs: number, endMs: number): string {
  const seconds = (ms: number) => String(Math.round(ms / 100) / 10);
  return `${origin}/calls/${encodeURIComponent(callId)}?t=${seconds(startMs)},${seconds(endMs)}`;
}

/** The server's longest clip, unless it is set otherwise. */
const LONGEST_CLIP_MS = 600_000;

export function clipPath(callId: string, { startMs, endMs }: Ends): string | null {
  if (endMs - startMs > LONGEST_CLIP_MS) return null;
  return `/api/v1/calls/${encodeURIComponent(callId)}/clip?start_ms=${Math.floor(startMs)}&end_ms=${Math.ceil(endMs)}`;
}

export function clipName(title: string, { startMs }: Ends): string {
  const name = title.replace(/[\\/:*?"<>|]+/g, ' ').trim() || 'call';
  return `${name} ${formatClock(startMs).replaceAll(':', '.')}.wav`;
}
