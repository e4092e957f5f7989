import type { RoomState } from '@/lib/room.svelte';

/** The room's own keys, beside the player's. */
export function roomKeys(room: RoomState): Record<string, () => void> {
  return {
    c: () => room.commentOn(),
    e: () => room.scoreOn(),
    n: () => room.stepMark(1),
    p: () => room.stepMark(-1),
  };
}
