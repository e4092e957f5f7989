import { describe, expect, it } from 'vitest';
import type { Call } from '@/lib/api/types';
import { applyEvent, readEvent } from './live';

const call: Call = {
  id: 'call_1',
  team_id: null,
  visibility: 'private',
  tags: [],
  participants: [],
  invited: [],
  deal: {},
  talk: {},
  comment_count: 0,
  redactions: 0,
  consent: { status: 'unknown' },
  owner_id: 'usr_1',
  title: 'A call',
  state: 'queued',
  priority: 'normal',
  progress: null,
  problem: null,
  duration_ms: null,
  language: null,
  channels: null,
  occurred_at: null,
  duplicate_of: null,
  has_transcript: false,
  created_at: 1,
  updated_at: 1,
  last_event: 3,
};
const segment = {
  id: 'seg_1',
  start_ms: 10,
  end_ms: 20,
  channel: 0,
  speaker: { role: 'rep', name: 'Ana' },
  text: 'Hello.',
  words: [],
};

describe('readEvent', () => {
  it('reads each type', () => {
    expect(readEvent('state', '{"state":"ready","problem":null}')).toEqual({
      type: 'state',
      state: 'ready',
      problem: null,
    });
    expect(readEvent('progress', '{"stage":"transcribe","percent":12.5,"eta_ms":9000}')).toEqual({
      type: 'progress',
      progress: { stage: 'transcribe', percent: 12.5, eta_ms: 9000 },
    });
    expect(readEvent('segment', JSON.stringify(segment))).toEqual({ type: 'segment', segment });
    expect(readEvent('call', '')).toEqual({ type: 'call' });
  });

  it.each([
    ['state', 'not json'],
    ['state', '{"state":"dancing"}'],
    ['progress', '{"stage":"transcribe"}'],
    ['progress', '[]'],
    ['segment', '{"id":"seg_1"}'],
    ['segment', 'null'],
    ['unknown', '{}'],
  ])('skips %s with %s', (type, data) => expect(readEvent(type, data)).toBeNull());
});

describe('applyEvent', () => {
  const progress = { stage: 'transcribe', percent: 40, eta_ms: null } as const;

  it('follows the work and forgets its progress when it ends', () => {
    const working = applyEvent(applyEvent(call, { type: 'state', state: 'processing', problem: null }), {
      type: 'progress',
      progress,
    });
    expect(working).toMatchObject({ state: 'processing', progress });
    const done = applyEvent(working, { type: 'state', state: 'ready', problem: null });
    expect(done).toMatchObject({ state: 'ready', progress: null });
  });

  it('keeps the problem of a failed call and drops it when it starts again', () => {
    const problem = { code: 'empty', detail: 'no sound' };
    const failed = applyEvent(call, { type: 'state', state: 'failed', problem });
    expect(failed.problem).toEqual(problem);
    expect(applyEvent(failed, { type: 'state', state: 'queued', problem: null }).problem).toBeNull();
  });

  it('leaves the call itself untouched', () => {
    expect(applyEvent(call, { type: 'call' })).toBe(call);
    expect(call.state).toBe('queued');
  });
});
