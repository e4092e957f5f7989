import { describe, expect, it } from 'vitest';
import { backlogWords, jobRows, paceWords } from './jobs';

const job = (kind: string, state: string, count: number) => ({ kind, state, count });

describe('the jobs', () => {
  it('come in the order of the work, with unknown ones last', () => {
    const rows = jobRows([
      job('tape.spool', 'done', 1),
      job('call.publish', 'failed', 2),
      job('call.store', 'done', 4),
    ]);
    expect(rows.map(({ kind }) => kind)).toEqual([
      'call.store',
      'call.analyze',
      'call.transcribe',
      'call.publish',
      'media.delete',
      'tape.spool',
    ]);
    expect(rows[0]?.counts).toEqual({ queued: 0, running: 0, failed: 0, cancelled: 0, done: 4 });
    expect(rows[3]?.counts.failed).toBe(2);
    expect(rows[5]?.name).toBe('tape.spool');
  });

  it('say how far behind they are', () => {
    const store = (state: string, count: number) => job('call.store', state, count);
    expect(backlogWords([store('done', 9)])).toContain('nothing waits');
    expect(backlogWords([store('running', 1)])).toBe('1 job is running, nothing waits.');
    expect(backlogWords([store('queued', 2), job('call.publish', 'queued', 1)])).toContain(
      '3 jobs wait and none',
    );
    expect(backlogWords([store('queued', 1), store('running', 2)])).toBe('1 job waits; running: 2.');
  });

  it('say when the last call will have its words', () => {
    const nothing = { calls: 0, unknown_length: 0, recording_ms: 0, hours_an_hour: null, done_in_ms: null };
    expect(paceWords(nothing)).toBe('');
    expect(paceWords({ ...nothing, hours_an_hour: 41.3, done_in_ms: 0 })).toBe(
      'About 41 hours of calls are transcribed in an hour here.',
    );
    const waiting = { ...nothing, calls: 2, recording_ms: 5_400_000, hours_an_hour: 30, done_in_ms: 180_000 };
    expect(paceWords(waiting)).toBe(
      'Hours of calls that wait for their words: 1.5, 3 min left, at about 30 in an hour.',
    );
  });
});
