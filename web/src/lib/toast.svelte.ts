/** Short news of what was done, said once and gone; with a way back where there is one. */
export type Toast = { id: number; text: string; action?: { label: string; run: () => void } };

const SHOWN_MS = 6000;
/** What was being read or reached for stays a little after that. */
const AFTER_MS = 2500;

export class Toasts {
  list: readonly Toast[] = $state.raw([]);
  #last = 0;
  #held = false;
  #timers: { id: number; timer: ReturnType<typeof setTimeout> }[] = [];

  say(text: string, action?: Toast['action']): void {
    this.#last += 1;
    const toast: Toast = { id: this.#last, text, ...(action && { action }) };
    for (const { id } of this.list.slice(0, -2)) this.drop(id);
    this.list = [...this.list, toast];
    if (!this.#held) this.#dropIn(toast.id, SHOWN_MS);
  }

  drop(id: number): void {
    this.#forget((one) => one === id);
    this.list = this.list.filter((toast) => toast.id !== id);
    if (this.list.length === 0) this.#held = false;
  }

  /** Keeps them while a pointer or the focus is on one. */
  hold(): void {
    this.#held = true;
    this.#forget(() => true);
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    for (const { id } of this.list) this.#dropIn(id, AFTER_MS);
  }

  #dropIn(id: number, ms: number): void {
    this.#timers.push({ id, timer: setTimeout(() => this.drop(id), ms) });
  }

  #forget(isMeant: (id: number) => boolean): void {
    for (const { id, timer } of this.#timers) if (isMeant(id)) clearTimeout(timer);
    this.#timers = this.#timers.filter(({ id }) => !isMeant(id));
  }
}

export const toasts = new Toasts();
