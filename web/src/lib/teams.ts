import { createQuery } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { Team } from '@/lib/api/types';

/** All teams, in the order of their names. */
export function useTeams() {
  return createQuery(() => ({
    queryKey: [...keys.teams, 'all'],
    staleTime: 60_000,
    queryFn: async (): Promise<readonly Team[]> => (await unwrap(client.GET('/api/v1/teams'))).items,
  }));
}

export function teamName(teams: readonly Team[] | undefined, id: string): string {
  return teams?.find((team) => team.id === id)?.name ?? (teams ? 'A former team' : '…');
}
