import { recall, remember } from '@/lib/storage';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export function currentTheme(): Theme {
  const saved = recall('theme');
  return THEMES.find((theme) => theme === saved) ?? 'system';
}

/** Shows the page in `theme` and remembers it. */
export function setTheme(theme: Theme): void {
  remember('theme', theme === 'system' ? null : theme);
  applyTheme(theme);
}

export function applyTheme(theme: Theme = currentTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
