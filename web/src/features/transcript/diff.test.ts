import { describe, expect, it } from 'vitest';
import type { Edit, Segment } from '@/lib/api/types';
import { changesBetween, diffWords } from './diff';
import { editsOf, mayCorrect } from './edits';

const diff = (before: string, after: string) =>
  diffWords(before.split(' ').filter(Boolean), after.split(' ').filter(Boolean))
    .map(({ kind, text }) => (kind === 'same' ? text : kind === 'gone' ? `[-${text}]` : `[+${text}]`))
    .join(' ');

function said(start_ms: number, end_ms: number, text: string, channel = 0): Segment {
  const speaker = { role: 'rep' as const, name: `Speaker ${channel}` };
  return { id: `${start_ms}`, start_ms, end_ms, channel, text, words: [], edited: false, speaker };
}

describe('words', () => {
  it('that changed are shown, the rest stays', () => {
    expect(diff('too flow in the morning', 'too slow in the morning')).toBe(
      'too [-flow] [+slow] in the morning',
    );
    expect(diff('a b c', 'a c')).toBe('a [-b] c');
    expect(diff('a c', 'a b d c')).toBe('a [+b d] c');
    expect(diff('', 'a')).toBe('[+a]');
  });

  it('are the same whatever their case and punctuation', () => {
    expect(diff('Okay, let me', 'Okay. Let me')).toBe('Okay. Let me');
  });

  it('are taken together when they are too many to compare', () => {
    const many = Array.from({ length: 700 }, (_, index) => `a${index}`);
    expect(diffWords(many, many.map((word) => `${word}x`)).map(({ kind }) => kind)).toEqual(['gone', 'new']); // prettier-ignore
  });
});

it('compares versions between pauses, by speaker, in order', () => {
  const before = [said(0, 1000, 'good morning'), said(500, 900, 'hi', 1), said(5000, 6000, 'too flow')];
  const after = [said(0, 400, 'good'), said(400, 1000, 'morning'), said(500, 900, 'hey', 1), said(5100, 6100, 'too slow')]; // prettier-ignore
  expect(changesBetween(before, after)).toEqual([
    { startMs: 500, speaker: 'Speaker 1', pieces: [{ kind: 'gone', text: 'hi' }, { kind: 'new', text: 'hey' }] },
    {
      startMs: 5000,
      speaker: 'Speaker 0',
      pieces: [{ kind: 'same', text: 'too' }, { kind: 'gone', text: 'flow' }, { kind: 'new', text: 'slow' }],
    },
  ]); // prettier-ignore
  expect(changesBetween(before, before)).toEqual([]);
});

it('knows whose corrections a segment carries, the newest first', () => {
  const edit = (id: string, start_ms: number, created_at: number, channel = 0): Edit => ({
    id, author_id: 'u', start_ms, end_ms: start_ms + 100, channel, before: 'a', after: 'b',
    status: 'exact', reverted: false, created_at,
  }); // prettier-ignore
  const edits = [edit('a', 100, 1), edit('b', 300, 2), edit('c', 100, 3, 1), edit('d', 2000, 4)];
  expect(editsOf(edits, said(0, 1000, 'x')).map(({ id }) => id)).toEqual(['b', 'a']);
});

it('offers corrections to those whom the server lets', () => {
  const call = { owner_id: 'ana', team_id: 'team' };
  expect(mayCorrect({ id: 'ana', role: 'rep' }, call)).toBe(true);
  expect(mayCorrect({ id: 'luis', role: 'rep' }, call)).toBe(false);
  expect(mayCorrect({ id: 'carla', role: 'coach' }, call)).toBe(true);
  expect(mayCorrect({ id: 'carla', role: 'coach' }, { ...call, team_id: null })).toBe(false);
  expect(mayCorrect({ id: 'admin', role: 'admin' }, call)).toBe(true);
});
