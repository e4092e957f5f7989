import type { Role } from '@/lib/api/types';

export const ROLES: readonly Role[] = ['rep', 'coach', 'admin'];

export const ROLE_NAMES: Readonly<Record<Role, string>> = {
  rep: 'Rep',
  coach: 'Coach',
  admin: 'Administrator',
};

export const ROLE_MEANS: Readonly<Record<Role, string>> = {
  rep: 'Uploads their calls and reviews colleagues’ calls.',
  coach: 'Also looks through the scored moments of their teams, and writes rubrics and trackers.',
  admin: 'Runs this server, people and teams, and may open every call; the audit log notes it.',
};
