import type { TranscriptList } from './list.svelte';
import { marksByRow } from './markings';
import { makePlaces, shareOf, type TextPlace } from './places';
import { segmentToShow, startsTurn } from './segments';
import { lineTop } from './virtual';
import type { Segment } from '@/lib/api/types';
import type { Mark, RoomState } from '@/lib/room.svelte';

const MARK_PX = 16;

/** Where instants stand on the sheet, and the marks in the margin beside them. */
export class Margins {
  readonly #segments: () => readonly Segment[];
  readonly #list: TranscriptList;
  readonly #room: RoomState;
  /** Places by their instants, in the segments that they were looked up in. */
  readonly #places = makePlaces();
  #placesIn: readonly Segment[] | null = null;

  constructor(segments: () => readonly Segment[], list: TranscriptList, room: RoomState) {
    this.#segments = segments;
    this.#list = list;
    this.#room = room;
  }

  readonly #byRow = $derived.by(() => marksByRow(this.#segments(), this.#room.marks));

  topOfTime(rows: readonly Segment[], atMs: number): number {
    const place = this.#placeOf(rows, atMs);
    return this.#list.topOf(place.row) + this.#lineOf(place);
  }

  /** Where an instant stands in the text: asked for thousands of times whenever a row turns out higher. */
  #placeOf(rows: readonly Segment[], atMs: number): TextPlace {
    if (this.#placesIn !== rows) {
      this.#places.clear();
      this.#placesIn = rows;
    }
    const known = this.#places.get(atMs);
    if (known) return known;
    const row = Math.max(0, segmentToShow(rows, atMs));
    const made = { row, turn: startsTurn(rows, row), share: shareOf(rows[row], atMs) };
    this.#places.set(atMs, made);
    return made;
  }

  /** How far below a row's top the words of a place stand. */
  #lineOf({ row, turn, share }: TextPlace): number {
    return lineTop(this.#list.heightOf(row), turn, row === 0, share);
  }

  /** The same for an instant in a row that is known. */
  #lineOfTime(rows: readonly Segment[], row: number, atMs: number): number {
    if (!rows[row]) return 0;
    return this.#lineOf({ row, turn: startsTurn(rows, row), share: shareOf(rows[row], atMs) });
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
