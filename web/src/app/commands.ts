import type { Command } from '@/features/search/entries';
import type { Me } from '@/lib/api/types';
import { setTheme, type Theme } from '@/lib/theme';
import type { IconName } from '@/ui/Icon.svelte';
import type { Section } from './routes';

/** What the palette can have done. */
export type CommandHands = {
  go: (url: string) => void;
  upload: () => void;
  keys: () => void;
  /** Called when the look has changed. */
  themed: () => void;
  signOut: () => void;
};

const SETTINGS: Readonly<Record<Section, { label: string; others: string[]; admin?: true }>> = {
  profile: { label: 'Your profile', others: ['password', 'name', 'account', 'settings'] },
  tokens: { label: 'Access tokens', others: ['api', 'settings'] },
  people: { label: 'People', others: ['invite', 'users', 'settings'] },
  teams: { label: 'Teams', others: ['settings'] },
  rubrics: { label: 'Rubrics', others: ['criteria', 'scorecards', 'settings'] },
  trackers: { label: 'Trackers', others: ['phrases', 'keywords', 'settings'] },
  system: { label: 'System', others: ['server', 'jobs', 'settings'], admin: true },
  retention: { label: 'Retention', others: ['delete', 'keep', 'privacy', 'settings'], admin: true },
  audit: { label: 'Audit log', others: ['history', 'settings'], admin: true },
};

const THEMES: Readonly<Record<Theme, string>> = {
  system: 'Look: as the system',
  light: 'Look: light',
  dark: 'Look: dark',
};

export function commandsFor(me: Me, hands: CommandHands): Command[] {
  const place = (id: string, label: string, icon: IconName, url: string, others: string[] = []): Command => ({
    id,
    label,
    icon,
    others: ['go', 'open', ...others],
    run: () => hands.go(url),
  });
  const settings = (Object.keys(SETTINGS) as Section[]).filter(
    (name) => !SETTINGS[name].admin || me.role === 'admin',
  );
  return [
    place('inbox', 'Inbox', 'check', '/inbox', ['waiting', 'reviews']),
    place('calls', 'Calls', 'wave', '/calls', ['recordings', 'home']),
    place('moments', 'Moments', 'play', '/moments', ['comments', 'scores']),
    place('kept', 'Kept moments', 'bookmark', '/moments?view=kept', ['list', 'saved']),
    place('disputed', 'Disputed moments', 'differ', '/moments?disputed=1', ['differ', 'spread']),
    {
      id: 'upload',
      label: 'Upload calls',
      icon: 'upload',
      others: ['add', 'new', 'recording'],
      run: hands.upload,
    },
    {
      id: 'keys',
      label: 'Keys',
      icon: 'keyboard',
      others: ['shortcuts', 'help'],
      keys: '?',
      run: hands.keys,
    },
    ...settings.map((name) =>
      place(`settings-${name}`, SETTINGS[name].label, 'user', `/settings/${name}`, SETTINGS[name].others),
    ),
    ...(Object.keys(THEMES) as Theme[]).map((theme) => ({
      id: `theme-${theme}`,
      label: THEMES[theme],
      icon: 'edit' as const,
      others: ['theme', 'mode', 'colours'],
      run: () => {
        setTheme(theme);
        hands.themed();
      },
    })),
    { id: 'sign-out', label: 'Sign out', icon: 'user', others: ['log out', 'leave'], run: hands.signOut },
  ];
}
