import { expect, it } from 'vitest';
import type { Call, Person } from '@/lib/api/types';
import { askable, endOfDay } from './ask';

const person = (id: string, change: Partial<Person> = {}): Person => ({
  id,
  name: id,
  role: 'rep',
  team_ids: ['east'],
  disabled: false,
  erased: false,
  ...change,
});
const people = [
  person('owner'),
  person('me'),
  person('mate'),
  person('away', { disabled: true }),
  person('other', { team_ids: [] }),
  person('guest', { team_ids: [] }),
  person('boss', { role: 'admin', team_ids: [] }),
];
const call = {
  owner_id: 'owner',
  team_id: 'east',
  visibility: 'team',
  invited: ['guest'],
} as unknown as Call;
const names = (visibility: Call['visibility']) =>
  askable(people, { ...call, visibility }, 'me').map(({ id }) => id);

it('asks only those who see the call', () => {
  expect(names('team')).toEqual(['mate', 'guest', 'boss']);
  expect(names('private')).toEqual(['guest', 'boss']);
  expect(names('org')).toEqual(['mate', 'other', 'guest', 'boss']);
});

it('means the whole day', () => {
  expect(endOfDay('2026-11-30')).toBe(new Date(2026, 10, 30, 23, 59).getTime());
  expect([endOfDay(''), endOfDay('soon')]).toEqual([null, null]);
});
