import { expect, it } from 'vitest';
import type { Comment, CommentThread } from '@/lib/api/types';
import { News } from './news';

const comment = (id: string, author_id: string, parent_id: string | null = null): Comment => ({
  id,
  call_id: 'call_1',
  parent_id,
  author_id,
  author_name: author_id,
  kind: 'note',
  body: id,
  audience: 'call',
  mentions: [],
  reactions: [],
  version: 1,
  created_at: 1,
});
const anchor = {
  start_ms: 249_000,
  end_ms: 250_000,
  quote: '',
  prefix: '',
  suffix: '',
  status: 'exact' as const,
};
const thread = (id: string, author: string, replies: Comment[] = []): CommentThread => ({
  ...comment(id, author),
  anchor,
  replies,
});
const name = (it: Comment) => it.author_name ?? '';

it('tells what others said, and only that', () => {
  const news = new News('ana');
  const old = thread('a', 'luis');
  expect(news.read([old], name)).toBe('');
  expect(news.read([old, thread('b', 'luis')], name)).toBe('luis commented at 04:09');
  expect(news.read([old, thread('b', 'luis'), thread('c', 'ana')], name)).toBe('');
  expect(news.read([thread('a', 'luis', [comment('d', 'nora', 'a')])], name)).toBe('nora replied at 04:09');
  expect(news.read([thread('e', 'luis'), thread('f', 'nora')], name)).toBe('2 new comments');
  expect(news.read([{ ...comment('g', 'luis'), replies: [] }], name)).toBe(
    'luis commented on the whole call',
  );
});
