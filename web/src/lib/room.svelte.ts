/**
 * What the parts of the review room tell each other: the transcript what is selected, the comments and the
 * scorecard what they mark, and where on screen an instant of the recording stands. None of them knows another.
 */

import { untrack } from 'svelte';
import type { Range } from '@/lib/ranges';

/** A stretch of the recording; `channel` and `quote` where words of one speaker were chosen. */
export type Stretch = { startMs: number; endMs: number; channel: number | null; quote: string };

export type Tone = 'praise' | 'improve' | 'question' | 'note' | 'evidence';

/** Something to show on the waveform and beside the words. */
export type Mark = {
  id: string;
  tone: Tone;
  startMs: number;
  endMs: number;
  label: string;
  /** Whose words it marks; all of them unless given. */
  channel?: number | null;
};

export type MarkSource = 'comments' | 'scores';

/** The player, as far as the other parts use it. */
export type Playback = {
  readonly nowMs: number;
  readonly durationMs: number;
  readonly isPlaying: boolean;
  /** The stretch between the in and the out point. */
  readonly range: Range | null;
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

/** Nothing worth a word was heard before. */
const AT_START_MS = 2000;
/** What plays up to the out point stops a little behind it. */
const BEHIND_MS = 500;

export type Panel = 'comments' | 'scorecard' | 'about';

export class RoomState {
  /** The words that are selected in the transcript. */
  selection: Stretch | null = $state.raw(null);
  /** What a comment is being written about. */
  composing: Stretch | 'call' | null = $state.raw(null);
  /** What is to become evidence of a score; the scorecard takes it and sets it back to null. */
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
  readonly marks: readonly Mark[] = $derived(
    [...this.#marks.comments, ...this.#marks.scores].sort((a, b) => a.startMs - b.startMs),
  );

  marksOf(source: MarkSource): readonly Mark[] {
    return this.#marks[source];
  }

  setMarks(source: MarkSource, marks: readonly Mark[]): void {
    // Effects set marks: they must not run again because of it.
    this.#marks = { ...untrack(() => this.#marks), [source]: marks };
  }

  /** The range that was marked, as long as it is what is listened to. */
  get heardRange(): Range | null {
    const { range, nowMs } = this.playback;
    return range && nowMs >= range.startMs && nowMs <= range.endMs + BEHIND_MS ? range : null;
  }

  /**
   * What 'here' means: the selected words, or the range that was marked, or the last seconds that were heard; at the
   * start, the first ones.
   */
  here(lengthMs = 10_000): Stretch {
    const { nowMs, durationMs } = this.playback;
    const range = this.selection ? null : this.heardRange;
    if (range)
      return {
        startMs: Math.round(range.startMs),
        endMs: Math.round(range.endMs),
        channel: null,
        quote: '',
      };
    const heardMs = nowMs < AT_START_MS ? Math.min(lengthMs, durationMs || lengthMs) : nowMs;
    const endMs = Math.max(1000, Math.round(heardMs));
    return this.selection ?? { startMs: Math.max(0, endMs - lengthMs), endMs, channel: null, quote: '' };
  }

  /** Begins a comment on the selected words, or on what was just heard. */
  commentOn(stretch: Stretch = this.here()): void {
    this.panel = 'comments';
    this.composing = stretch;
  }

  /** Offers the selected words, or what was just heard, to the scorecard as evidence. */
  scoreOn(stretch: Stretch = this.here()): void {
    this.panel = 'scorecard';
    this.evidenceWanted = stretch;
  }

  /** Goes to the next (1) or previous (-1) mark, seen from the one in focus or else from the playhead. */
  stepMark(direction: -1 | 1): void {
    const marks = this.marks;
    const focused = marks.findIndex((mark) => mark.id === this.focusedId);
    const nowMs = this.playback.nowMs;
    const found =
      focused >= 0
        ? marks[focused + direction]
        : direction > 0
          ? marks.find((mark) => mark.startMs > nowMs)
          : marks.findLast((mark) => mark.startMs < nowMs);
    if (found) this.goTo(found);
  }

  /** Puts a mark in focus and the playhead at its start. */
  goTo(mark: Mark): void {
    this.focusedId = mark.id;
    this.playback.seek(mark.startMs);
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
