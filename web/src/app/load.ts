/**
 * The pages that are fetched when they are first opened, so that signing in and the list of calls stay small.
 * A page that was fetched is kept: opening it again waits for nothing.
 */
const loaders = {
  call: () => import('./pages/CallPage.svelte'),
  inbox: () => import('./pages/InboxPage.svelte'),
  moments: () => import('./pages/MomentsPage.svelte'),
  search: () => import('./pages/SearchPage.svelte'),
  settings: () => import('./pages/SettingsPage.svelte'),
  palette: () => import('./CommandPalette.svelte'),
  join: () => import('./pages/JoinPage.svelte'),
};
type Loaders = typeof loaders;

const loaded = new Map<keyof Loaders, Promise<unknown>>();

export function loadPage<Name extends keyof Loaders>(name: Name): ReturnType<Loaders[Name]> {
  const known = loaded.get(name) ?? loaders[name]();
  loaded.set(name, known);
  // A fetch that failed, as after an update of the server, is tried again the next time.
  known.catch(() => loaded.delete(name));
  return known as ReturnType<Loaders[Name]>;
}

/** Fetches a page that is likely to be opened next, once the browser has nothing else to do. */
export function loadSoon(name: keyof Loaders): () => void {
  const load = () => void loadPage(name).catch(() => undefined);
  // Safari has no idle callbacks.
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(load, 500);
    return () => clearTimeout(timer);
  }
  const request = requestIdleCallback(load, { timeout: 3000 });
  return () => cancelIdleCallback(request);
}
