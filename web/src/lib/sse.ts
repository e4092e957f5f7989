/**
 * A server-sent event stream that says when it is connected. The browser reconnects by itself and sends
 * `Last-Event-ID`; only when the server refuses (an HTTP error closes the stream for good) is it opened again
 * here, ever more slowly.
 */
export type StreamStatus = 'connecting' | 'open' | 'closed';

export type StreamHandlers = {
  /** Called with the raw data of each event of a wanted type. */
  onEvent: (type: string, data: string) => void;
  onStatus: (status: StreamStatus) => void;
};

/** The part of an EventSource that is used. */
type Source = {
  addEventListener: (type: string, listener: (event: Event) => void) => void;
  close: () => void;
  readonly readyState: number;
};

const CLOSED = 2;
const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 60_000;

/** Opens `url` and hears the events named in `types`. Returns the function that ends it. */
export function openStream(
  url: string,
  types: readonly string[],
  handlers: StreamHandlers,
  open: (url: string) => Source = (address) => new EventSource(address),
): () => void {
  let source: Source | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waitMs = FIRST_WAIT_MS;
  let ended = false;

  const connect = () => {
    if (ended) return;
    handlers.onStatus('connecting');
    const current = open(url);
    source = current;
    current.addEventListener('open', () => {
      waitMs = FIRST_WAIT_MS;
      handlers.onStatus('open');
    });
    current.addEventListener('error', () => {
      if (ended) return;
      if (current.readyState !== CLOSED) {
        handlers.onStatus('connecting');
        return;
      }
      handlers.onStatus('closed');
      timer = setTimeout(connect, waitMs);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    });
    for (const type of types) {
      current.addEventListener(type, (event: Event) => {
        if (!ended && event instanceof MessageEvent && typeof event.data === 'string') {
          handlers.onEvent(type, event.data);
        }
      });
    }
  };

  connect();
  return () => {
    ended = true;
    clearTimeout(timer);
    source?.close();
  };
}
