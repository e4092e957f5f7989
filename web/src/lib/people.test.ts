import { expect, it } from 'vitest';
import { initials, personName } from './people';

it.each([
  ['Ana Ruiz', 'AR'],
  ['  luis  maria  paz ', 'LP'],
  ['Cher', 'C'],
  ['', '?'],
  ['🎉 Party', '🎉P'],
])('initials of %j', (name, letters) => expect(initials(name)).toBe(letters));

it('names people, those who are gone and those not loaded', () => {
  const ana = {
    id: 'user_1',
    name: 'Ana',
    role: 'rep' as const,
    team_ids: [],
    disabled: false,
    erased: false,
  };
  const people = new Map([
    ['user_1', ana],
    ['user_2', { ...ana, erased: true }],
  ]);
  expect(personName(people, 'user_1')).toBe('Ana');
  expect(personName(people, 'user_2')).toBe('A former colleague');
  expect(personName(people, 'user_3')).toBe('Somebody');
  expect(personName(undefined, 'user_1')).toBe('…');
});
