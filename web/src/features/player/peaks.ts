/** The waveform's numbers: from the server's peaks (as BBC audiowaveform writes them) to heights of bars. */
import type { Peaks } from '@/lib/api/types';

/** Whether the numbers are there that the header promises. */
export function isWhole(peaks: Peaks): boolean {
  return peaks.channels >= 1 && peaks.length >= 1 && peaks.data.length >= 2 * peaks.channels * peaks.length;
}

/**
 * Heights of `count` bars for one channel, 0 to 1 of the sample format's range: each bar is the loudest
 * sample of its stretch. `data` holds a minimum and a maximum per channel for every pixel.
 */
export function barHeights(peaks: Peaks, channel: number, count: number): Float32Array {
  const heights = new Float32Array(Math.max(0, count));
  if (!isWhole(peaks) || channel < 0 || channel >= peaks.channels) return heights;
  const full = 2 ** (peaks.bits - 1);
  const stride = 2 * peaks.channels;
  for (let bar = 0; bar < heights.length; bar += 1) {
    const from = Math.min(peaks.length - 1, Math.floor((bar * peaks.length) / count));
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / count));
    let loudest = 0;
    for (let pixel = from; pixel < to; pixel += 1) {
      const at = pixel * stride + 2 * channel;
      loudest = Math.max(loudest, -(peaks.data[at] ?? 0), peaks.data[at + 1] ?? 0);
    }
    heights[bar] = Math.min(1, loudest / full);
  }
  return heights;
}

/**
 * What to multiply heights with so that quiet calls are readable: the loudest lane's 98th percentile fills
 * the lane, but never more than eight times enlarged, or the noise of a silent recording would look like speech.
 */
export function gainFor(lanes: readonly Float32Array[]): number {
  const loud = Math.max(0, ...lanes.map((lane) => percentile(lane, 0.98)));
  return loud > 0 ? Math.min(8, 1 / loud) : 1;
}

function percentile(values: Float32Array, share: number): number {
  if (values.length === 0) return 0;
  const sorted = values.slice().sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
