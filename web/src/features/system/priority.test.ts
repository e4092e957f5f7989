import { describe, expect, it } from 'vitest';
import { choosable, inOrder } from './priority';
import type { Call } from '@/lib/api/types';

const call = (fields: Partial<Call>) =>
  ({
    id: 'c',
    owner_id: 'ann',
    team_id: 'ours',
    state: 'queued',
    priority: 'normal',
    created_at: 0,
    ...fields,
  }) as Call;

describe('who may give a call which priority', () => {
  it('lets administrators and coaches of the team have it done next', () => {
    expect(choosable({ id: 'root', role: 'admin', team_ids: [] }, call({}))).toContain('high');
    expect(choosable({ id: 'cat', role: 'coach', team_ids: ['ours'] }, call({}))).toContain('high');
  });

  it('lets owners wait, and others not at all', () => {
    expect(choosable({ id: 'ann', role: 'rep', team_ids: ['ours'] }, call({}))).toEqual(['normal', 'low']);
    expect(choosable({ id: 'ben', role: 'rep', team_ids: ['ours'] }, call({}))).toEqual([]);
    expect(choosable({ id: 'cat', role: 'coach', team_ids: ['theirs'] }, call({}))).toEqual([]);
    expect(choosable({ id: 'cat', role: 'coach', team_ids: ['ours'] }, call({ team_id: null }))).toEqual([]);
  });
});

describe('the order of waiting calls', () => {
  it('has urgent ones first, then what was begun, then the oldest', () => {
    const calls = [
      call({ id: 'low', priority: 'low' }),
      call({ id: 'new', created_at: 2 }),
      call({ id: 'old', created_at: 1 }),
      call({ id: 'begun', state: 'processing', created_at: 3 }),
      call({ id: 'next', priority: 'high', created_at: 4 }),
    ];
    expect(inOrder(calls).map(({ id }) => id)).toEqual(['next', 'begun', 'old', 'new', 'low']);
  });
});
