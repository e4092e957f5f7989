/** From and to, both included; null where a side is open. */
export type Range = { min: number | null; max: number | null };

const PARTS = /^(\d+(?:\.\d+)?)?-(\d+(?:\.\d+)?)?$/;

/** `40-60`, `40-` or `-60`. */
export function readRange(text: string): Range | null {
  const parts = PARTS.exec(text.trim());
  if (!parts || (parts[1] === undefined && parts[2] === undefined)) return null;
  const min = parts[1] === undefined ? null : Number(parts[1]);
  const max = parts[2] === undefined ? null : Number(parts[2]);
  // Typed the other way round, it is clear what is meant.
  return min !== null && max !== null && min > max ? { min: max, max: min } : { min, max };
}

export function writeRange({ min, max }: Range): string {
  return min === null && max === null ? '' : `${min ?? ''}-${max ?? ''}`;
}

/** A day as fields and addresses spell it, `2026-11-30`, so many days before now. */
export function dayBefore(days: number, now = new Date()): string {
  const at = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
