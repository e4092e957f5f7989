import { getContext, setContext } from 'svelte';
import { errorWords } from '@/lib/api/problem';
import type { Call, Comment, CommentTemplate, CommentThread, Me, Person } from '@/lib/api/types';
import { personName } from '@/lib/people';
import type { RoomState, Stretch } from '@/lib/room.svelte';
import { toasts } from '@/lib/toast.svelte';
import type { CommentActions, TemplateActions } from './api';
import {
  draftOf,
  EMPTY,
  isBlank,
  PARTS,
  readDesk,
  slots,
  withTemplate,
  writeDesk,
  type About,
  type Draft,
  type Outgoing,
} from './drafts';
import { mentionedIds, seesCall, seesComment } from './mentions';
import { withinCall } from './range';

/** What is asked or shown over the page. */
export type BoardDialog =
  { type: 'templates'; from: Draft | null } | { type: 'history' | 'delete'; comment: Comment };

type Surroundings = {
  me: Me;
  room: RoomState;
  actions: CommentActions;
  templates: TemplateActions;
  call: () => Call;
  people: () => ReadonlyMap<string, Person> | undefined;
  quoteOf: (stretch: Stretch) => string;
};

/** What the parts of the comments share: drafts, what is on its way, and what is being edited. */
export class Board {
  readonly me: Me;
  readonly room: RoomState;
  readonly actions: CommentActions;
  readonly templates: TemplateActions;
  /** The words that are said in a range. */
  readonly quoteOf: (stretch: Stretch) => string;
  readonly #call: () => Call;
  readonly #people: () => ReadonlyMap<string, Person> | undefined;

  drafts: Readonly<Record<string, Draft>> = $state.raw({});
  outbox: readonly Outgoing[] = $state.raw([]);
  /** Another place that was pointed at while a draft was there. */
  offered: About | null = $state.raw(null);
  /** The thread that is being answered, and the comment that is being edited. */
  replying: string | null = $state(null);
  editing: string | null = $state(null);
  dialog: BoardDialog | null = $state.raw(null);
  /** Takes the focus when what had it is gone. */
  home: HTMLElement | undefined;
  /** The last thing that others did, in words. */
  news = $state('');

  constructor({ me, room, actions, templates, call, people, quoteOf }: Surroundings) {
    this.me = me;
    this.room = room;
    this.actions = actions;
    this.templates = templates;
    this.quoteOf = quoteOf;
    this.#call = call;
    this.#people = people;
    const kept = readDesk(recall(this.#key));
    this.drafts = kept.drafts;
    this.outbox = kept.outbox.map((it) => ({
      ...it,
      problem: it.problem || 'The page was left before it was sent.',
    }));
  }

  get call(): Call {
    return this.#call();
  }

  get people(): ReadonlyMap<string, Person> | undefined {
    return this.#people();
  }

  get #key(): string {
    return `gametape.desk.${this.me.id}.${this.#call().id}`;
  }

  name(id: string): string {
    return id === this.me.id ? 'You' : personName(this.people, id);
  }

  author(comment: Pick<Comment, 'author_id' | 'author_name'>): string {
    if (this.people?.get(comment.author_id)?.erased) return 'A former colleague';
    return comment.author_name ?? 'A former colleague';
  }

  /** Whom a new comment, or an answer in a thread, may mention. */
  mentionable(thread: CommentThread | null): Person[] {
    return [...(this.people?.values() ?? [])].filter(
      (person) =>
        person.id !== this.me.id && seesCall(person, this.call) && (!thread || seesComment(person, thread)),
    );
  }

  draft(slot: string): Draft {
    return this.drafts[slot] ?? EMPTY;
  }

  change(slot: string, changes: Partial<Draft>): void {
    this.#keep({ drafts: { ...this.drafts, [slot]: { ...this.draft(slot), ...changes } } });
  }

  drop(slot: string): void {
    this.#keep({ drafts: Object.fromEntries(Object.entries(this.drafts).filter(([name]) => name !== slot)) });
  }

  /** Begins a new comment, or goes on with the one that was begun. */
  compose(about: About): void {
    const draft = this.drafts[slots.fresh];
    if (draft && about === draft.about) return;
    const place = about === 'call' ? about : withinCall(about, this.call.duration_ms ?? 0);
    if (draft && !isBlank(draft)) {
      this.offered = place;
      this.room.composing = draft.about;
    } else {
      this.move(place);
    }
  }

  /** Makes the new comment one about another place. */
  move(about: About): void {
    this.offered = null;
    this.change(slots.fresh, { about });
    this.room.composing = about;
  }

  /** Leaves the new comment; what was written stays. */
  leave(): void {
    this.offered = null;
    this.room.composing = null;
    this.room.endTyping();
    const draft = this.drafts[slots.fresh];
    if (draft && isBlank(draft)) this.drop(slots.fresh);
  }

  insert(template: CommentTemplate, slot: string): void {
    this.change(slot, withTemplate(this.draft(slot), template));
  }

  mentionsIn(draft: Draft, thread: CommentThread | null): string[] {
    const texts = [draft.body, ...PARTS.map((part) => draft[part])];
    return mentionedIds(texts, draft.mentions, this.mentionable(thread));
  }

  /** Sends what is in a slot. Its words stay on screen until they have arrived, and are not lost if they don't. */
  post(slot: string, thread: CommentThread | null): void {
    const draft = this.draft(slot);
    const alone = draft.audience === 'author' && !thread;
    const outgoing: Outgoing = {
      key: crypto.randomUUID(),
      parentId: thread?.id ?? null,
      draft,
      mentions: alone ? [] : this.mentionsIn(draft, thread),
      atMs: Date.now(),
      state: 'sending',
      problem: '',
    };
    this.#keep({ outbox: [...this.outbox, outgoing] });
    this.drop(slot);
    if (!thread) this.room.focusedId = outgoingId(outgoing);
    void this.#send(outgoing);
  }

  retry(outgoing: Outgoing): void {
    const again: Outgoing = { ...outgoing, state: 'sending', problem: '' };
    this.#replace(again);
    void this.#send(again);
  }

  discard({ key }: Outgoing): void {
    this.#keep({ outbox: this.outbox.filter((it) => it.key !== key) });
  }

  /** Takes what was not sent back into the field that it was written in. */
  takeBack(outgoing: Outgoing): void {
    const { parentId, draft } = outgoing;
    const slot = parentId === null ? slots.fresh : slots.reply(parentId);
    const begun = this.drafts[slot];
    if (begun && !isBlank(begun)) {
      toasts.say('Finish what you are writing first.');
      return;
    }
    this.change(slot, draft);
    this.discard(outgoing);
    if (parentId === null) this.room.composing = draft.about;
    else this.replying = parentId;
  }

  async copyLink({ id, anchor, call_id }: Comment): Promise<void> {
    const seconds = (ms: number) => String(ms / 1000);
    const place = anchor ? `t=${seconds(anchor.start_ms)},${seconds(anchor.end_ms)}&` : '';
    try {
      await navigator.clipboard.writeText(`${location.origin}/calls/${call_id}?${place}c=${id}`);
      toasts.say('Link copied');
    } catch {
      toasts.say('This browser does not let the page copy.');
    }
  }

  async #send(outgoing: Outgoing): Promise<void> {
    try {
      const sent = await this.actions.send(outgoing);
      this.discard(outgoing);
      if (sent.parent_id == null && this.room.focusedId === outgoingId(outgoing))
        this.room.focusedId = sent.id;
    } catch (error) {
      this.#replace({ ...outgoing, state: 'failed', problem: errorWords(error) });
    }
  }

  #replace(outgoing: Outgoing): void {
    this.#keep({ outbox: this.outbox.map((it) => (it.key === outgoing.key ? outgoing : it)) });
  }

  startEdit(comment: Comment): void {
    if (!this.drafts[slots.edit(comment.id)]) this.change(slots.edit(comment.id), draftOf(comment));
    this.editing = comment.id;
  }

  goHome(): void {
    setTimeout(() => {
      if (document.activeElement === document.body) this.home?.focus({ preventScroll: true });
    });
  }

  /** Does something that shows at once; says so if the server refuses it. */
  async attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      toasts.say(errorWords(error));
    }
  }

  #keep(changes: { drafts?: Readonly<Record<string, Draft>>; outbox?: readonly Outgoing[] }): void {
    if (changes.drafts) this.drafts = changes.drafts;
    if (changes.outbox) this.outbox = changes.outbox;
    remember(this.#key, writeDesk({ drafts: this.drafts, outbox: this.outbox }));
  }
}

/** The id that something on its way goes by until the server gives it one. */
export function outgoingId({ key }: Outgoing): string {
  return `sending_${key}`;
}

/** What is on its way, as a thread to show among the others. */
export function outgoingThread(outgoing: Outgoing, me: Me, callId: string): CommentThread {
  return { ...outgoingComment(outgoing, me, callId), replies: [] };
}

export function outgoingComment(outgoing: Outgoing, me: Me, callId: string): Comment {
  const { draft, mentions, atMs, parentId } = outgoing;
  const anchor = (about: Stretch) => ({
    start_ms: about.startMs,
    end_ms: about.endMs,
    channel: about.channel,
    quote: about.quote,
    prefix: '',
    suffix: '',
    status: 'exact' as const,
  });
  return {
    id: outgoingId(outgoing),
    call_id: callId,
    parent_id: parentId,
    author_id: me.id,
    author_name: me.name,
    kind: draft.kind,
    body: draft.body.trim(),
    situation: draft.situation.trim() || null,
    behaviour: draft.behaviour.trim() || null,
    impact: draft.impact.trim() || null,
    audience: draft.audience,
    mentions: [...mentions],
    anchor: draft.about === 'call' || parentId !== null ? null : anchor(draft.about),
    reactions: [],
    version: 0,
    created_at: atMs,
  };
}

/** This window's memory: a draft belongs to it alone. */
function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, text: string | null): void {
  try {
    if (text === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    // Without a memory a reload loses the draft, and nothing else.
  }
}

const BOARD = Symbol('comments');

export function provideBoard(board: Board): Board {
  return setContext(BOARD, board);
}

export function useBoard(): Board {
  return getContext<Board>(BOARD);
}
