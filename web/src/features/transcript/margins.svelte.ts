import type { TranscriptList } from './list.svelte';
import { marksByRow } from './markings';
import { segmentToShow, startsTurn } from './segments';
import { lineTop } from './virtual';
import { wordsOf } from './words';
import type { Segment } from '@/lib/api/types';
import type { Mark, RoomState } from '@/lib/room.svelte';
import { lastAtMost } from '@/lib/search';

const MARK_PX = 16;

/** Where instants stand on the sheet, and the marks in the margin beside them. */
export class Margins {
  readonly #segments: () => readonly Segment[];
  readonly #list: TranscriptList;
  readonly #room: RoomState;

  constructor(segments: () => readonly Segment[], list: TranscriptList, room: RoomState) {
    this.#segments = segments;
    this.#list = list;
    this.#room = room;
  }

  readonly #byRow = $derived.by(() => marksByRow(this.#segments(), this.#room.marks));

  topOfTime(rows: readonly Segment[], atMs: number): number {
    const index = Math.max(0, segmentToShow(rows, atMs));
    return this.#list.topOf(index) + this.#lineOfTime(rows, index, atMs);
  }

  /** How far below a row's top the words of an instant stand. */
  #lineOfTime(rows: readonly Segment[], index: number, atMs: number): number {
    const segment = rows[index];
    if (!segment) return 0;
    const word = Math.max(
      0,
      lastAtMost(segment.words, atMs, (one) => one.start_ms),
    );
    const share = (wordsOf(segment).starts[word] ?? 0) / Math.max(1, segment.text.length);
    return lineTop(this.#list.heightOf(index), startsTurn(rows, index), index === 0, share);
  }

  /** The marks that begin in a row, level with their words and below each other. */
  of(index: number): { mark: Mark; top: number }[] {
    let free = 0;
    return (this.#byRow.get(index) ?? []).map((mark) => {
      const top = Math.max(free, this.#lineOfTime(this.#segments(), index, mark.startMs));
      free = top + MARK_PX;
      return { mark, top };
    });
  }

  /** Below the marks of a row, where its corrections are marked. */
  end(index: number): number {
    const last = this.of(index).at(-1);
    const rows = this.#segments();
    return last ? last.top + MARK_PX : this.#lineOfTime(rows, index, rows[index]?.start_ms ?? 0);
  }
}
