/** Short news of what was done, said once and gone; with a way back where there is one. */
export type Toast = { id: number; text: string; action?: { label: string; run: () => void } };

const SHOWN_MS = 6000;

class Toasts {
  list: readonly Toast[] = $state.raw([]);
  #last = 0;

  say(text: string, action?: Toast['action']): void {
    this.#last += 1;
    const toast: Toast = { id: this.#last, text, ...(action && { action }) };
    this.list = [...this.list.slice(-2), toast];
    setTimeout(() => this.drop(toast.id), SHOWN_MS);
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
