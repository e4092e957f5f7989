import type { Role, SpeakerRole, Tracker, TrackerHit } from '@/lib/api/types';

const MOST = 200;
const LONGEST = 100;

export type Draft = { title: string; description: string; phrases: string; role: SpeakerRole | null };

export const NO_DRAFT: Draft = { title: '', description: '', phrases: '', role: null };

export function draftOf(tracker: Tracker): Draft {
  const { title, description, phrases, speaker_role } = tracker;
  return { title, description, phrases: phrases.join('\n'), role: speaker_role ?? null };
}

/** The phrases of a text with one on each line, each once. */
export function readPhrases(text: string): string[] {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const phrase = line.trim().replace(/\s+/g, ' ');
    const known = phrase.toLocaleLowerCase();
    if (phrase !== '' && !found.has(known)) found.set(known, phrase);
  }
  return [...found.values()];
}

/** What keeps phrases from being saved, in words; null when nothing does. */
export function phraseProblem(phrases: readonly string[]): string | null {
  if (phrases.length === 0) return 'Write at least one phrase, each on a line of its own.';
  if (phrases.length > MOST) return `These are ${phrases.length} phrases. ${MOST} are the most.`;
  const long = phrases.find((phrase) => phrase.length > LONGEST);
  if (long) return `“${long.slice(0, 40)}…” is too long: ${LONGEST} letters are the most.`;
  const empty = phrases.find((phrase) => !/[\p{L}\p{N}]/u.test(phrase));
  return empty ? `“${empty}” has no word in it.` : null;
}

export const ROLE_WORDS: Readonly<Record<SpeakerRole | 'all', string>> = {
  all: 'Whoever says it',
  rep: 'When the rep says it',
  customer: 'When the customer says it',
  other: 'When somebody else says it',
};

export function phraseCount(count: number): string {
  return count === 1 ? '1 phrase' : `${count} phrases`;
}

/** The server decides; this only hides what it would refuse. */
export function mayChange(role: Role): boolean {
  return role !== 'rep';
}

export type Said = { tracker: Tracker; hits: TrackerHit[] };

/** What trackers found in a call, those with most first; hits of trackers that are gone are left out. */
export function byTracker(hits: readonly TrackerHit[], trackers: readonly Tracker[]): Said[] {
  return trackers
    .map((tracker) => ({ tracker, hits: hits.filter((hit) => hit.tracker_id === tracker.id) }))
    .filter((said) => said.hits.length > 0)
    .sort((a, b) => b.hits.length - a.hits.length);
}
