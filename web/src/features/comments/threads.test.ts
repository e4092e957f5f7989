import { expect, it } from 'vitest';
import type { Comment, CommentThread } from '@/lib/api/types';
import { NO_FILTERS, passes, readFilters, withFilters, type Filters } from './filters';
import {
  countComments,
  inOrder,
  marksOf,
  threadOf,
  withComment,
  withoutComment,
  withReaction,
} from './threads';

function comment(id: string, rest: Partial<Comment> = {}): Comment {
  return {
    id,
    call_id: 'call_1',
    author_id: 'ana',
    author_name: 'Ana',
    kind: 'note',
    body: id,
    audience: 'call',
    mentions: [],
    reactions: [],
    version: 1,
    created_at: 1,
    ...rest,
  };
}
const at = (start_ms: number) => ({
  anchor: {
    start_ms,
    end_ms: start_ms + 1,
    channel: null,
    quote: '',
    prefix: '',
    suffix: '',
    status: 'exact' as const,
  },
});
const thread = (id: string, rest: Partial<Comment> = {}, replies: Comment[] = []): CommentThread => ({
  ...comment(id, rest),
  replies,
});

it('puts comments and answers in their places, once', () => {
  const one = withComment([], comment('a'));
  const two = withComment(one, comment('b', { parent_id: 'a' }));
  expect(two[0]?.replies.map(({ id }) => id)).toEqual(['b']);
  const three = withComment(
    withComment(two, comment('b', { parent_id: 'a', body: 'new' })),
    comment('a', { version: 2 }),
  );
  expect(three).toHaveLength(1);
  expect(three[0]).toMatchObject({ version: 2, replies: [{ body: 'new' }] });
});

it('keeps the place of a deleted comment for its answers only', () => {
  const threads = [thread('a', {}, [comment('b', { parent_id: 'a' })]), thread('c')];
  const without = withoutComment(threads, 'a', 5);
  expect(without[0]).toMatchObject({ id: 'a', body: '', deleted_at: 5 });
  expect(withoutComment(threads, 'c', 5)).toHaveLength(1);
  expect(withoutComment(without, 'b', 6).map(({ id }) => id)).toEqual(['c']);
});

it('gives and takes back reactions', () => {
  const given = withReaction(withReaction(comment('a'), '👍', 'luis', true), '👍', 'ana', true);
  expect(given.reactions).toEqual([{ reaction: '👍', user_ids: ['luis', 'ana'] }]);
  expect(withReaction(given, '👍', 'ana', true).reactions[0]?.user_ids).toEqual(['luis', 'ana']);
  expect(withReaction(withReaction(given, '👍', 'ana', false), '👍', 'luis', false).reactions).toEqual([]);
});

it('orders by place, then by age, the whole call apart', () => {
  const threads = [
    thread('a', { ...at(9), created_at: 1 }),
    thread('b', { created_at: 8 }),
    thread('c', { ...at(3), created_at: 7 }),
    thread('d', { ...at(3), created_at: 5 }),
    thread('e', { created_at: 2 }),
  ];
  const { timed, whole } = inOrder(threads);
  expect([timed, whole].map((list) => list.map(({ id }) => id))).toEqual([
    ['d', 'c', 'a'],
    ['e', 'b'],
  ]);
});

it('marks places, names threads by what is in them and counts what stands', () => {
  const threads = [
    thread('a', { ...at(9), kind: 'praise' }, [comment('x', { parent_id: 'a' })]),
    thread('b', { ...at(3), deleted_at: 4 }, [comment('y', { parent_id: 'b' })]),
  ];
  expect(marksOf(threads)).toEqual([
    { id: 'a', tone: 'praise', startMs: 9, endMs: 10, label: 'Praise by Ana: a' },
  ]);
  expect(threadOf(threads, 'y')?.id).toBe('b');
  expect(threadOf(threads, 'z')).toBeUndefined();
  expect(countComments(threads)).toBe(3);
});

const shown = (it: CommentThread, filters: Partial<Filters>) =>
  passes(it, { ...NO_FILTERS, ...filters }, 'me');

it('filters', () => {
  const it = thread('a', { kind: 'praise' }, [comment('b', { author_id: 'me', mentions: ['luis'] })]);
  expect(shown(it, {})).toBe(true);
  expect([shown(it, { kind: 'praise' }), shown(it, { kind: 'note' })]).toEqual([true, false]);
  expect([shown(it, { author: 'ana' }), shown(it, { author: 'me' })]).toEqual([true, false]);
  expect([shown(it, { mine: true }), shown(it, { forMe: true })]).toEqual([true, false]);
  expect(shown({ ...it, resolved_at: 1 }, { open: true })).toBe(false);
  expect(shown({ ...it, mentions: ['me'] }, { forMe: true, open: true, kind: 'praise' })).toBe(true);
  expect(shown({ ...it, deleted_at: 1 }, { kind: 'praise' })).toBe(false);
});

it('keeps filters in the address beside what else is there', () => {
  const filters: Filters = { kind: 'question', author: 'user_1', open: true, mine: false, forMe: true };
  const query = withFilters(new URLSearchParams('c=comment_1&mine=1'), filters);
  expect(query.toString()).toBe('c=comment_1&kind=question&by=user_1&open=1&me=1');
  expect(readFilters(query)).toEqual(filters);
  expect(withFilters(query, NO_FILTERS).toString()).toBe('c=comment_1');
  expect(readFilters(new URLSearchParams('kind=x&by='))).toEqual(NO_FILTERS);
});
