import { isOwnLink, matchRoute, type Route } from './routes';

/** Where the reader is. One for the whole page, as the address bar is. */
class Router {
  route: Route = $state.raw(matchRoute(location.pathname, location.search));

  go(to: string): void {
    history.pushState(null, '', to);
    this.#read();
    scrollTo(0, 0);
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
  }
}

export const router = new Router();
