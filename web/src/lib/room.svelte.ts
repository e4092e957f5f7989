/**
 * What the parts of the review room tell each other: the transcript what is selected, the comments and the
 * scorecard what they mark, and where on screen an instant of the recording stands. None of them knows another.
 */

import { untrack } from 'svelte';

/** A stretch of the recording; `channel` and `quote` where words of one speaker were chosen. */
export type Stretch = { startMs: number; endMs: number; channel: number | null; quote: string };

export type Tone = 'praise' | 'improve' | 'question' | 'note' | 'evidence';

/** Something to show on the waveform and beside the words. */
export type Mark = { id: string; tone: Tone; startMs: number; endMs: number; label: string };

export type MarkSource = 'comments' | 'scores';

/** The player, as far as the other parts use it. */
export type Playback = {
  readonly nowMs: number;
  readonly isPlaying: boolean;
  play: () => unknown;
  pause: () => void;
  seek: (atMs: number) => void;
  playRange: (startMs: number, endMs: number) => void;
};

/** Where instants stand on the transcript's sheet, in pixels from its top. */
export type Sheet = {
  topOf: (atMs: number) => number;
  heightPx: number;
};

export type Panel = 'comments' | 'scorecard' | 'about';

export class RoomState {
  /** The words that are selected in the transcript. */
  selection: Stretch | null = $state.raw(null);
  /** What a comment is being written about. */
  composing: Stretch | 'call' | null = $state.raw(null);
  /** Words that were chosen to stand behind a score; the scorecard takes them. */
  evidenceWanted: Stretch | null = $state.raw(null);
  /** The mark that was last chosen, wherever it was. */
  focusedId: string | null = $state(null);
  /** The panel in sight where only one has room, and beside the comments where two have. */
  panel: Panel = $state('comments');
  sheet: Sheet | null = $state.raw(null);
  /** How far the transcript is scrolled; the threads beside it move along. */
  scrollTopPx = $state(0);
  readonly playback: Playback;

  #marks: Record<MarkSource, readonly Mark[]> = $state.raw({ comments: [], scores: [] });
  #pausedByTyping = false;

  constructor(playback: Playback) {
    this.playback = playback;
  }

  /** All marks, by their start. */
  get marks(): readonly Mark[] {
    return [...this.#marks.comments, ...this.#marks.scores].sort((a, b) => a.startMs - b.startMs);
  }

  setMarks(source: MarkSource, marks: readonly Mark[]): void {
    // Effects set marks: they must not run again because of it.
    this.#marks = { ...untrack(() => this.#marks), [source]: marks };
  }

  /** What 'here' means: the selected words, or the last seconds that were heard. */
  here(lengthMs = 10_000): Stretch {
    const endMs = Math.max(1000, Math.round(this.playback.nowMs));
    return this.selection ?? { startMs: Math.max(0, endMs - lengthMs), endMs, channel: null, quote: '' };
  }

  /** Typing pauses the recording, so that nothing is missed. */
  beginTyping(): void {
    if (!this.playback.isPlaying) return;
    this.#pausedByTyping = true;
    this.playback.pause();
  }

  /** Sending goes on with what typing paused. */
  endTyping(): void {
    if (this.#pausedByTyping) void this.playback.play();
    this.#pausedByTyping = false;
  }

  /** The field was left without sending: what typing paused stays paused. */
  leaveTyping(): void {
    this.#pausedByTyping = false;
  }
}
