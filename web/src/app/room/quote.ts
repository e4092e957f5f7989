import type { Segment } from '@/lib/api/types';
import type { Stretch } from '@/lib/room.svelte';

/** The words that are said in a stretch of the recording, by its channel or by all. */
export function quoteAt(
  segments: readonly Segment[],
  { startMs, endMs, channel }: Pick<Stretch, 'startMs' | 'endMs' | 'channel'>,
): string {
  return segments
    .filter(
      (it) => it.start_ms < endMs && it.end_ms > startMs && (channel === null || it.channel === channel),
    )
    .map(({ text, words }) => {
      if (words.length === 0) return text;
      // A word belongs where its middle is.
      const said = words.filter((it) => {
        const middle = (it.start_ms + it.end_ms) / 2;
        return middle >= startMs && middle < endMs;
      });
      return said.map((it) => it.text.trim()).join(' ');
    })
    .filter(Boolean)
    .join(' ');
}
