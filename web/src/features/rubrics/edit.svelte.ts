import { type RubricChanges } from './api';
import { changed, draftOf, linesOf, moved, newLine, withIds, type Line } from './edit';
import { Autosave, type SaveState } from '@/lib/autosave';
import { CHANGED_MEANWHILE, errorWords, hasStatus } from '@/lib/api/problem';
import type { Criterion, RubricDetail } from '@/lib/api/types';

const REST_MS = 700;

type Update = (version: number, changes: RubricChanges) => Promise<RubricDetail>;

/** A rubric while somebody writes it: what they write is shown at once and saved by itself. */
export class RubricEdit {
  title = $state('');
  description = $state('');
  lines: readonly Line[] = $state.raw([]);
  state: SaveState = $state('saved');
  problem = $state('');
  /** Somebody else changed the rubric meanwhile: nothing is saved before it is said whose words stay. */
  conflict = $state(false);
  /** The version that this rests on. */
  version = $state(0);

  readonly #update: Update;
  #changed: { title?: true; description?: true; lines?: true } = {};
  readonly #saves = new Autosave((state, error) => {
    this.state = state;
    this.problem = error === null ? '' : errorWords(error);
  });

  constructor(rubric: RubricDetail, criteria: readonly Criterion[], update: Update) {
    this.#update = update;
    this.take(rubric, criteria);
  }

  /** Begins anew from what the server has. */
  take(rubric: RubricDetail, criteria: readonly Criterion[]): void {
    this.#saves.drop('rubric');
    this.#changed = {};
    this.conflict = false;
    this.title = rubric.title;
    this.description = rubric.description;
    this.lines = linesOf(criteria);
    this.version = rubric.version;
  }

  get isUnsaved(): boolean {
    return this.state !== 'saved';
  }

  retitle(title: string): void {
    this.title = title;
    this.#change('title');
  }

  describe(description: string): void {
    this.description = description;
    this.#change('description');
  }

  set(key: string, changes: Partial<Line>): void {
    this.#setLines(changed(this.lines, key, changes));
  }

  move(key: string, by: number): void {
    this.#setLines(moved(this.lines, key, by));
  }

  add(): Line {
    const line = newLine(`new_${crypto.randomUUID()}`);
    this.#setLines([...this.lines, line]);
    return line;
  }

  /** Takes a line away; returns what puts it back. */
  remove(key: string): () => void {
    const at = this.lines.findIndex((line) => line.key === key);
    const line = this.lines[at];
    this.#setLines(this.lines.filter((one) => one.key !== key));
    return () => {
      if (line) this.#setLines(this.lines.toSpliced(at, 0, line));
    };
  }

  retry(): void {
    this.#saves.retry();
  }

  flush(): Promise<boolean> {
    return this.#saves.flush();
  }

  /** Saves what was changed here over what somebody else made of it; the rest is theirs. */
  overwrite(rubric: RubricDetail, criteria: readonly Criterion[]): void {
    this.conflict = false;
    this.version = rubric.version;
    if (!this.#changed.title) this.title = rubric.title;
    if (!this.#changed.description) this.description = rubric.description;
    if (!this.#changed.lines) this.lines = linesOf(criteria);
    this.#saves.put('rubric', () => this.#save());
  }

  #setLines(lines: readonly Line[]): void {
    this.lines = lines;
    this.#change('lines');
  }

  #change(what: 'title' | 'description' | 'lines'): void {
    this.#changed[what] = true;
    if (!this.conflict) this.#saves.put('rubric', () => this.#save(), REST_MS);
  }

  async #save(): Promise<void> {
    const { title, description, lines } = this;
    const what = this.#changed;
    this.#changed = {};
    const changes: RubricChanges = {
      // A name is wanted always: an empty one waits in its field.
      ...(what.title && title.trim() !== '' && { title }),
      ...(what.description && { description }),
      ...(what.lines && { draft: draftOf(lines) }),
    };
    if (Object.keys(changes).length === 0) return;
    try {
      const rubric = await this.#update(this.version, changes);
      this.version = rubric.version;
      if (what.lines) this.lines = withIds(this.lines, lines, rubric.draft?.criteria ?? []);
    } catch (error) {
      this.#changed = { ...what, ...this.#changed };
      this.conflict = hasStatus(error, CHANGED_MEANWHILE);
      throw error;
    }
  }
}
