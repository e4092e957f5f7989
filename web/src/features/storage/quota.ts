import type { MyStorage } from '@/lib/api/types';

/** Bytes that one takes: uploads under way will be recordings. */
export function takenBytes(storage: MyStorage): number {
  return storage.recordings_bytes + storage.uploads_bytes;
}

/** How much of one's room is taken, in percent of what one may take; null where there is no limit. */
export function takenPercent(storage: MyStorage): number | null {
  if (!storage.quota_bytes) return null;
  return Math.min(100, (100 * takenBytes(storage)) / storage.quota_bytes);
}

/** From here on people are told before an upload is refused. */
export const NEARLY_FULL_PERCENT = 90;
