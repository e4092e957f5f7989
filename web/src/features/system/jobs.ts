import type { Backlog, JobCount } from '@/lib/api/types';
import { formatLeft } from '@/lib/time';

export const STATES = ['queued', 'running', 'failed', 'cancelled', 'done'] as const;
export type JobState = (typeof STATES)[number];

export const STATE_NAMES: Readonly<Record<JobState, string>> = {
  queued: 'Waiting',
  running: 'Running',
  failed: 'Failed',
  cancelled: 'Stopped',
  done: 'Done',
};

/** In the order in which a recording goes through them. */
const KIND_NAMES: Readonly<Record<string, string>> = {
  'call.store': 'Store the recording',
  'call.analyze': 'Find the speech',
  'call.transcribe': 'Write the transcript',
  'call.publish': 'Make the call ready',
  'media.delete': 'Clear away deleted files',
};

export type JobRow = { kind: string; name: string; counts: Readonly<Record<JobState, number>> };

/** One row for each kind of job; kinds that this version does not know come last, under their own name. */
export function jobRows(counts: readonly JobCount[]): JobRow[] {
  const known = Object.keys(KIND_NAMES);
  const kinds = new Set([...known, ...counts.map(({ kind }) => kind).toSorted()]);
  return [...kinds].map((kind) => {
    const count = (state: JobState) =>
      counts
        .filter((one) => one.kind === kind && one.state === state)
        .reduce((sum, one) => sum + one.count, 0);
    return {
      kind,
      name: KIND_NAMES[kind] ?? kind,
      counts: {
        queued: count('queued'),
        running: count('running'),
        failed: count('failed'),
        cancelled: count('cancelled'),
        done: count('done'),
      },
    };
  });
}

/** How far behind the work is, in one sentence. */
export function backlogWords(counts: readonly JobCount[]): string {
  const sum = (state: JobState) =>
    counts.filter((one) => one.state === state).reduce((total, one) => total + one.count, 0);
  const [waiting, running] = [sum('queued'), sum('running')];
  if (waiting === 0 && running === 0) return 'All work is done: nothing waits.';
  if (waiting === 0)
    return running === 1 ? '1 job is running, nothing waits.' : `${running} jobs are running, nothing waits.`;
  if (running === 0) {
    return waiting === 1
      ? '1 job waits and none is running. If that lasts, see whether a worker is started.'
      : `${waiting} jobs wait and none is running. If that lasts, see whether a worker is started.`;
  }
  return waiting === 1 ? `1 job waits; running: ${running}.` : `${waiting} jobs wait; running: ${running}.`;
}

const rounded = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2 });
const HOUR_MS = 3_600_000;

/** How much waits to be transcribed and when it will be done; empty while nothing is known of the speed. */
export function paceWords(backlog: Backlog): string {
  const { hours_an_hour: hours, done_in_ms: doneMs } = backlog;
  if (hours === null || hours === undefined) return '';
  const pace = rounded.format(hours);
  if (backlog.recording_ms === 0 || doneMs === null || doneMs === undefined)
    return `About ${pace} hours of calls are transcribed in an hour here.`;
  const waiting = rounded.format(backlog.recording_ms / HOUR_MS);
  return `Hours of calls that wait for their words: ${waiting}, ${formatLeft(doneMs)}, at about ${pace} in an hour.`;
}
