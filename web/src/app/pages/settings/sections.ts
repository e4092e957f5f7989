import type { Role } from '@/lib/api/types';
import type { Section } from '../../routes';

export const SECTION_NAMES: Readonly<Record<Section, string>> = {
  profile: 'Profile',
  tokens: 'Tokens',
  people: 'People',
  teams: 'Teams',
  rubrics: 'Rubrics',
  trackers: 'Trackers',
  system: 'System',
  retention: 'Retention',
  audit: 'Audit log',
};

const GROUPS: readonly { name: string; sections: readonly Section[] }[] = [
  { name: 'You', sections: ['profile', 'tokens'] },
  { name: 'Workspace', sections: ['people', 'teams', 'rubrics', 'trackers'] },
  { name: 'Server', sections: ['system', 'retention', 'audit'] },
];

/** Whether somebody has a use for a section. The server decides what they may do there. */
export function mayOpen(section: Section, role: Role): boolean {
  if (section === 'audit' || section === 'retention') return role === 'admin';
  if (section === 'system') return role !== 'rep';
  return true;
}

/** The sections for `role`, grouped as they are listed; groups with nothing in them are left out. */
export function sectionGroups(role: Role): { name: string; sections: Section[] }[] {
  return GROUPS.map(({ name, sections }) => ({
    name,
    sections: sections.filter((section) => mayOpen(section, role)),
  })).filter(({ sections }) => sections.length > 0);
}
