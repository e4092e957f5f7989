import type { Call, Segment, SpeakerRole } from '@/lib/api/types';
import { coveredMs } from '@/lib/ranges';

export type Talk = { channel: number; role: SpeakerRole; name: string; talkMs: number; percent: number };

/** How long each speaker talks, by channel, and their share of all talk; shares add up to 100. */
export function talkShares(segments: readonly Segment[]): Talk[] {
  const byChannel = new Map<number, Segment[]>();
  for (const segment of segments) {
    const list = byChannel.get(segment.channel);
    if (list) list.push(segment);
    else byChannel.set(segment.channel, [segment]);
  }
  const talks = [...byChannel.entries()]
    .sort(([a], [b]) => a - b)
    .flatMap(([channel, list]) => {
      const speaker = list[0]?.speaker;
      if (!speaker) return [];
      const talkMs = coveredMs(list.map((s) => ({ startMs: s.start_ms, endMs: s.end_ms })));
      return [{ channel, role: speaker.role, name: speaker.name, talkMs, percent: 0 }];
    });
  const total = talks.reduce((sum, talk) => sum + talk.talkMs, 0);
  let left = 100;
  talks.forEach((talk, index) => {
    const share = index === talks.length - 1 ? left : Math.round((100 * talk.talkMs) / Math.max(1, total));
    talk.percent = total === 0 ? 0 : share;
    left -= share;
  });
  return talks;
}

/** The rep's and the others' share of the talking, in percent; null where it is not known. */
export function talkShare(call: Pick<Call, 'talk'>): { rep: number; other: number } | null {
  const permille = call.talk.rep_talk_permille;
  if (permille == null) return null;
  const rep = Math.round(permille / 10);
  return { rep, other: 100 - rep };
}
