import type { Person } from '@/lib/api/types';
import { formatClock, formatWhen } from '@/lib/time';
import type { IconName } from '@/ui/Icon.svelte';
import type { Quick } from './api';
import { marked, oneLine, type ExcerptPart } from './excerpt';
import { best } from './rank';

/** Something that can be done from the palette. */
export type Command = {
  id: string;
  label: string;
  /** Other words for it. */
  others?: readonly string[];
  icon: IconName;
  keys?: string;
  run: () => void;
};

/** A line of the palette: it leads somewhere, does something, or searches again for what was searched before. */
export type Entry = {
  id: string;
  label: ExcerptPart[];
  /** What is said to screen readers after the label. */
  detail?: string;
  icon: IconName;
  keys?: string;
  /** What choosing it does. */
  act: { url: string } | { run: () => void } | { search: string };
};

export type Section = { name: string; entries: Entry[] };

const MOST_COMMANDS = 4;
const MOST_PEOPLE = 3;

/** Before anything is typed: the last searches, and what can be done. */
export function restingSections(recent: readonly string[], commands: readonly Command[]): Section[] {
  return [
    {
      name: 'Recent searches',
      entries: recent.slice(0, 5).map((text) => ({
        id: `recent-${text}`,
        label: [{ text, match: false }],
        icon: 'clock' as const,
        act: { search: text },
      })),
    },
    { name: 'Commands', entries: commands.map((command) => commandEntry(command, '')) },
  ].filter((section) => section.entries.length > 0);
}

/** What is known at once comes first, so that what the server finds comes below and moves nothing. */
export function typedSections(options: {
  typed: string;
  commands: readonly Command[];
  people: readonly Person[];
  quick: Quick | undefined;
  name: (id: string) => string;
  nowMs: number;
}): Section[] {
  const { typed, commands, people, quick, name, nowMs } = options;
  const persons = best(
    typed,
    people.filter((person) => !person.erased).map((person) => ({ label: person.name, id: person.id })),
    MOST_PEOPLE,
  );
  return [
    {
      name: 'Commands',
      entries: best(typed, commands, MOST_COMMANDS).map((command) => commandEntry(command, typed)),
    },
    { name: 'People', entries: persons.flatMap((person) => personEntries(person, typed)) },
    {
      name: 'Calls',
      entries: (quick?.calls ?? []).map((call) => ({
        id: call.id,
        label: marked(call.title, typed),
        detail: `${name(call.ownerId)} · ${formatWhen(call.at, nowMs)}`,
        icon: 'wave' as const,
        act: { url: `/calls/${call.id}` },
      })),
    },
    { name: 'Said and written', entries: (quick?.hits ?? []).map((hit) => hitEntry(hit, name)) },
    {
      name: 'Search',
      entries: [
        {
          id: 'everything',
          label: [{ text: `Search everything for “${typed.trim()}”`, match: false }],
          icon: 'search' as const,
          act: { search: typed.trim() },
        },
      ],
    },
  ].filter((section) => section.entries.length > 0);
}

function commandEntry(command: Command, typed: string): Entry {
  return {
    id: `command-${command.id}`,
    label: marked(command.label, typed),
    icon: command.icon,
    ...(command.keys && { keys: command.keys }),
    act: { run: command.run },
  };
}

function personEntries(person: { id: string; label: string }, typed: string): Entry[] {
  return [
    {
      id: `rep-${person.id}`,
      label: marked(person.label, typed),
      detail: 'Moments in their calls',
      icon: 'user',
      act: { url: `/moments?rep=${person.id}` },
    },
    {
      id: `by-${person.id}`,
      label: marked(person.label, typed),
      detail: 'What they wrote and scored',
      icon: 'edit',
      act: { url: `/moments?by=${person.id}` },
    },
  ];
}

function hitEntry(hit: Quick['hits'][number], name: (id: string) => string): Entry {
  const at = hit.start_ms == null ? 'whole call' : formatClock(hit.start_ms);
  const author = hit.kind === 'comment' && hit.author_id ? `${name(hit.author_id)} · ` : '';
  return {
    id: `${hit.kind}-${hit.id}`,
    label: oneLine(hit.excerpt),
    detail: `${author}${hit.call.title} · ${at}`,
    icon: hit.kind === 'comment' ? 'note' : 'play',
    act: { url: hit.url },
  };
}
