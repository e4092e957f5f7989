import { describe, expect, it } from 'vitest';
import type { InboxNotice } from '@/lib/api/types';
import { actionOf, addressOf, dueWords, news, waitingFirst } from './order';

let last = 0;
const notice = (change: Partial<InboxNotice>): InboxNotice => ({
  id: `n${(last += 1)}`,
  kind: 'comment',
  at: last,
  waiting: false,
  call: { id: 'call_1', title: 'Acme' },
  ...change,
});

describe('the inbox', () => {
  it('has what waits first: promised days, then the longest wait', () => {
    const list = [
      notice({ id: 'young', waiting: true, at: 50 }),
      notice({ id: 'news', at: 60 }),
      notice({ id: 'later', waiting: true, at: 10, due_at: 900 }),
      notice({ id: 'soon', waiting: true, at: 40, due_at: 500 }),
      notice({ id: 'old', waiting: true, at: 20 }),
      notice({ id: 'newest', at: 70 }),
    ];
    expect(waitingFirst(list).map(({ id }) => id)).toEqual(['soon', 'later', 'old', 'young']);
    expect(news(list).map(({ id }) => id)).toEqual(['newest', 'news']);
  });

  it('leads to the very place', () => {
    expect(addressOf(notice({ start_ms: 4200, comment_id: 'comment_1' }))).toBe(
      '/calls/call_1?t=4.2&c=comment_1',
    );
    expect(addressOf(notice({ review_id: 'review_1' }))).toBe('/calls/call_1?r=review_1');
    expect(addressOf(notice({}))).toBe('/calls/call_1');
  });

  it('offers one action, while something waits another than after', () => {
    expect(actionOf(notice({ kind: 'review_requested', waiting: true }))).toBe('Review');
    expect(actionOf(notice({ kind: 'review_requested' }))).toBe('Open');
  });

  it('says by when, in days', () => {
    const now = new Date(2026, 10, 22, 23, 30).getTime();
    const on = (day: number, hour = 9) => dueWords(new Date(2026, 10, day, hour).getTime(), now, 'en-GB');
    expect(on(22, 1)).toEqual({ words: 'Due today', late: false });
    expect(on(23, 0).words).toBe('Due tomorrow');
    expect(on(28).words).toBe('Due 28 Nov');
    expect(on(21)).toEqual({ words: 'Was due yesterday', late: true });
    expect(on(18)).toEqual({ words: 'Was due 18 Nov', late: true });
  });
});
