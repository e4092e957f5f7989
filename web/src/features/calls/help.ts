import type { Call, Person, Team } from '@/lib/api/types';
import { peopleChoices, personName } from '@/lib/people';
import { teamName } from '@/lib/teams';
import { defOf, type FilterName } from './filters';

/** What filters and fields offer to choose from. */
export type FilterHelp = {
  people: readonly (readonly [id: string, name: string])[];
  teams: readonly (readonly [id: string, name: string])[];
  /** What the calls in sight are labelled with. */
  used: { tags: readonly string[]; stages: readonly string[] };
};

export function filterHelp(
  people: ReadonlyMap<string, Person> | undefined,
  teams: readonly Team[] | undefined,
  calls: readonly Call[],
): FilterHelp {
  return {
    people: peopleChoices(people).map(({ value, label }) => [value, label]),
    teams: (teams ?? []).map((team) => [team.id, team.name] as const),
    used: {
      tags: distinct(calls.flatMap((call) => call.tags)),
      stages: distinct(calls.map((call) => call.deal.stage)),
    },
  };
}

function distinct(words: readonly (string | null | undefined)[]): string[] {
  return [...new Set(words.filter((word) => word != null && word !== '') as string[])].sort((a, b) =>
    a.localeCompare(b),
  );
}

/** What a filter's chip says. */
export function chipWords(
  name: FilterName,
  value: string,
  people: ReadonlyMap<string, Person> | undefined,
  teams: readonly Team[] | undefined,
): string {
  const def = defOf(name);
  if (def.kind === 'person') return def.words(personName(people, value));
  if (def.kind === 'team') return def.words(teamName(teams, value));
  return def.words(value);
}
