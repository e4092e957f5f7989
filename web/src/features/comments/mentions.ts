/** Who is meant by an @, and who may be. */
import type { Audience, Call, Person } from '@/lib/api/types';
import { standsAt, type Named } from './richtext';

const LONGEST_QUERY = 40;

export type MentionQuery = { fromAt: number; text: string };

/** What is being typed after an @ before the caret, or null. */
export function mentionQuery(text: string, caret: number): MentionQuery | null {
  const at = text.lastIndexOf('@', caret - 1);
  if (at < 0 || caret <= at || caret - at > LONGEST_QUERY) return null;
  if (at > 0 && /[\p{L}\p{N}_.]/u.test(text.charAt(at - 1))) return null;
  const query = text.slice(at + 1, caret);
  return /[\n@]|^\s|\s\s|\s\S+\s\S+\s/u.test(query) ? null : { fromAt: at, text: query };
}

/** For comparing names: without capitals and accents. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLocaleLowerCase();
}

/** People whose name, or a part of it, begins like this; those whose first name does come first. */
export function matchPeople<T extends Named>(people: readonly T[], query: string, most = 6): T[] {
  const wanted = plain(query);
  const rank = ({ name }: T) => {
    const text = plain(name);
    return text.startsWith(wanted)
      ? 0
      : text.split(/[\s-]+/u).some((part) => part.startsWith(wanted))
        ? 1
        : 2;
  };
  return people
    .map((person) => ({ person, rank: rank(person) }))
    .filter((it) => it.rank < 2)
    .sort((a, b) => a.rank - b.rank || a.person.name.localeCompare(b.person.name))
    .slice(0, most)
    .map((it) => it.person);
}

/** The text with what was typed after the @ made a whole name, and where the caret is then. */
export function completeMention(
  text: string,
  query: MentionQuery,
  name: string,
): { text: string; caret: number } {
  const after = text.slice(query.fromAt + 1 + query.text.length);
  const mention = `@${name}${/^[\s.,;:!?)]/u.test(after) ? '' : ' '}`;
  return { text: text.slice(0, query.fromAt) + mention + after, caret: query.fromAt + mention.length };
}

/**
 * The people whose names stand in the text after an @: those chosen from the list, and those typed in full where
 * only one is called that.
 */
export function mentionedIds(
  texts: readonly string[],
  chosen: readonly string[],
  people: readonly Named[],
): string[] {
  const text = texts.join('\n');
  const written = people.filter(({ name }) => mentions(text, name));
  return written
    .filter(
      ({ id, name }) =>
        chosen.includes(id) ||
        !written.some(
          (other) => other.id !== id && sameOrLonger(other.name, name, chosen.includes(other.id)),
        ),
    )
    .map(({ id }) => id);
}

/** Whether `other` is why `name` stands there: somebody chosen of that name, or a name that goes on from it. */
function sameOrLonger(other: string, name: string, otherChosen: boolean): boolean {
  return plain(other) === plain(name)
    ? otherChosen || other === name
    : plain(other).startsWith(`${plain(name)} `);
}

function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const free = at === 0 || !/[\p{L}\p{N}_]/u.test(text.charAt(at - 1));
    if (free && standsAt(text, at + 1, name)) return true;
  }
  return false;
}

type Access = Pick<Call, 'visibility' | 'team_id' | 'owner_id' | 'invited'>;

/** Whether somebody can be mentioned on a call: as the server decides who sees it. */
export function seesCall(person: Person, call: Access): boolean {
  if (person.erased || person.disabled) return false;
  if (person.role === 'admin' || call.visibility === 'org') return true;
  if (call.owner_id === person.id || call.invited.includes(person.id)) return true;
  return call.visibility === 'team' && call.team_id != null && person.team_ids.includes(call.team_id);
}

/** Whether somebody who sees the call sees a comment on it, too, and so can be mentioned in answers. */
export function seesComment(
  person: Pick<Person, 'id'>,
  comment: { author_id: string; audience: Audience; mentions: readonly string[] },
): boolean {
  if (comment.author_id === person.id || comment.audience === 'call') return true;
  return comment.audience === 'mentioned' && comment.mentions.includes(person.id);
}
