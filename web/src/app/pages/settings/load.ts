import type { Component } from 'svelte';
import type { Me } from '@/lib/api/types';
import type { Section } from '../../routes';

/** What every section is given: who looks, and the thing that the address names, if any. */
export type SectionProps = { me: Me; id: string | null };

const loaders: Record<Section, () => Promise<{ default: Component<SectionProps> }>> = {
  profile: () => import('./ProfilePage.svelte'),
  tokens: () => import('./TokensPage.svelte'),
  people: () => import('./PeoplePage.svelte'),
  teams: () => import('./TeamsPage.svelte'),
  rubrics: () => import('./RubricsPage.svelte'),
  trackers: () => import('./TrackersPage.svelte'),
  system: () => import('./SystemPage.svelte'),
  retention: () => import('./RetentionPage.svelte'),
  audit: () => import('./AuditPage.svelte'),
};

const loaded = new Map<Section, Promise<{ default: Component<SectionProps> }>>();

/** A section's page, fetched when it is first opened. */
export function loadSection(section: Section): Promise<{ default: Component<SectionProps> }> {
  const known = loaded.get(section) ?? loaders[section]();
  loaded.set(section, known);
  known.catch(() => loaded.delete(section));
  return known;
}
