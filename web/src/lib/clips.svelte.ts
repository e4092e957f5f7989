import { clamp } from '@/lib/ranges';
import { recall } from '@/lib/storage';

/** A stretch of a recording that is played by itself. */
export type Clip = { id: string; src: string; startMs: number; endMs: number };

/** The part of an audio element that is used. */
export type ClipAudio = Pick<
  HTMLAudioElement,
  'src' | 'currentTime' | 'playbackRate' | 'readyState' | 'play' | 'pause' | 'addEventListener' | 'load'
>;

const HAVE_METADATA = 1;
const PROBLEM = 'This stretch could not be played. Check the connection, then try again.';

/** Plays one clip at a time, without a player of its own in sight. */
export class Clips {
  current: Clip | null = $state.raw(null);
  playing = $state(false);
  /** Wants to play and waits for sound. */
  waiting = $state(false);
  problem: string | null = $state(null);
  /** How much of the clip was heard, 0 to 1. */
  heard = $state(0);

  #audio: ClipAudio | null = null;
  #frame = 0;
  /** Where to begin once the recording is there. */
  #pendingMs: number | null = null;
  readonly #make: () => ClipAudio;

  constructor(make: () => ClipAudio = () => new Audio()) {
    this.#make = make;
  }

  isPlaying(id: string): boolean {
    return this.playing && this.current?.id === id;
  }

  /** Plays a clip from its start, pauses the one that plays, or goes on with one that was paused. */
  toggle(clip: Clip): void {
    if (this.current?.id !== clip.id) this.#begin(clip);
    else if (this.playing) this.pause();
    else if (this.heard >= 1 || this.problem) this.#begin(clip);
    else void this.#play();
  }

  pause(): void {
    this.#audio?.pause();
  }

  /** Lets go of the recording. */
  close(): void {
    this.pause();
    cancelAnimationFrame(this.#frame);
    this.current = null;
    this.playing = false;
    if (!this.#audio) return;
    this.#audio.src = '';
    this.#audio = null;
  }

  #begin(clip: Clip): void {
    const audio = (this.#audio ??= this.#listen(this.#make()));
    const failed = this.problem !== null;
    const other = this.current?.src !== clip.src;
    this.current = clip;
    this.heard = 0;
    this.problem = null;
    if (other) audio.src = clip.src;
    else if (failed) audio.load();
    const speed = Number(recall('speed') ?? 1);
    audio.playbackRate = speed > 0 && speed <= 4 ? speed : 1;
    this.#pendingMs = clip.startMs;
    if (!other && !failed && audio.readyState >= HAVE_METADATA) this.#seek(audio);
    void this.#play();
  }

  #seek(audio: ClipAudio): void {
    if (this.#pendingMs !== null) audio.currentTime = this.#pendingMs / 1000;
    this.#pendingMs = null;
  }

  async #play(): Promise<void> {
    this.waiting = true;
    this.playing = true;
    try {
      await this.#audio?.play();
    } catch (error) {
      // Another clip was begun, or this one paused, before there was sound.
      if (error instanceof DOMException && error.name === 'AbortError') return;
      this.#fail();
    }
  }

  #fail(): void {
    this.playing = false;
    this.waiting = false;
    this.problem = PROBLEM;
  }

  #listen(audio: ClipAudio): ClipAudio {
    audio.addEventListener('loadedmetadata', () => this.#seek(audio));
    audio.addEventListener('play', () => {
      this.playing = true;
      this.#follow();
    });
    audio.addEventListener('playing', () => (this.waiting = false));
    audio.addEventListener('waiting', () => (this.waiting = true));
    audio.addEventListener('pause', () => {
      this.playing = false;
      this.waiting = false;
    });
    audio.addEventListener('timeupdate', () => this.#tell());
    audio.addEventListener('ended', () => (this.heard = 1));
    audio.addEventListener('error', () => this.current && this.#fail());
    return audio;
  }

  #follow(): void {
    cancelAnimationFrame(this.#frame);
    const step = () => {
      this.#tell();
      if (this.playing) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #tell(): void {
    if (!this.current || !this.#audio || this.#pendingMs !== null) return;
    const { startMs, endMs } = this.current;
    const at = this.#audio.currentTime * 1000;
    this.heard = clamp((at - startMs) / Math.max(1, endMs - startMs), 0, 1);
    if (at >= endMs && this.playing) this.pause();
  }
}
