/**
 * Does something about things that come in bursts: at once for the first, and then once in a while for all that
 * came meanwhile.
 */
export class Burst<T> {
  readonly #run: (things: ReadonlySet<T>) => void;
  readonly #everyMs: number;
  #waiting = new Set<T>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Until then nothing is done. */
  #quietUntilMs: number;

  /** With `quietFirst`, even the first waits: what it is about has only just been done. */
  constructor(run: (things: ReadonlySet<T>) => void, everyMs: number, { quietFirst = false } = {}) {
    this.#run = run;
    this.#everyMs = everyMs;
    this.#quietUntilMs = quietFirst ? Date.now() + everyMs : 0;
  }

  add(...things: readonly T[]): void {
    if (things.length === 0) return;
    for (const thing of things) this.#waiting.add(thing);
    const waitMs = this.#quietUntilMs - Date.now();
    if (waitMs <= 0 && this.#timer === undefined) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), waitMs);
  }

  /** Forgets what waits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = new Set();
  }

  #flush(): void {
    const things = this.#waiting;
    this.stop();
    this.#quietUntilMs = Date.now() + this.#everyMs;
    this.#run(things);
  }
}
