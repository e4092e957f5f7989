import { isOwnLink, matchRoute, type Route } from './routes';

/** Where the reader is. One for the whole page, as the address bar is. */
class Router {
  route: Route = $state.raw(matchRoute(location.pathname, location.search));
  /** What follows the `?`: pages keep their filters there. */
  query: URLSearchParams = $state.raw(new URLSearchParams(location.search));

  go(to: string): void {
    history.pushState(null, '', to);
    this.#read();
    scrollTo(0, 0);
  }

  /** Puts filters into the address; the back button skips over them. */
  setQuery(query: URLSearchParams): void {
    const text = query.toString();
    history.replaceState(null, '', location.pathname + (text === '' ? '' : `?${text}`));
    this.#read();
  }

  /** Follows links and the back button; returns what ends that. */
  start(): () => void {
    const onClick = (event: MouseEvent) => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      if (!link || !isOwnLink(link, event, location.origin)) return;
      event.preventDefault();
      this.go(link.pathname + link.search);
    };
    const onPop = () => this.#read();
    document.addEventListener('click', onClick);
    addEventListener('popstate', onPop);
    return () => {
      document.removeEventListener('click', onClick);
      removeEventListener('popstate', onPop);
    };
  }

  #read(): void {
    this.route = matchRoute(location.pathname, location.search);
    this.query = new URLSearchParams(location.search);
  }
}

export const router = new Router();
