/**
 * The player of a call. The playhead moves up to sixty times a second and has listeners of its own, so that no
 * component is drawn again for it; what changes rarely is in `state`.
 */
import { writable, type Readable } from 'svelte/store';
import { clamp, type Range } from '@/lib/ranges';
import { afterSilence } from './silence';
import { nearestSpeed, neighbourSpeed } from './speed';

/** The part of an audio element that the player uses. */
export type AudioLike = Pick<
  HTMLAudioElement,
  | 'currentTime'
  | 'duration'
  | 'paused'
  | 'playbackRate'
  | 'preservesPitch'
  | 'error'
  | 'play'
  | 'pause'
  | 'load'
  | 'addEventListener'
  | 'removeEventListener'
>;

export type PlayerState = {
  playing: boolean;
  /** Wants to play and waits for sound. */
  waiting: boolean;
  speed: number;
  durationMs: number;
  /** Why it can't be played, in words. */
  problem: string | null;
  /** The stretch between the in and the out point. */
  range: Range | null;
  /** Whether that stretch is played over and over. */
  looping: boolean;
  skipsSilence: boolean;
};

export type PlayerOptions = {
  speed: number;
  onSpeed: (speed: number) => void;
  skipsSilence?: boolean;
  onSkipsSilence?: (skips: boolean) => void;
  /** Asks why nothing came; null when there is no other reason than the browser's. */
  whyNot?: () => Promise<string | null>;
  requestFrame?: (callback: () => void) => number;
  cancelFrame?: (handle: number) => void;
};

const SHORTEST_RANGE_MS = 300;
const NETWORK = 2;
const PROBLEM_NETWORK = 'The connection broke off while loading the recording.';
const PROBLEM_FORMAT = 'This browser cannot play this kind of recording. The transcript can still be read.';

export class Player {
  readonly #options: PlayerOptions;
  readonly #state = writable<PlayerState>({
    playing: false,
    waiting: false,
    speed: 1,
    durationMs: 0,
    problem: null,
    range: null,
    looping: false,
    skipsSilence: false,
  });
  readonly #listeners = new Set<(atMs: number) => void>();
  #audio: AudioLike | null = null;
  #knownDurationMs = 0;
  #frame: number | null = null;
  /** Where to be once there is an audio element that knows its length. */
  #pendingMs: number | null = null;
  #speed: number;
  /** Where to stop, for a range that is played by itself. */
  #stopAtMs: number | null = null;
  #range: Range | null = null;
  #looping = false;
  #skipsSilence = false;
  #silences: readonly Range[] = [];

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.#speed = nearestSpeed(options.speed);
    this.#skipsSilence = options.skipsSilence ?? false;
    this.#patch({ speed: this.#speed, skipsSilence: this.#skipsSilence });
  }

  get state(): Readable<PlayerState> {
    return this.#state;
  }

  /** Where the playhead is, in milliseconds. */
  get nowMs(): number {
    return this.#pendingMs ?? Math.round((this.#audio?.currentTime ?? 0) * 1000);
  }

  get durationMs(): number {
    const own = (this.#audio?.duration ?? NaN) * 1000;
    return Number.isFinite(own) && own > 0 ? own : this.#knownDurationMs;
  }

  get isPlaying(): boolean {
    return this.#audio?.paused === false;
  }

  /** The stretch between the in and the out point. */
  get range(): Range | null {
    return this.#range;
  }

  /** The length as the server knows it, used until the browser knows better. */
  setKnownDuration(ms: number): void {
    this.#knownDurationMs = ms;
    this.#patch({ durationMs: this.durationMs });
  }

  /** Follows the playhead: calls `listener` now and whenever it moves. Returns the function that ends it. */
  follow(listener: (atMs: number) => void): () => void {
    this.#listeners.add(listener);
    listener(this.nowMs);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over an audio element; returns the function that lets go of it. */
  attach(audio: AudioLike): () => void {
    this.#audio = audio;
    audio.preservesPitch = true;
    audio.playbackRate = this.#speed;
    const handlers: Record<string, () => void> = {
      loadedmetadata: () => this.#onMetadata(audio),
      durationchange: () => this.#patch({ durationMs: this.durationMs }),
      play: () => this.#onPlay(),
      playing: () => this.#patch({ waiting: false, problem: null }),
      waiting: () => this.#patch({ waiting: true }),
      pause: () => this.#onStop(),
      ended: () => this.#onStop(),
      seeked: () => this.#tell(),
      timeupdate: () => this.#tell(),
      error: () => this.#onError(audio),
    };
    for (const [name, handler] of Object.entries(handlers)) audio.addEventListener(name, handler);
    return () => {
      for (const [name, handler] of Object.entries(handlers)) audio.removeEventListener(name, handler);
      this.#stopFrames();
      audio.pause();
      if (this.#audio === audio) this.#audio = null;
    };
  }

  async play(): Promise<void> {
    if (!this.#audio) return;
    try {
      await this.#audio.play();
    } catch {
      // Stopped before it began, or refused: `pause` or `error` tells which.
      this.#patch({ playing: !this.#audio.paused, waiting: false });
    }
  }

  /** Plays a range and stops at its end, unless somebody seeks away or pauses before. */
  playRange(startMs: number, endMs: number): void {
    this.seek(startMs);
    this.#stopAtMs = endMs;
    void this.play();
  }

  pause(): void {
    this.#audio?.pause();
  }

  toggle(): void {
    if (this.#audio?.paused === false) this.pause();
    else void this.play();
  }

  seek(atMs: number): void {
    const to = clamp(atMs, 0, this.durationMs || Number.MAX_SAFE_INTEGER);
    this.#stopAtMs = null;
    const audio = this.#audio;
    if (audio && Number.isFinite(audio.duration)) audio.currentTime = to / 1000;
    else this.#pendingMs = to;
    this.#tell();
  }

  skip(byMs: number): void {
    this.seek(this.nowMs + byMs);
  }

  setSpeed(speed: number): void {
    this.#speed = nearestSpeed(speed);
    if (this.#audio) this.#audio.playbackRate = this.#speed;
    this.#patch({ speed: this.#speed });
    this.#options.onSpeed(this.#speed);
  }

  changeSpeed(direction: -1 | 1): void {
    this.setSpeed(neighbourSpeed(this.#speed, direction));
  }

  /** Where nobody speaks; it is jumped over if the listener wants that. */
  setSilences(silences: readonly Range[]): void {
    this.#silences = silences;
  }

  setSkipsSilence(skips: boolean): void {
    this.#skipsSilence = skips;
    this.#patch({ skipsSilence: skips });
    this.#options.onSkipsSilence?.(skips);
  }

  /** Sets the in and the out point; null takes them away, and the loop with them. */
  setRange(range: Range | null): void {
    const ordered = range && {
      startMs: clamp(Math.min(range.startMs, range.endMs), 0, Number.MAX_SAFE_INTEGER),
      endMs: Math.max(range.startMs, range.endMs),
    };
    this.#range = ordered && ordered.endMs - ordered.startMs >= SHORTEST_RANGE_MS ? ordered : null;
    if (!this.#range) this.#looping = false;
    this.#patch({ range: this.#range, looping: this.#looping });
  }

  /** Puts the in point here; the out point goes to the end if it would come before. */
  markIn(): void {
    const endMs = this.#range && this.#range.endMs > this.nowMs ? this.#range.endMs : this.durationMs;
    this.setRange({ startMs: this.nowMs, endMs });
  }

  markOut(): void {
    const startMs = this.#range && this.#range.startMs < this.nowMs ? this.#range.startMs : 0;
    this.setRange({ startMs, endMs: this.nowMs });
  }

  /** Plays the range over and over, or no more. Without one, the last ten seconds become it. */
  toggleLoop(): void {
    if (!this.#range) this.setRange({ startMs: Math.max(0, this.nowMs - 10_000), endMs: this.nowMs });
    if (!this.#range) return;
    this.#looping = !this.#looping;
    this.#patch({ looping: this.#looping });
    const { startMs, endMs } = this.#range;
    if (this.#looping && (this.nowMs < startMs || this.nowMs >= endMs)) this.seek(startMs);
  }

  /** Loads the recording again after a problem, and stays where it was. */
  reload(): void {
    const atMs = this.nowMs;
    this.#patch({ problem: null });
    this.#pendingMs = atMs;
    this.#audio?.load();
  }

  #onMetadata(audio: AudioLike): void {
    audio.playbackRate = this.#speed;
    if (this.#pendingMs !== null) {
      audio.currentTime = this.#pendingMs / 1000;
      this.#pendingMs = null;
    }
    this.#patch({ durationMs: this.durationMs, problem: null });
    this.#tell();
  }

  #onPlay(): void {
    this.#patch({ playing: true });
    this.#stopFrames();
    const request = this.#options.requestFrame ?? requestAnimationFrame;
    const step = () => {
      this.#tell();
      this.#frame = request(step);
    };
    this.#frame = request(step);
  }

  #onStop(): void {
    this.#stopFrames();
    this.#stopAtMs = null;
    this.#patch({ playing: false, waiting: false });
    this.#tell();
  }

  #onError(audio: AudioLike): void {
    const problem = audio.error?.code === NETWORK ? PROBLEM_NETWORK : PROBLEM_FORMAT;
    this.#stopFrames();
    this.#patch({ playing: false, waiting: false });
    const asked = this.#options.whyNot?.() ?? Promise.resolve(null);
    void asked.then((reason) => {
      // Loaded again meanwhile, or another recording: then it is about nothing any more.
      if (this.#audio === audio && audio.error) this.#patch({ problem: reason ?? problem });
    });
  }

  #stopFrames(): void {
    if (this.#frame !== null) (this.#options.cancelFrame ?? cancelAnimationFrame)(this.#frame);
    this.#frame = null;
  }

  #tell(): void {
    const atMs = this.nowMs;
    for (const listener of this.#listeners) listener(atMs);
    if (this.#stopAtMs !== null && atMs >= this.#stopAtMs) this.pause();
    else if (this.isPlaying) this.#jump(atMs);
  }

  /** Back to the start of a loop, and over silence. */
  #jump(atMs: number): void {
    const audio = this.#audio;
    if (!audio) return;
    const range = this.#looping ? this.#range : null;
    if (range && atMs >= range.endMs) {
      audio.currentTime = range.startMs / 1000;
      return;
    }
    const after = this.#skipsSilence ? afterSilence(this.#silences, atMs) : null;
    if (after === null || (this.#stopAtMs !== null && after >= this.#stopAtMs)) return;
    // A loop that ends in silence begins again.
    audio.currentTime = (range && after >= range.endMs ? range.startMs : after) / 1000;
  }

  #patch(changes: Partial<PlayerState>): void {
    this.#state.update((state) => ({ ...state, ...changes }));
  }
}
