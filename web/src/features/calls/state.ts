import type { Call, CallState, Progress, Stage } from '@/lib/api/types';
import { formatLeft } from '@/lib/time';

export { mayRetry } from '@/lib/callProblems';

/** Whether no work is left to do on a call. */
export function isFinal(state: CallState): boolean {
  return state === 'ready' || state === 'failed' || state === 'cancelled';
}

/** Whether the server has the whole recording, so that it can be played. */
export function isPlayable(call: Call): boolean {
  if (call.recording_deleted_at != null) return false;
  if (call.duration_ms != null) return true;
  return call.state === 'processing' && call.progress != null && call.progress.stage !== 'store';
}

export const STATE_WORDS: Readonly<Record<CallState, string>> = {
  uploading: 'Uploading',
  queued: 'Waiting',
  processing: 'Working',
  ready: 'Ready',
  failed: 'Needs a look',
  cancelled: 'Stopped',
};

const STAGE_WORDS: Readonly<Record<Stage, string>> = {
  store: 'Storing',
  analyze: 'Listening for speech',
  transcribe: 'Transcribing',
  publish: 'Finishing',
};

export type ProgressWords = { stage: string; percent: number; left: string | null };

export function progressWords(progress: Progress): ProgressWords {
  return {
    stage: STAGE_WORDS[progress.stage],
    percent: Math.min(100, Math.max(0, Math.floor(progress.percent))),
    left: progress.eta_ms == null ? null : formatLeft(progress.eta_ms),
  };
}

/**
 * What a screen reader should hear about a call now. It changes with the state, the stage and every tenth
 * of the way, so that it informs without chattering.
 */
export function announcement(call: Pick<Call, 'state' | 'progress'>): string {
  if (call.state !== 'processing' || !call.progress) return STATE_WORDS[call.state];
  const { stage, percent } = progressWords(call.progress);
  return `${stage}, ${Math.floor(percent / 10) * 10} percent`;
}

const PROBLEM_TITLES: Readonly<Record<string, string>> = {
  empty_file: 'This file is empty',
  not_media: 'This is no recording',
  no_audio_track: 'There is no sound in this file',
  no_audio: 'There is no sound in this file',
  unknown_codec: 'This kind of recording is not known here',
  damaged: 'This file is damaged',
  too_long: 'This recording is too long',
  upload_expired: 'The upload was never finished',
  upload_terminated: 'The upload was stopped',
  worker_lost: 'The work broke off several times',
};

/** A heading for a problem code; the detail beside it says what to do. */
export function problemTitle(code: string): string {
  return PROBLEM_TITLES[code] ?? 'This recording could not be worked through';
}
