import type { Person, Role, User } from '@/lib/api/types';
import { folded } from '@/lib/pages';
import { ROLE_NAMES } from '@/lib/roles';

/** Somebody as the list shows them; administrators also get the address. */
export type Row = {
  id: string;
  name: string;
  email: string | null;
  role: Role;
  teamIds: readonly string[];
  disabled: boolean;
};

/** Everybody who has not been forgotten, by name; those whose account is shut at the end. */
export function makeRows(people: Iterable<Person>, users: readonly User[]): Row[] {
  const emails = new Map(users.map((user) => [user.id, user.email]));
  return [...people]
    .filter((person) => !person.erased)
    .map((person) => ({
      id: person.id,
      name: person.name,
      email: emails.get(person.id) ?? null,
      role: person.role,
      teamIds: person.team_ids,
      disabled: person.disabled,
    }))
    .toSorted((a, b) => Number(a.disabled) - Number(b.disabled) || a.name.localeCompare(b.name));
}

/** The rows in which every word of `wanted` occurs: in the name, address, role or a team. */
export function findRows(
  rows: readonly Row[],
  wanted: string,
  role: Role | null,
  nameOfTeam: (id: string) => string,
): Row[] {
  const words = folded(wanted).split(/\s+/u).filter(Boolean);
  return rows.filter((row) => {
    if (role && row.role !== role) return false;
    const state = row.disabled ? 'disabled' : '';
    const text = folded(
      [row.name, row.email ?? '', ROLE_NAMES[row.role], state, ...row.teamIds.map(nameOfTeam)].join(' '),
    );
    return words.every((word) => text.includes(word));
  });
}

/** Whether somebody typed the name that they were asked for. */
export function isSameName(typed: string, name: string): boolean {
  const plain = (text: string) => text.normalize('NFC').trim().replace(/\s+/gu, ' ').toLocaleLowerCase();
  return plain(typed) === plain(name);
}
