/** What somebody has begun to write on a call, and what is on its way. Survives a reload of the page. */
import type { Audience, Comment, CommentKind, CommentTemplate } from '@/lib/api/types';
import type { Stretch } from '@/lib/room.svelte';
import { AUDIENCES, KINDS } from './kinds';

export type About = Stretch | 'call';

export type Draft = {
  kind: CommentKind;
  body: string;
  situation: string;
  behaviour: string;
  impact: string;
  /** Chosen from the list; those whose name is gone again don't count. */
  mentions: readonly string[];
  audience: Audience;
  about: About;
};

export type Outgoing = {
  /** The same for each try, so that it arrives once. */
  key: string;
  parentId: string | null;
  draft: Draft;
  mentions: readonly string[];
  atMs: number;
  state: 'sending' | 'failed';
  problem: string;
};

export type Desk = { drafts: Readonly<Record<string, Draft>>; outbox: readonly Outgoing[] };

/** Where drafts lie: one for a new comment, one for each answer and each edit. */
export const slots = {
  fresh: 'new',
  reply: (id: string) => `reply:${id}`,
  edit: (id: string) => `edit:${id}`,
} as const;

export const EMPTY: Draft = {
  kind: 'note',
  body: '',
  situation: '',
  behaviour: '',
  impact: '',
  mentions: [],
  audience: 'call',
  about: 'call',
};

export const PARTS = ['situation', 'behaviour', 'impact'] as const;

export function isBlank(draft: Draft): boolean {
  return draft.body.trim() === '' && PARTS.every((part) => draft[part].trim() === '');
}

export function draftOf(comment: Comment): Draft {
  const { mentions, audience } = comment;
  return { ...EMPTY, ...wordsOf(comment), mentions, audience, about: stretchOf(comment) ?? 'call' };
}

/** Where a comment is; `null` for the call as a whole, and for answers. */
export function stretchOf({ anchor }: Comment): Stretch | null {
  if (!anchor) return null;
  const { start_ms: startMs, end_ms: endMs, channel, quote } = anchor;
  return { startMs, endMs, channel: channel ?? null, quote };
}

/** Where an edited comment is to be put; `null` for where it surely is. */
export function movedTo(comment: Comment, { about }: Draft): Stretch | null {
  const place = stretchOf(comment);
  if (about === 'call' || !place) return null;
  const stays = about.startMs === place.startMs && about.endMs === place.endMs;
  return stays && comment.anchor?.status === 'exact' ? null : about;
}

/** The draft with a template's words: in place of none, or behind those that are there. */
export function withTemplate(draft: Draft, template: CommentTemplate): Draft {
  const words = wordsOf(template);
  const join = (a: string, b: string) => (a.trim() && b ? `${a.trimEnd()}\n${b}` : a.trim() ? a : b);
  return {
    ...draft,
    kind: isBlank(draft) || draft.kind === 'note' ? words.kind : draft.kind,
    body: join(draft.body, words.body),
    situation: join(draft.situation, words.situation),
    behaviour: join(draft.behaviour, words.behaviour),
    impact: join(draft.impact, words.impact),
  };
}

type Words = Pick<Comment, 'kind' | 'body' | 'situation' | 'behaviour' | 'impact'>;

function wordsOf(from: Words): Pick<Draft, 'kind' | 'body' | (typeof PARTS)[number]> {
  return {
    kind: from.kind,
    body: from.body,
    situation: from.situation ?? '',
    behaviour: from.behaviour ?? '',
    impact: from.impact ?? '',
  };
}

export function writeDesk(desk: Desk): string | null {
  const drafts = Object.entries(desk.drafts).filter(([, draft]) => !isBlank(draft));
  if (drafts.length === 0 && desk.outbox.length === 0) return null;
  return JSON.stringify({ drafts: Object.fromEntries(drafts), outbox: desk.outbox });
}

/** What was kept, checked: another version of the page may have written it. */
export function readDesk(text: string | null): Desk {
  const value = object(parse(text));
  const drafts: Record<string, Draft> = {};
  for (const [slot, kept] of Object.entries(object(value.drafts))) {
    const draft = readDraft(kept);
    if (draft && !isBlank(draft)) drafts[slot] = draft;
  }
  const outbox = Array.isArray(value.outbox) ? value.outbox.flatMap(readOutgoing) : [];
  return { drafts, outbox };
}

function readDraft(value: unknown): Draft | null {
  const kept = object(value);
  const text = (name: string) => (typeof kept[name] === 'string' ? kept[name] : '');
  const about = readAbout(kept.about);
  if (!about) return null;
  return {
    kind: KINDS.find(({ id }) => id === kept.kind)?.id ?? 'note',
    body: text('body'),
    situation: text('situation'),
    behaviour: text('behaviour'),
    impact: text('impact'),
    mentions: strings(kept.mentions),
    audience: AUDIENCES.find(({ id }) => id === kept.audience)?.id ?? 'call',
    about,
  };
}

function readAbout(value: unknown): About | null {
  if (value === 'call') return value;
  const { startMs, endMs, channel, quote } = object(value);
  if (typeof startMs !== 'number' || typeof endMs !== 'number' || startMs >= endMs) return null;
  return {
    startMs,
    endMs,
    channel: typeof channel === 'number' ? channel : null,
    quote: typeof quote === 'string' ? quote : '',
  };
}

/** What was on its way when the page went: whether it arrived is not known, so it can be sent again. */
function readOutgoing(value: unknown): Outgoing[] {
  const kept = object(value);
  const draft = readDraft(kept.draft);
  if (!draft || typeof kept.key !== 'string') return [];
  const parentId = typeof kept.parentId === 'string' ? kept.parentId : null;
  const atMs = typeof kept.atMs === 'number' ? kept.atMs : 0;
  const problem = typeof kept.problem === 'string' ? kept.problem : '';
  return [
    { key: kept.key, parentId, draft, mentions: strings(kept.mentions), atMs, state: 'failed', problem },
  ];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((it) => typeof it === 'string') : [];
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function parse(text: string | null): unknown {
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
