import type { Player } from './player';

export const LONG_SKIP_MS = 10_000;
export const SHORT_SKIP_MS = 5_000;

/** The player's keys, for the page that shows it. */
export function playerKeys(player: Player): Record<string, () => void> {
  return {
    Space: () => player.toggle(),
    k: () => player.toggle(),
    j: () => player.skip(-LONG_SKIP_MS),
    l: () => player.skip(LONG_SKIP_MS),
    ArrowLeft: () => player.skip(-SHORT_SKIP_MS),
    ArrowRight: () => player.skip(SHORT_SKIP_MS),
    'Shift+ArrowLeft': () => {
      player.skip(-SHORT_SKIP_MS);
      player.changeSpeed(-1);
    },
    ',': () => player.changeSpeed(-1),
    '.': () => player.changeSpeed(1),
    i: () => player.markIn(),
    o: () => player.markOut(),
    r: () => player.toggleLoop(),
  };
}
