import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '@/lib/api/types';
import { ACTIONS, auditSentence, detailLines, textAt } from './sentences';

const names = {
  person: (id: string) => ({ u1: 'Ana', u2: 'Luis' })[id] ?? 'Somebody',
  team: (id: string) => (id === 't1' ? 'East' : 'A former team'),
};

function say(action: string, more: Partial<Omit<AuditEntry, 'detail'>> & { detail?: object } = {}): string {
  const entry = {
    id: 'a1',
    at: 0,
    actor_id: 'u1',
    target_kind: 'thing',
    target_id: 'x1',
    ...more,
    action,
    detail: (more.detail ?? {}) as AuditEntry['detail'],
  };
  return auditSentence(entry, names);
}

describe('the sentence of an audit entry', () => {
  it.each(Object.keys(ACTIONS))('is whole for %s', (action) => {
    const text = say(action);
    expect(text).toMatch(/^[A-Z].*\.$/);
    expect(text).not.toMatch(/undefined|null|\[object/);
  });

  it('tells a refusal with and without an account', () => {
    expect(say('session.refuse', { actor_id: null, target_id: 'u2' })).toBe(
      'Somebody tried to sign in as Luis, and was refused.',
    );
    expect(say('session.refuse', { actor_id: null, target_id: 'unknown' })).toContain('does not exist');
  });

  it('tells what changed', () => {
    expect(say('user.role', { target_id: 'u2', detail: { before: 'rep', after: 'coach' } })).toBe(
      'Ana changed the role of Luis from Rep to Coach.',
    );
    const team = { target_id: 't1' };
    expect(say('team.change', { ...team, detail: { added: 'u2' } })).toBe(
      'Ana put Luis into the team “East”.',
    );
    expect(say('team.change', { ...team, detail: { removed: 'u2' } })).toContain('out of the team “East”');
    expect(say('team.change', { ...team, detail: { name: { before: 'W', after: 'East' } } })).toBe(
      'Ana renamed the team “W” to “East”.',
    );
    expect(say('rubric.publish', { detail: { version: 3 } })).toBe('Ana published version 3 of a rubric.');
  });

  it('tells whose it was', () => {
    expect(say('call.delete', { detail: { owner_id: 'u1' } })).toBe('Ana deleted a call of their own.');
    expect(say('call.delete', { detail: { owner_id: 'u2' } })).toBe('Ana deleted a call of Luis.');
    expect(say('user.password', { target_id: 'u1' })).toBe('Ana changed their password.');
    expect(say('user.password', { target_id: 'u2' })).toBe('Ana changed the password of Luis.');
  });

  it('tells what the command line did', () => {
    expect(say('user.create', { actor_id: null, target_id: 'u2', detail: { role: 'rep' } })).toBe(
      'The command line made an account for Luis, with the role Rep.',
    );
    expect(say('user.create', { target_id: 'u1', detail: { role: 'rep', invitation_id: 'i1' } })).toBe(
      'Ana joined with an invitation, with the role Rep.',
    );
  });

  it('names what it does not know as it is', () => {
    expect(say('tape.rewind')).toBe('Ana: tape.rewind, thing x1.');
  });
});

describe('the detail', () => {
  it('is read with care', () => {
    expect(textAt({ a: { b: 'c' } }, ['a', 'b'])).toBe('c');
    expect(textAt({ a: null }, ['a', 'b'])).toBeNull();
    expect(textAt('x', ['a'])).toBeNull();
  });

  it('comes as lines', () => {
    expect(
      detailLines({ role: 'rep', team_ids: ['t1', 't2'], before: { visibility: 'team', none: null } }),
    ).toEqual([
      { name: 'role', text: 'rep' },
      { name: 'team ids', text: 't1, t2' },
      { name: 'before, visibility', text: 'team' },
    ]);
    expect(detailLines({})).toEqual([]);
  });
});
