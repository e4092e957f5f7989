/** A call's threads as a list in the cache, and as the column shows them. */
import type { Comment, CommentThread } from '@/lib/api/types';
import type { Mark } from '@/lib/room.svelte';
import { kindOf } from './kinds';

/** The threads with a comment as the server says it now: a new one at its end, a known one in its place. */
export function withComment(threads: readonly CommentThread[], comment: Comment): CommentThread[] {
  const parent = comment.parent_id;
  if (parent == null) {
    const known = threads.some(({ id }) => id === comment.id);
    if (!known) return [...threads, { ...comment, replies: [] }];
    return threads.map((it) => (it.id === comment.id ? { ...comment, replies: it.replies } : it));
  }
  return threads.map((it) => {
    if (it.id !== parent) return it;
    const known = it.replies.some(({ id }) => id === comment.id);
    const replies = known
      ? it.replies.map((reply) => (reply.id === comment.id ? comment : reply))
      : [...it.replies, comment];
    return { ...it, replies };
  });
}

/** The threads without what a comment said; it keeps its place while it has answers. */
export function withoutComment(
  threads: readonly CommentThread[],
  id: string,
  nowMs: number,
): CommentThread[] {
  return threads.flatMap((it) => {
    const replies = it.replies.filter((reply) => reply.id !== id);
    if (it.id === id) return replies.length > 0 ? [{ ...it, body: '', deleted_at: nowMs }] : [];
    if (it.deleted_at && replies.length === 0) return [];
    return replies.length === it.replies.length ? [it] : [{ ...it, replies }];
  });
}

/** A comment with somebody's reaction given or taken back. */
export function withReaction<T extends Comment>(comment: T, reaction: string, me: string, given: boolean): T {
  const known = comment.reactions.find((it) => it.reaction === reaction);
  const others = known?.user_ids.filter((id) => id !== me) ?? [];
  const after = { reaction, user_ids: given ? [...others, me] : others };
  const reactions = known
    ? comment.reactions.map((it) => (it === known ? after : it))
    : [...comment.reactions, after];
  return { ...comment, reactions: reactions.filter((it) => it.user_ids.length > 0) };
}

export function findComment(threads: readonly CommentThread[], id: string): Comment | undefined {
  for (const thread of threads) {
    if (thread.id === id) return thread;
    const reply = thread.replies.find((it) => it.id === id);
    if (reply) return reply;
  }
  return undefined;
}

/** The thread that a comment or an answer is in. */
export function threadOf(threads: readonly CommentThread[], id: string): CommentThread | undefined {
  return threads.find((thread) => thread.id === id || thread.replies.some((reply) => reply.id === id));
}

/** Threads about places, in their order, and those about the whole call, the oldest first. */
export function inOrder(threads: readonly CommentThread[]): {
  timed: CommentThread[];
  whole: CommentThread[];
} {
  const start = (thread: CommentThread) => thread.anchor?.start_ms ?? 0;
  const timed = threads.filter(({ anchor }) => anchor);
  return {
    timed: timed.sort((a, b) => start(a) - start(b) || a.created_at - b.created_at || (a.id < b.id ? -1 : 1)),
    whole: threads.filter(({ anchor }) => !anchor).sort((a, b) => a.created_at - b.created_at),
  };
}

/** What the waveform and the transcript show of threads. */
export function marksOf(threads: readonly CommentThread[]): Mark[] {
  return threads.flatMap(({ id, kind, anchor, author_name, body, deleted_at }) => {
    if (!anchor || deleted_at) return [];
    const words = body.length > 80 ? `${body.slice(0, 79)}…` : body;
    const label = [`${kindOf(kind).word} by ${author_name ?? 'a former colleague'}`, words]
      .filter(Boolean)
      .join(': ');
    return [{ id, tone: kind, startMs: anchor.start_ms, endMs: anchor.end_ms, label }];
  });
}

/** All that was said, answers included. */
export function countComments(threads: readonly CommentThread[]): number {
  return threads.reduce(
    (sum, thread) => sum + [thread, ...thread.replies].filter((comment) => !comment.deleted_at).length,
    0,
  );
}
