import type { Moment } from '@/lib/api/types';

type Kind = keyof Moment['comments'];

const ONE: Readonly<Record<Kind, string>> = {
  praise: '1 comment on what worked',
  improve: '1 comment to try next time',
  question: '1 question',
  note: '1 note',
  replies: '1 reply',
};

const MANY: Readonly<Record<Kind, (count: number) => string>> = {
  praise: (count) => `${count} comments on what worked`,
  improve: (count) => `${count} comments to try next time`,
  question: (count) => `${count} questions`,
  note: (count) => `${count} notes`,
  replies: (count) => `${count} replies`,
};

export function countWords(kind: Kind, count: number): string {
  return count === 1 ? ONE[kind] : MANY[kind](count);
}

/** How many moments are listed; the server tells no total, so a list that goes on says so. */
export function listWords(count: number, more: boolean): string {
  if (more) return `${count} moments, and more`;
  return count === 1 ? '1 moment' : `${count} moments`;
}
