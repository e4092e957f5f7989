/** The addresses of the app, as data. */
export type Route =
  { page: 'calls' } | { page: 'call'; id: string; atMs: number | null } | { page: 'missing' };

export function matchRoute(path: string, query = ''): Route {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.length === 0) return { page: 'calls' };
  if (parts[0] !== 'calls' || parts.length > 2) return { page: 'missing' };
  const id = parts[1];
  if (id === undefined) return { page: 'calls' };
  if (!/^[A-Za-z0-9_-]+$/.test(id)) return { page: 'missing' };
  return { page: 'call', id, atMs: readTime(query) };
}

/** The place that `?t=` names, in seconds. */
function readTime(query: string): number | null {
  const text = new URLSearchParams(query).get('t');
  const seconds = text === null || text === '' ? NaN : Number(text);
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
