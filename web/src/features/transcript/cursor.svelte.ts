import type { TextSelection } from './selection.svelte';
import { neighbourWord, type Place } from './stretch';
import type { Segment } from '@/lib/api/types';
import { clamp } from '@/lib/ranges';

type Surroundings = {
  segments: () => readonly Segment[];
  /** The row that has the focus. */
  focused: () => number;
  focusRow: (index: number) => Promise<void>;
  selection: TextSelection;
};

type Press = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'shiftKey'>;
export type Move = { by: -1 | 1; unit: 'word' | 'row'; selects: boolean };

/** What an arrow key means in the transcript. */
export function moveOf(press: Press): Move | null {
  const byWord = press.ctrlKey || press.altKey;
  const by = press.key === 'ArrowLeft' || press.key === 'ArrowUp' ? -1 : 1;
  const sideways = press.key === 'ArrowLeft' || press.key === 'ArrowRight';
  const upDown = press.key === 'ArrowUp' || press.key === 'ArrowDown';
  if (byWord && sideways) return { by, unit: 'word', selects: press.shiftKey };
  return !byWord && upDown ? { by, unit: 'row', selects: press.shiftKey } : null;
}

/** Goes through the transcript and selects in it by keys. */
export class WordCursor {
  /** The word that the keyboard is on; none until the keyboard goes by words. */
  place: Place | null = $state.raw(null);
  /** Where a selection began. */
  #anchor: Place | null = null;
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Takes a key; false if it means nothing here. */
  press(event: KeyboardEvent): boolean {
    const move = moveOf(event);
    if (!move) {
      if (event.key !== 'Escape' || !this.#around.selection.places) return false;
      this.#around.selection.clear();
      return true;
    }
    if (move.selects) void (move.unit === 'word' ? this.#selectWord(move.by) : this.#selectRow(move.by));
    else if (move.unit === 'word') void this.#moveWord(move.by);
    else void this.#moveRow(move.by);
    return true;
  }

  leave(): void {
    this.place = null;
  }

  unanchor(): void {
    this.#anchor = null;
  }

  #wordsIn(row: number): number {
    return this.#around.segments()[row]?.words.length ?? 0;
  }

  #moveRow(by: -1 | 1): Promise<void> {
    this.place = null;
    this.#around.selection.clear();
    return this.#around.focusRow(this.#around.focused() + by);
  }

  async #moveWord(by: -1 | 1): Promise<void> {
    const { selection, segments, focusRow } = this.#around;
    const row = this.#around.focused();
    this.#anchor = null;
    selection.clear();
    const start = { segment: row, word: by > 0 ? -1 : this.#wordsIn(row) };
    const next = neighbourWord(segments(), this.place?.segment === row ? this.place : start, by);
    if (!next) return;
    if (next.segment !== row) await focusRow(next.segment);
    this.place = next;
  }

  async #selectWord(by: -1 | 1): Promise<void> {
    const start = this.#begin();
    const end =
      this.#around.selection.places && this.place
        ? neighbourWord(this.#around.segments(), this.place, by)
        : start;
    if (end) await this.#selectTo(end);
  }

  async #selectRow(by: -1 | 1): Promise<void> {
    const start = this.#begin();
    const from = this.place ?? start;
    const within = by > 0 && from.word < this.#wordsIn(from.segment) - 1;
    const last = this.#around.segments().length - 1;
    const to = clamp(from.segment + (within ? 0 : by), 0, last);
    await this.#selectTo({ segment: to, word: by > 0 ? Math.max(0, this.#wordsIn(to) - 1) : 0 });
  }

  #begin(): Place {
    this.#anchor ??= this.place ?? { segment: this.#around.focused(), word: 0 };
    return this.#anchor;
  }

  async #selectTo(end: Place): Promise<void> {
    const anchor = this.#anchor ?? end;
    await this.#around.focusRow(end.segment);
    this.place = end;
    this.#around.selection.select(anchor, end);
  }
}
