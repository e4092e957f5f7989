import { expect, it } from 'vitest';
import type { Person } from '@/lib/api/types';
import { completeMention, matchPeople, mentionedIds, mentionQuery, seesCall, seesComment } from './mentions';

const named = (id: string, name: string) => ({ id, name });
const team = [named('1', 'Ana Torres'), named('2', 'Luis Meyer'), named('3', 'Zoë Ana-Lim')];

it.each([
  ['@', 1, ''],
  ['Hi @Lu', 6, 'Lu'],
  ['Hi @Luis Me', 11, 'Luis Me'],
  ['(@lu) and more', 4, 'lu'],
  ['Hi @Luis, x', 6, 'Lu'],
])('in %j at %d, %j is asked for', (text, caret, query) =>
  expect(mentionQuery(text, caret)?.text).toBe(query),
);

it.each([
  ['mail ana@work', 13],
  ['Hi @Luis\nx', 10],
  ['@ x', 3],
  ['Hi', 2],
  ['@Luis Meyer said this', 17],
  ['@x', 0],
])('in %j at %d, nobody is', (text, caret) => expect(mentionQuery(text, caret)).toBeNull());

it('matches parts of names, with and without accents, first names first', () => {
  expect(matchPeople(team, 'an').map((it) => it.id)).toEqual(['1', '3']);
  expect(matchPeople(team, 'zoe').map((it) => it.id)).toEqual(['3']);
  expect(matchPeople(team, 'Luis M').map((it) => it.id)).toEqual(['2']);
  expect(matchPeople(team, 'x')).toEqual([]);
});

it('completes names and leaves the caret behind them', () => {
  const query = { fromAt: 3, text: 'lu' };
  expect(completeMention('Hi @lu', query, 'Luis Meyer')).toEqual({ text: 'Hi @Luis Meyer ', caret: 15 });
  expect(completeMention('Hi @lu, x', query, 'Luis Meyer')).toEqual({ text: 'Hi @Luis Meyer, x', caret: 14 });
});

it('knows who is mentioned', () => {
  expect(mentionedIds(['Hi @luis meyer and @Ana'], [], team)).toEqual(['2']);
  expect(mentionedIds(['no one', 'a@Luis Meyer'], ['2'], team)).toEqual([]);
  const twins = [named('4', 'Max Li'), named('5', 'Max Li'), named('6', 'Max Li Jun')];
  expect(mentionedIds(['@Max Li'], [], twins)).toEqual([]);
  expect(mentionedIds(['@Max Li'], ['5'], twins)).toEqual(['5']);
  expect(mentionedIds(['@Max Li Jun'], [], twins)).toEqual(['6']);
});

it('offers those who see the call', () => {
  const person = (rest: Partial<Person>): Person => ({
    id: '1',
    name: 'A',
    role: 'rep',
    team_ids: ['t'],
    disabled: false,
    erased: false,
    ...rest,
  });
  const call = { visibility: 'team' as const, team_id: 't', owner_id: '9', invited: ['8'] };
  expect(seesCall(person({}), call)).toBe(true);
  expect(seesCall(person({ team_ids: [] }), call)).toBe(false);
  expect(seesCall(person({ team_ids: [], id: '8' }), call)).toBe(true);
  expect(seesCall(person({ team_ids: [], id: '9' }), call)).toBe(true);
  expect(seesCall(person({ team_ids: [], role: 'admin' }), call)).toBe(true);
  expect(seesCall(person({ disabled: true }), call)).toBe(false);
  expect(seesCall(person({}), { ...call, visibility: 'private' })).toBe(false);
  expect(seesCall(person({ team_ids: [] }), { ...call, visibility: 'org' })).toBe(true);
});

it('offers for answers those who see the comment', () => {
  const comment = { author_id: '1', audience: 'mentioned' as const, mentions: ['2'] };
  expect(['1', '2', '3'].map((id) => seesComment({ id }, comment))).toEqual([true, true, false]);
  expect(seesComment({ id: '3' }, { ...comment, audience: 'call' })).toBe(true);
  expect(seesComment({ id: '2' }, { ...comment, audience: 'author' })).toBe(false);
});
