import type { MyStorage } from '@/lib/api/types';

/** How much of one's room is taken, in percent of what one may take; null where there is no limit. */
export function takenPercent(storage: MyStorage): number | null {
  if (!storage.quota_bytes) return null;
  const taken = storage.recordings_bytes + storage.uploads_bytes;
  return Math.min(100, (100 * taken) / storage.quota_bytes);
}

/** From here on people are told before an upload is refused. */
export const NEARLY_FULL_PERCENT = 90;
