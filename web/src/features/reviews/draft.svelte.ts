import type { QueryClient } from '@tanstack/svelte-query';
import { Autosave, type SaveState } from '@/lib/autosave';
import { keys } from '@/lib/api/keys';
import { errorWords, hasStatus } from '@/lib/api/problem';
import type { Evidence, ReviewDetail } from '@/lib/api/types';
import type { Stretch } from '@/lib/room.svelte';
import { toasts } from '@/lib/toast.svelte';
import { showReview, writes } from './api';
import { isRated, NOTHING, saidOf, scoreOf, type Said } from './said';

/** Typing is saved when it rests this long. */
const REST_MS = 600;
/** Arrow keys pass over levels on their way. */
const CHOICE_MS = 150;

/**
 * A review while it is being filled in. What the author says is shown at once, laid over what the server knows,
 * until the server knows it too; an answer never takes away what was typed in between.
 */
export class Draft {
  state: SaveState = $state('saved');
  problem = $state('');
  readonly id: string;

  readonly #cache: QueryClient;
  readonly #read: () => ReviewDetail;
  readonly #saves = new Autosave((state, error) => {
    this.state = state;
    this.problem = error === null ? '' : errorWords(error);
  });
  #said: Readonly<Record<string, Said>> = $state.raw({});
  #summary: string | null = $state(null);
  #added: Readonly<Record<string, Evidence[]>> = $state.raw({});
  #removed: readonly string[] = $state.raw([]);
  /** Sends a place of evidence again, for those that were sent at least once. */
  #sent: Readonly<Record<string, () => Promise<Evidence>>> = {};
  #typingIn: string | null = null;

  constructor(id: string, read: () => ReviewDetail, cache: QueryClient) {
    this.id = id;
    this.#read = read;
    this.#cache = cache;
  }

  said(criterionId: string): Said {
    return this.#said[criterionId] ?? saidOf(scoreOf(this.#read(), criterionId));
  }

  get summary(): string {
    return this.#summary ?? this.#read().summary;
  }

  evidence(criterionId: string): Evidence[] {
    const known = scoreOf(this.#read(), criterionId)?.evidence ?? [];
    return [...known, ...(this.#added[criterionId] ?? [])].filter((one) => !this.#removed.includes(one.id));
  }

  isAdding(evidenceId: string): boolean {
    return evidenceId.startsWith('new_');
  }

  /** Whether something would be lost by leaving. */
  get isUnsaved(): boolean {
    return (
      this.state !== 'saved' || Object.values(this.#said).some((said) => !isRated(said) && said.note !== '')
    );
  }

  choose(criterionId: string, value: number | 'n/a' | null): void {
    const said: Said = {
      value: typeof value === 'number' ? value : null,
      notApplicable: value === 'n/a',
      note: this.said(criterionId).note,
    };
    this.#say(criterionId, said, CHOICE_MS);
  }

  note(criterionId: string, note: string): void {
    this.#typingIn = criterionId;
    const said = { ...this.said(criterionId), note };
    // A note needs a level to stand by: until there is one it waits here.
    if (isRated(said)) this.#say(criterionId, said, REST_MS);
    else this.#said = { ...this.#said, [criterionId]: said };
  }

  /** The author left a field: what the server knows by now may be shown as it does. */
  leave(criterionId: string): void {
    this.#typingIn = null;
    this.#settle(criterionId);
  }

  summarize(text: string): void {
    this.#summary = text;
    this.#typingIn = 'summary';
    this.#saves.put('summary', () => this.#saveSummary(), REST_MS);
  }

  leaveSummary(): void {
    this.#typingIn = null;
    if (!this.#saves.isWaiting('summary')) this.#summary = null;
  }

  addEvidence(criterionId: string, place: Stretch): void {
    const id = `new_${crypto.randomUUID()}`;
    const { startMs: start_ms, endMs: end_ms, channel, quote } = place;
    const one: Evidence = { id, start_ms, end_ms, channel, quote, prefix: '', suffix: '', status: 'exact' };
    this.#added = { ...this.#added, [criterionId]: [...(this.#added[criterionId] ?? []), one] };
    const send = () => writes.addEvidence(this.id, criterionId, { start_ms, end_ms, channel }, id);
    this.#saves.put(id, async () => {
      this.#sent = { ...this.#sent, [id]: send };
      try {
        await send();
        if (!this.#added[criterionId]?.includes(one)) return;
        await this.#cache.invalidateQueries({ queryKey: keys.review(this.id) });
      } catch (error) {
        // A place that the server refuses is not worth another try.
        if (!hasStatus(error, 422)) throw error;
        toasts.say(errorWords(error));
      }
      this.#forget(criterionId, id);
    });
  }

  removeEvidence(criterionId: string, evidenceId: string): void {
    if (!this.isAdding(evidenceId)) {
      this.#takeAway(evidenceId, () => Promise.resolve(evidenceId));
      return;
    }
    this.#forget(criterionId, evidenceId);
    const send = this.#sent[evidenceId];
    // What is on its way, or was without an answer, may be there: sent again under its key, it says as what.
    if (send) this.#takeAway(evidenceId, () => idOf(send()));
    else this.#saves.drop(evidenceId);
  }

  retry(): void {
    this.#saves.retry();
  }

  flush(): Promise<boolean> {
    return this.#saves.flush();
  }

  #say(criterionId: string, said: Said, delayMs: number): void {
    this.#said = { ...this.#said, [criterionId]: said };
    this.#saves.put(criterionId, () => this.#saveScore(criterionId), delayMs);
  }

  async #saveScore(criterionId: string): Promise<void> {
    const said = this.#said[criterionId];
    if (!said) return;
    const { id } = this;
    const answer = isRated(said)
      ? await writes.say(id, criterionId, said)
      : await writes.unsay(id, criterionId);
    showReview(this.#cache, answer);
    if (this.#said[criterionId] === said && this.#typingIn !== criterionId) this.#uncover(criterionId);
  }

  async #saveSummary(): Promise<void> {
    const text = this.#summary ?? '';
    showReview(this.#cache, await writes.summarize(this.id, text));
    if (this.#summary === text && this.#typingIn !== 'summary') this.#summary = null;
  }

  #settle(criterionId: string): void {
    if (!this.#saves.isWaiting(criterionId)) this.#uncover(criterionId);
  }

  /** Shows what the server knows, unless there is a note that it can't have yet. */
  #uncover(criterionId: string): void {
    const said = this.#said[criterionId] ?? NOTHING;
    if (!isRated(said) && said.note !== '') return;
    this.#said = Object.fromEntries(Object.entries(this.#said).filter(([id]) => id !== criterionId));
  }

  #takeAway(shownId: string, find: () => Promise<string | null>): void {
    this.#removed = [...this.#removed, shownId];
    this.#saves.put(shownId, async () => {
      const id = await find();
      if (id === null) return;
      this.#removed = [...this.#removed, id];
      try {
        showReview(this.#cache, await writes.removeEvidence(this.id, id));
      } catch (error) {
        // It is gone already, which is what was wanted.
        if (!hasStatus(error, 404)) throw error;
      }
    });
  }

  #forget(criterionId: string, evidenceId: string): void {
    const rest = (this.#added[criterionId] ?? []).filter((one) => one.id !== evidenceId);
    this.#added = { ...this.#added, [criterionId]: rest };
  }
}

/** The id that the server gave a place; null where it refused it. */
async function idOf(sent: Promise<Evidence>): Promise<string | null> {
  try {
    return (await sent).id;
  } catch (error) {
    if (!hasStatus(error, 422)) throw error;
    return null;
  }
}
