import { tick, untrack } from 'svelte';
import type { TranscriptList } from './list.svelte';
import { segmentsAt, segmentToShow } from './segments';
import { wordAt } from './words';
import type { Segment } from '@/lib/api/types';

type Options = {
  segments: () => readonly Segment[];
  /** Calls a function with the playhead now and whenever it moves; returns what ends that. */
  follow: () => (listener: (atMs: number) => void) => () => void;
  playing: () => boolean;
  list: TranscriptList;
};

/** What is heard just now, kept in sight unless the reader went elsewhere. Make it as a component begins. */
export class Playhead {
  following = $state(true);
  heard: readonly { index: number; word: number }[] = $state.raw([]);
  /** The row that is heard, or was last; -1 before the first. */
  shown = $state(-1);
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
    $effect(() => this.#watch());
    $effect(() => {
      if (options.playing() && this.following && this.shown >= 0)
        untrack(() => options.list.reveal(this.shown));
    });
    // A link to a second shows the words there, though nothing plays yet.
    let arrived = false;
    $effect(() => {
      if (arrived || this.shown < 0) return;
      arrived = true;
      void tick().then(() => options.list.reveal(this.shown));
    });
  }

  /** Touches the page only when the spoken words or the segment change. */
  #watch(): () => void {
    const rows = this.#options.segments();
    let marked = '';
    let last = -2;
    return this.#options.follow()((atMs) => {
      const now = segmentsAt(rows, atMs).map((index) => ({
        index,
        word: wordAt(rows[index]?.words ?? [], atMs),
      }));
      const mark = now.map(({ index, word }) => `${index}.${word}`).join(' ');
      if (mark !== marked) this.heard = now;
      marked = mark;
      const to = atMs > 0 ? segmentToShow(rows, atMs) : -1;
      if (to !== last) this.shown = last = to;
    });
  }

  /** A reader who scrolls wants to stay there. */
  leave(): void {
    if (this.#options.playing()) this.following = false;
  }

  /** Goes back to the spoken words. */
  refollow(): void {
    this.following = true;
    if (this.shown >= 0) this.#options.list.reveal(this.shown);
  }
}
