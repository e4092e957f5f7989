/** What stands where in the inbox, and what it says. */
import type { InboxNotice, NoticeKind } from '@/lib/api/types';

/** What waits, the oldest promise first: what has a day before what has none, then what waits longest. */
export function waitingFirst(notices: readonly InboxNotice[]): InboxNotice[] {
  return notices
    .filter((notice) => notice.waiting)
    .sort((a, b) => (a.due_at ?? Infinity) - (b.due_at ?? Infinity) || a.at - b.at);
}

/** The rest, the newest first. */
export function news(notices: readonly InboxNotice[]): InboxNotice[] {
  return notices.filter((notice) => !notice.waiting).sort((a, b) => b.at - a.at);
}

/** What happened, in a sentence around the call's title. */
export function sentenceOf(kind: NoticeKind, actor: string): { before: string; after: string } {
  switch (kind) {
    case 'review_requested':
      return { before: `${actor} asks you to review`, after: '' };
    case 'review_handed_back':
      return { before: `${actor} cannot review`, after: '' };
    case 'review_draft':
      return { before: 'You began to review', after: '' };
    case 'review_received':
      return { before: `${actor} reviewed`, after: '' };
    case 'review_answered':
      return { before: `${actor} answered your review of`, after: '' };
    case 'mention':
      return { before: `${actor} mentions you in`, after: '' };
    case 'reply':
      return { before: `${actor} answers in`, after: '' };
    case 'comment':
      return { before: `${actor} comments on`, after: '' };
    case 'call_ready':
      return { before: '', after: 'is ready to listen to' };
    case 'call_failed':
      return { before: '', after: 'needs a look: it could not be worked through' };
    case 'call_leaving':
      return { before: '', after: 'is deleted soon, in whole or in part: look when, under About' };
  }
}

/** The one thing to do about it. */
export function actionOf(notice: InboxNotice): string {
  switch (notice.kind) {
    case 'review_requested':
      return notice.waiting ? 'Review' : 'Open';
    case 'review_draft':
      return notice.waiting ? 'Go on' : 'Open';
    case 'review_handed_back':
      return 'Ask somebody else';
    case 'review_received':
      return notice.waiting ? 'Read and answer' : 'Read';
    case 'review_answered':
      return 'Read';
    case 'mention':
    case 'reply':
      return 'Reply';
    case 'comment':
      return notice.waiting ? 'Reply' : 'Open';
    case 'call_ready':
      return 'Listen';
    case 'call_leaving':
    case 'call_failed':
      return 'Open';
  }
}

/** Where it is to be done. */
export function addressOf(notice: InboxNotice): string {
  const query = new URLSearchParams();
  if (notice.start_ms != null) query.set('t', String(notice.start_ms / 1000));
  if (notice.comment_id) query.set('c', notice.comment_id);
  if (notice.review_id) query.set('r', notice.review_id);
  const text = query.toString();
  return `/calls/${notice.call.id}${text === '' ? '' : `?${text}`}`;
}

const DAY = 24 * 3600_000;

/** By when, as people say it. */
export function dueWords(dueMs: number, nowMs: number, locale?: string): { words: string; late: boolean } {
  const days = Math.round((startOfDay(dueMs) - startOfDay(nowMs)) / DAY);
  const date = new Date(dueMs).toLocaleDateString(locale, { day: 'numeric', month: 'short' });
  if (days < -1) return { words: `Was due ${date}`, late: true };
  if (days === -1) return { words: 'Was due yesterday', late: true };
  if (days === 0) return { words: 'Due today', late: false };
  if (days === 1) return { words: 'Due tomorrow', late: false };
  return { words: `Due ${date}`, late: false };
}

function startOfDay(ms: number): number {
  const at = new Date(ms);
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}
