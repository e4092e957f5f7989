/** The words of a comment as pieces to show. Text stays text: nothing in it becomes markup. */

export type Piece =
  | { kind: 'text'; text: string }
  | { kind: 'link'; text: string; href: string }
  | { kind: 'mention'; text: string; id: string };

export type Named = { id: string; name: string };

const LINK = /\bhttps?:\/\/[^\s<>"“”]+/giu;
const WORD = /[\p{L}\p{N}_]/u;

/** `body` cut into plain words, links that are safe to follow, and the mentions of `people`. */
export function pieces(body: string, people: readonly Named[]): Piece[] {
  const found: Piece[] = [];
  let at = 0;
  for (const match of body.matchAll(LINK)) {
    const text = trimLink(match[0]);
    const href = safeLink(text);
    if (!href) continue;
    found.push(...mentionPieces(body.slice(at, match.index), people), { kind: 'link', text, href });
    at = match.index + text.length;
  }
  return [...found, ...mentionPieces(body.slice(at), people)];
}

/** What follows a link in a sentence is not part of it; brackets are where they are opened in it. */
function trimLink(link: string): string {
  let text = link;
  for (;;) {
    const last = text.at(-1) ?? '';
    const unopened = last === ')' && text.split('(').length < text.split(')').length;
    if (!".,;:!?'’…]}*_".includes(last) && !unopened) return text;
    text = text.slice(0, -1);
  }
}

function safeLink(text: string): string | null {
  try {
    const url = new URL(text);
    const web = url.protocol === 'https:' || url.protocol === 'http:';
    // A name before the host makes a link look like another.
    return web && url.hostname !== '' && url.username === '' && url.password === '' ? url.href : null;
  } catch {
    return null;
  }
}

/** Spellings of somebody after an @, the longest first: people write first names, too. */
function spellings(people: readonly Named[]): { id: string; text: string }[] {
  const whole = people.map(({ id, name }) => ({ id, text: name }));
  const first = people.map(({ id, name }) => ({ id, text: name.split(/\s/u)[0] ?? '' }));
  return [...whole, ...first].filter(({ text }) => text !== '').sort((a, b) => b.text.length - a.text.length);
}

function mentionPieces(text: string, people: readonly Named[]): Piece[] {
  const names = text.includes('@') ? spellings(people) : [];
  if (names.length === 0) return text === '' ? [] : [{ kind: 'text', text }];
  const found: Piece[] = [];
  let plain = '';
  for (let at = 0; at < text.length;) {
    const free = at === 0 || !WORD.test(text.charAt(at - 1));
    const name =
      text.charAt(at) === '@' && free ? names.find((it) => standsAt(text, at + 1, it.text)) : undefined;
    if (!name) {
      plain += text.charAt(at);
      at += 1;
      continue;
    }
    if (plain !== '') found.push({ kind: 'text', text: plain });
    plain = '';
    const end = at + 1 + name.text.length;
    found.push({ kind: 'mention', text: text.slice(at, end), id: name.id });
    at = end;
  }
  if (plain !== '') found.push({ kind: 'text', text: plain });
  return found;
}

/** Whether a whole name stands there, in capitals or not. */
export function standsAt(text: string, at: number, name: string): boolean {
  const there = text.slice(at, at + name.length);
  return there.toLocaleLowerCase() === name.toLocaleLowerCase() && !WORD.test(text.charAt(at + name.length));
}
