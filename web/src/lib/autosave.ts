/** Saves what people change by itself: one thing at a time, and of each thing only how it is last. */

export type SaveState = 'saved' | 'saving' | 'failed';

type Waiting = { run: () => Promise<void>; dueAt: number; failed: boolean };

export class Autosave {
  readonly #waiting = new Map<string, Waiting>();
  readonly #onState: (state: SaveState, error: unknown) => void;
  #working: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #error: unknown = null;

  constructor(onState: (state: SaveState, error: unknown) => void) {
    this.#onState = onState;
  }

  get state(): SaveState {
    if (this.#working || [...this.#waiting.values()].some((one) => !one.failed)) return 'saving';
    return this.#waiting.size > 0 ? 'failed' : 'saved';
  }

  /** Whether the thing of this name is not saved as it is now. */
  isWaiting(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Saves a thing after a while, in place of an older state of it. What failed before is tried again too. */
  put(key: string, run: () => Promise<void>, delayMs = 0): void {
    this.#waiting.delete(key);
    this.#revive();
    this.#waiting.set(key, { run, dueAt: Date.now() + delayMs, failed: false });
    this.#next();
  }

  /** Gives up on a thing that waits. */
  drop(key: string): void {
    this.#waiting.delete(key);
    this.#next();
  }

  /** Tries again what failed. */
  retry(): void {
    this.#revive();
    this.#next();
  }

  /** Saves everything now; tells whether all of it is saved. */
  async flush(): Promise<boolean> {
    this.#revive();
    for (const one of this.#waiting.values()) one.dueAt = 0;
    await this.#working;
    await this.#work();
    return this.#waiting.size === 0;
  }

  #revive(): void {
    for (const one of this.#waiting.values()) one.failed = false;
  }

  /** Plans the next look, and tells how things stand. */
  #next(): void {
    clearTimeout(this.#timer);
    const due = [...this.#waiting.values()].filter((one) => !one.failed).map((one) => one.dueAt);
    if (due.length > 0 && !this.#working) {
      const inMs = Math.max(0, Math.min(...due) - Date.now());
      this.#timer = setTimeout(() => void this.#work(), inMs);
    }
    this.#onState(this.state, this.state === 'failed' ? this.#error : null);
  }

  #work(): Promise<void> {
    this.#working ??= this.#runDue().finally(() => {
      this.#working = null;
      this.#next();
    });
    return this.#working;
  }

  async #runDue(): Promise<void> {
    for (;;) {
      const due = [...this.#waiting].find(([, one]) => !one.failed && one.dueAt <= Date.now());
      if (!due) return;
      const [key, one] = due;
      try {
        await one.run();
        // Changed again meanwhile: then it waits for its own turn.
        if (this.#waiting.get(key) === one) this.#waiting.delete(key);
      } catch (error) {
        one.failed = true;
        this.#error = error;
      }
    }
  }
}
