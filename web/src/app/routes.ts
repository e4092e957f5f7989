/** The addresses of the app, as data. */

/** The parts of the settings, in the order they are listed. */
export const SECTIONS = [
  'profile',
  'tokens',
  'people',
  'teams',
  'rubrics',
  'trackers',
  'system',
  'retention',
  'audit',
] as const;
export type Section = (typeof SECTIONS)[number];

export type Route =
  | { page: 'inbox' | 'calls' | 'moments' | 'search' | 'join' | 'missing' }
  | { page: 'call'; id: string; atMs: number | null; comment: string | null; review: string | null }
  | { page: 'settings'; section: Section; id: string | null };

const ID = /^[A-Za-z0-9_-]+$/;
const LISTS = ['inbox', 'calls', 'moments', 'search', 'join'] as const;

export function matchRoute(path: string, query = ''): Route {
  const [first, second, third, ...rest] = path.split('/').filter((part) => part !== '');
  const missing: Route = { page: 'missing' };
  if (first === undefined) return { page: 'calls' };
  if (rest.length > 0 || [second, third].some((part) => part !== undefined && !ID.test(part))) return missing;
  if (first === 'settings') {
    const section = SECTIONS.find((known) => known === (second ?? 'profile'));
    return section ? { page: 'settings', section, id: third ?? null } : missing;
  }
  if (first === 'calls' && second !== undefined && third === undefined) return callRoute(second, query);
  const list = LISTS.find((known) => known === first);
  return list && second === undefined ? { page: list } : missing;
}

function callRoute(id: string, query: string): Route {
  const params = new URLSearchParams(query);
  return { page: 'call', id, atMs: readTime(params), comment: params.get('c'), review: params.get('r') };
}

/** The place that `?t=` names, in seconds. A range, `?t=12,20`, is played from its start. */
function readTime(params: URLSearchParams): number | null {
  const text = params.get('t')?.split(',')[0] ?? '';
  const seconds = text === '' ? NaN : Number(text);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.round(seconds * 1000) : null;
}

/** Whether a click on a link is the app's to follow: plain, in this tab, to a page of this app. */
export function isOwnLink(
  link: Pick<HTMLAnchorElement, 'origin' | 'pathname' | 'target'> & { download?: string },
  click: Pick<MouseEvent, 'button' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey' | 'defaultPrevented'>,
  origin: string,
): boolean {
  if (click.defaultPrevented || click.button !== 0) return false;
  if (click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return false;
  return link.origin === origin && link.target === '' && !link.download && !link.pathname.startsWith('/api/');
}
