import { createQuery } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { Person } from '@/lib/api/types';

/** Everybody by id, to name those that other answers point at. */
export function usePeople() {
  return createQuery(() => ({
    queryKey: keys.people,
    staleTime: 60_000,
    queryFn: async (): Promise<ReadonlyMap<string, Person>> => {
      const people = new Map<string, Person>();
      let after: string | null | undefined;
      do {
        const query = { limit: 200, ...(after && { after }) };
        const page = await unwrap(client.GET('/api/v1/people', { params: { query } }));
        for (const person of page.items) people.set(person.id, person);
        after = page.next;
      } while (after);
      return people;
    },
  }));
}

/** How to call somebody who may be gone or not loaded yet. */
export function personName(people: ReadonlyMap<string, Person> | undefined, id: string): string {
  const person = people?.get(id);
  if (!person) return people ? 'Somebody' : '…';
  return person.erased ? 'A former colleague' : person.name;
}

/** Up to two letters that stand for a name. */
export function initials(name: string): string {
  const parts = name.trim().split(/\s+/u);
  const letters = parts.length > 1 ? [parts[0], parts.at(-1)] : [parts[0]];
  return letters.map((part) => [...(part ?? '')][0]?.toLocaleUpperCase() ?? '').join('') || '?';
}

/** People to choose from, by name. */
export function peopleChoices(
  people: ReadonlyMap<string, Person> | undefined,
): { value: string; label: string }[] {
  return [...(people?.values() ?? [])]
    .filter((person) => !person.erased)
    .map((person) => ({ value: person.id, label: person.name }))
    .sort((a, b) => a.label.localeCompare(b.label));
}
