import type { Visibility } from '@/lib/api/types';

/** Who sees a call, in whole sentences; `owner` is null for the reader's own. */
export function visibilityWords(visibility: Visibility, owner: string | null, team: string | null): string {
  switch (visibility) {
    case 'private':
      return owner === null
        ? 'Only you and the people you invite see it'
        : `Only ${owner} and invited people see it`;
    case 'team':
      return team === null ? 'Everyone in its team sees it' : `Everyone in ${team} sees it`;
    case 'org':
      return 'Everyone with an account here sees it';
  }
}
