/** Problems of the file itself: working on it again ends the same way. */
const LASTING = new Set(['empty_file', 'not_media', 'no_audio_track', 'no_audio', 'damaged', 'too_long']);

/** Whether a call that failed for this reason may get through at another try. */
export function mayRetry(code: string): boolean {
  return !LASTING.has(code);
}
