import { expect, it } from 'vitest';
import type { Call } from '@/lib/api/types';
import { announcement, isPlayable, mayRetry, problemTitle, progressWords } from './state';

const working = (percent: number): Pick<Call, 'state' | 'progress'> => ({
  state: 'processing',
  progress: { stage: 'transcribe', percent, eta_ms: 90_000 },
});

it('never rounds up to 100 percent, nor shows numbers out of bounds', () => {
  const percent = (value: number) =>
    progressWords({ stage: 'publish', percent: value, eta_ms: null }).percent;
  expect([99.9, 100, 140, -3].map(percent)).toEqual([99, 100, 100, 0]);
});

it('announces each tenth once', () => {
  const said = new Set(Array.from({ length: 1000 }, (_, i) => announcement(working(i / 10))));
  expect(said.size).toBe(10);
  expect(announcement(working(47))).toBe('Transcribing, 40 percent');
});

it('plays once the recording is joined', () => {
  const call = (stage: 'store' | 'analyze') =>
    ({ state: 'processing', duration_ms: null, progress: { stage, percent: 0, eta_ms: null } }) as Call;
  expect(isPlayable(call('store'))).toBe(false);
  expect(isPlayable(call('analyze'))).toBe(true);
});

it('has a heading for every problem, known or not', () => {
  expect(problemTitle('no_audio_track')).toContain('no sound');
  expect(problemTitle('something_new')).not.toBe('');
});

it('offers another try only where it can help', () => {
  expect(['not_media', 'damaged', 'worker_lost', 'io', ''].map(mayRetry)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
});
