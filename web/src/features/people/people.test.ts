import { describe, expect, it } from 'vitest';
import type { Person, User } from '@/lib/api/types';
import { findRows, isSameName, makeRows } from './people';

const person = (id: string, more: Partial<Person> = {}): Person => ({
  id,
  name: id,
  role: 'rep',
  team_ids: [],
  disabled: false,
  erased: false,
  ...more,
});
const user = (id: string): User => ({
  id,
  name: id,
  email: `${id.toLowerCase()}@example.com`,
  role: 'rep',
  disabled: false,
  created_at: 0,
});

describe('the list of people', () => {
  const people = [
    person('Zoe', { role: 'coach', team_ids: ['t1'] }),
    person('Gone', { erased: true, disabled: true }),
    person('Áine', { team_ids: ['t1'] }),
    person('Bo', { disabled: true }),
  ];
  const rows = makeRows(people, [user('Zoe')]);
  const find = (wanted: string, role: 'coach' | null = null) =>
    findRows(rows, wanted, role, (id) => (id === 't1' ? 'Team East' : '?')).map(({ id }) => id);

  it('is in the order of names, shut accounts last, forgotten ones left out', () => {
    expect(rows.map(({ id }) => id)).toEqual(['Áine', 'Zoe', 'Bo']);
  });

  it('has the address where it is known', () => {
    expect(rows.map(({ email }) => email)).toEqual([null, 'zoe@example.com', null]);
  });

  it('finds by name, address, team, role and state, without regard to accents', () => {
    expect(find('')).toEqual(['Áine', 'Zoe', 'Bo']);
    expect(find('AINE')).toEqual(['Áine']);
    expect(find('zoe@')).toEqual(['Zoe']);
    expect(find('east coach')).toEqual(['Zoe']);
    expect(find('disabled')).toEqual(['Bo']);
    expect(find('', 'coach')).toEqual(['Zoe']);
    expect(find('aine', 'coach')).toEqual([]);
  });
});

describe('the name typed to confirm', () => {
  it('is taken however it is spaced', () => {
    expect(isSameName(' ana  torres ', 'Ana Torres')).toBe(true);
    expect(isSameName('José', 'Jose\u0301')).toBe(true);
    expect(isSameName('Ana', 'Ana Torres')).toBe(false);
    expect(isSameName('', 'Ana')).toBe(false);
  });
});
