import { expect, it } from 'vitest';
import {
  draftOf,
  EMPTY,
  isBlank,
  movedTo,
  readDesk,
  slots,
  withTemplate,
  writeDesk,
  type Draft,
  type Outgoing,
} from './drafts';

const about = { startMs: 1000, endMs: 2000, channel: 1, quote: 'so' };
const draft: Draft = { ...EMPTY, kind: 'improve', body: 'Wait here', mentions: ['user_1'], about };
const outgoing: Outgoing = {
  key: 'k',
  parentId: null,
  draft,
  mentions: ['user_1'],
  atMs: 5,
  state: 'sending',
  problem: '',
};

it('brings back drafts, and what was on its way as not sent', () => {
  const text = writeDesk({ drafts: { [slots.fresh]: draft, [slots.reply('a')]: draft }, outbox: [outgoing] });
  expect(readDesk(text)).toEqual({
    drafts: { new: draft, 'reply:a': draft },
    outbox: [{ ...outgoing, state: 'failed' }],
  });
});

it('keeps nothing of nothing', () => {
  expect(isBlank({ ...EMPTY, body: ' \n' })).toBe(true);
  expect(isBlank({ ...EMPTY, impact: 'x' })).toBe(false);
  expect(writeDesk({ drafts: { new: EMPTY }, outbox: [] })).toBeNull();
});

it.each([
  null,
  '',
  'x',
  '[]',
  '{"drafts":3}',
  '{"drafts":{"new":{"body":"x"}}}',
  '{"drafts":{"new":{"body":"x","about":{"startMs":2,"endMs":1}}},"outbox":[{"key":1}]}',
])('reads %j as nothing', (text) => expect(readDesk(text)).toEqual({ drafts: {}, outbox: [] }));

it('mends what it does not know', () => {
  const text = '{"drafts":{"new":{"body":"x","kind":"?","audience":"?","mentions":[1,"a"],"about":"call"}}}';
  expect(readDesk(text).drafts.new).toEqual({ ...EMPTY, body: 'x', mentions: ['a'] });
});

it('puts a template behind what is there', () => {
  const template = { id: 't', owner_id: 'u', shared: false, title: 'T', version: 1, created_at: 1 };
  const words = { ...template, kind: 'praise' as const, body: 'Well done', impact: 'They smiled' };
  expect(withTemplate(EMPTY, words)).toMatchObject({
    kind: 'praise',
    body: 'Well done',
    impact: 'They smiled',
  });
  expect(withTemplate(draft, words)).toMatchObject({ kind: 'improve', body: 'Wait here\nWell done' });
});

it('puts an edited comment elsewhere only when it is not there already', () => {
  const anchor = { start_ms: 1000, end_ms: 2000, channel: 1, quote: 'so', prefix: '', suffix: '' };
  const said = { kind: 'note', audience: 'call', mentions: [], reactions: [], version: 1 } as const;
  const facts = { id: 'c', call_id: 'l', author_id: 'u', body: 'x', created_at: 1 };
  const comment = {
    ...facts,
    ...said,
    mentions: [],
    reactions: [],
    anchor: { ...anchor, status: 'exact' as const },
  };
  const edited = draftOf(comment);
  expect(edited.about).toEqual(about);
  expect(movedTo(comment, edited)).toBeNull();
  const later = { ...about, endMs: 2500, quote: '' };
  expect(movedTo(comment, { ...edited, about: later })).toEqual(later);
  // Where it has to be checked, saving it confirms the place.
  const unsure = { ...comment, anchor: { ...anchor, status: 'check' as const } };
  expect(movedTo(unsure, draftOf(unsure))).toEqual(about);
  const whole = { ...comment, anchor: null };
  expect([draftOf(whole).about, movedTo(whole, draftOf(whole))]).toEqual(['call', null]);
});
