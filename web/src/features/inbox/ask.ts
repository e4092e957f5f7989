import type { Call, Person } from '@/lib/api/types';

/** Who can be asked to review a call: those who see it, but for its owner and the one who asks. */
export function askable(people: Iterable<Person>, call: Call, meId: string): Person[] {
  return [...people].filter((person) => {
    if (person.disabled || person.erased || person.id === call.owner_id || person.id === meId) return false;
    const inTeam = call.team_id != null && person.team_ids.includes(call.team_id);
    return (
      call.visibility === 'org' ||
      (call.visibility === 'team' && inTeam) ||
      call.invited.includes(person.id) ||
      person.role === 'admin'
    );
  });
}

/** The end of a day that a date field names, in the reader's own time; null for none. */
export function endOfDay(day: string): number | null {
  const ms = day === '' ? NaN : new Date(`${day}T23:59:00`).getTime();
  return Number.isNaN(ms) ? null : ms;
}
