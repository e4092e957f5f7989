import { randomKey } from './files';
import { deleteRecording, keepPiece, keepRecording, recordingFile } from './recordings';

export type RecorderState = 'idle' | 'asking' | 'recording' | 'paused' | 'failed';

const TYPES = ['audio/webm;codecs=opus', 'audio/mp4', 'audio/ogg;codecs=opus'];
const PIECE_MS = 1000;
const LOOK_MS = 80;

/** Records the microphone, piece by piece into the browser's own store. */
export class Recorder {
  state: RecorderState = $state('idle');
  elapsedMs = $state(0);
  /** How loud it is, 0 to 1. */
  level = $state(0);
  /** Why there is no recording, in words. */
  problem = $state('');

  readonly #userId: string;
  #id = '';
  #startedMs = 0;
  #recorder: MediaRecorder | null = null;
  #stream: MediaStream | null = null;
  #sound: AudioContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #pieces: Blob[] = [];
  /** Writing one piece after the other keeps their order. */
  #written: Promise<void> = Promise.resolve();
  #kept = true;

  constructor(userId: string) {
    this.#userId = userId;
  }

  get isOpen(): boolean {
    return this.state === 'recording' || this.state === 'paused';
  }

  async start(): Promise<void> {
    this.problem = '';
    // Browsers offer the microphone to pages that came over https, or from this very machine, alone.
    if (!('mediaDevices' in navigator) || typeof MediaRecorder === 'undefined') {
      return this.#fail('This browser lets pages record over https only. Open Gametape over https.');
    }
    this.state = 'asking';
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      return this.#fail(refusalWords(error));
    }
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    this.#recorder = new MediaRecorder(this.#stream, mimeType ? { mimeType } : {});
    this.#id = randomKey();
    this.#startedMs = Date.now();
    this.#recorder.addEventListener('dataavailable', (event) => this.#keep(event.data));
    this.#written = keepRecording(this.#record(null)).catch(() => {
      this.#kept = false;
    });
    this.#recorder.start(PIECE_MS);
    this.state = 'recording';
    this.#look(this.#stream);
  }

  pause(): void {
    this.#recorder?.pause();
    this.state = 'paused';
    this.level = 0;
  }

  resume(): void {
    this.#recorder?.resume();
    this.state = 'recording';
  }

  /** Ends it and hands over the file, which stays kept here until it is dropped by its key. */
  async finish(title: string): Promise<File> {
    const type = this.#recorder?.mimeType ?? '';
    await this.#end();
    const ending = type.includes('mp4') ? 'm4a' : type.includes('ogg') ? 'ogg' : 'webm';
    const name = `${title.replace(/[\\/:*?"<>|]+/g, ' ').trim() || 'Recording'}.${ending}`;
    if (this.#kept) {
      await keepRecording(this.#record(name));
      return recordingFile(this.#record(name), name);
    }
    return new File(this.#pieces, name, { type, lastModified: this.#startedMs });
  }

  /** Ends it and forgets what was recorded. */
  async discard(): Promise<void> {
    await this.#end();
    if (this.#kept && this.#id) await deleteRecording(this.#id);
  }

  /** Ends it where it is: what was recorded is offered the next time. */
  async close(): Promise<void> {
    await this.#end();
  }

  #record(name: string | null) {
    const type = this.#recorder?.mimeType ?? '';
    return { id: this.#id, userId: this.#userId, startedMs: this.#startedMs, type, name };
  }

  #keep(data: Blob): void {
    if (data.size === 0) return;
    this.#pieces.push(data);
    const piece = { recording: this.#id, at: Date.now(), data };
    this.#written = this.#written
      .then(() => (this.#kept ? keepPiece(piece) : undefined))
      .catch(() => {
        // A full disk or a private window: then it stays in memory alone.
        this.#kept = false;
      });
  }

  async #end(): Promise<void> {
    clearInterval(this.#timer);
    const recorder = this.#recorder;
    if (recorder && recorder.state !== 'inactive') {
      const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve, { once: true }));
      recorder.stop();
      await stopped;
    }
    this.#stream?.getTracks().forEach((track) => track.stop());
    void this.#sound?.close().catch(() => undefined);
    this.#sound = null;
    this.state = 'idle';
    await this.#written;
  }

  #look(stream: MediaStream): void {
    this.#sound = new AudioContext();
    const analyser = this.#sound.createAnalyser();
    analyser.fftSize = 1024;
    this.#sound.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let before = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (this.state === 'recording') {
        this.elapsedMs += now - before;
        analyser.getFloatTimeDomainData(samples);
        this.level = loudness(samples);
      }
      before = now;
    }, LOOK_MS);
  }

  #fail(words: string): void {
    this.state = 'failed';
    this.problem = words;
  }
}

/** From silence at -60 dB to the loudest there is. */
export function loudness(samples: Float32Array): number {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, samples.length);
  const decibels = 10 * Math.log10(power || 1e-12);
  return Math.min(1, Math.max(0, (decibels + 60) / 60));
}

function refusalWords(error: unknown): string {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') {
    return 'The browser may not use the microphone. Allow it beside the address, then start again.';
  }
  if (name === 'NotFoundError') return 'No microphone was found. Connect one, then start again.';
  return 'The microphone could not be opened. Another program may be using it.';
}
