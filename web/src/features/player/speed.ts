import { recall, remember } from '@/lib/storage';

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3] as const;

/** The speed that this browser used last, 1 at first. */
export function rememberedSpeed(): number {
  return nearestSpeed(Number(recall('speed') ?? 1));
}

export function rememberSpeed(speed: number): void {
  remember('speed', speed === 1 ? null : String(speed));
}

export function remembersSkipping(): boolean {
  return recall('skip-silence') === 'yes';
}

export function rememberSkipping(skips: boolean): void {
  remember('skip-silence', skips ? 'yes' : null);
}

export function nearestSpeed(wanted: number): number {
  if (!Number.isFinite(wanted)) return 1;
  return SPEEDS.reduce(
    (best, speed) => (Math.abs(speed - wanted) < Math.abs(best - wanted) ? speed : best),
    1,
  );
}

/** The next slower (-1) or faster (1) speed, or the same at the ends. */
export function neighbourSpeed(speed: number, direction: -1 | 1): number {
  const at = SPEEDS.findIndex((known) => known === nearestSpeed(speed));
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at + direction))] ?? 1;
}
