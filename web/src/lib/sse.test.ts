import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openStream, type StreamStatus } from './sse';

class FakeSource extends EventTarget {
  readyState = 0;
  closed = false;

  close() {
    this.closed = true;
    this.readyState = 2;
  }

  open() {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  send(type: string, data: string) {
    this.dispatchEvent(new MessageEvent(type, { data }));
  }

  fail(readyState: number) {
    this.readyState = readyState;
    this.dispatchEvent(new Event('error'));
  }
}

let sources: FakeSource[] = [];
let events: [string, string][] = [];
let statuses: StreamStatus[] = [];

function start() {
  return openStream(
    '/events',
    ['state', 'progress'],
    {
      onEvent: (type, data) => events.push([type, data]),
      onStatus: (status) => statuses.push(status),
    },
    () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  sources = [];
  events = [];
  statuses = [];
});
afterEach(() => vi.useRealTimers());

it('hears the wanted types only', () => {
  start();
  sources[0]?.open();
  sources[0]?.send('progress', '{"percent":1}');
  sources[0]?.send('other', 'x');
  expect(events).toEqual([['progress', '{"percent":1}']]);
  expect(statuses).toEqual(['connecting', 'open']);
});

it('leaves a broken connection to the browser', () => {
  start();
  sources[0]?.open();
  sources[0]?.fail(0);
  vi.advanceTimersByTime(120_000);
  expect(sources).toHaveLength(1);
  expect(statuses.at(-1)).toBe('connecting');
});

it('opens a refused stream again, ever more slowly, and quickly again after it was open', () => {
  start();
  sources[0]?.fail(2);
  expect(statuses.at(-1)).toBe('closed');
  vi.advanceTimersByTime(2000);
  expect(sources).toHaveLength(2);
  sources[1]?.fail(2);
  vi.advanceTimersByTime(3999);
  expect(sources).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(sources).toHaveLength(3);
  sources[2]?.open();
  sources[2]?.fail(2);
  vi.advanceTimersByTime(2000);
  expect(sources).toHaveLength(4);
});

it('is quiet once ended', () => {
  const end = start();
  sources[0]?.open();
  end();
  sources[0]?.send('state', '{}');
  sources[0]?.fail(2);
  vi.advanceTimersByTime(120_000);
  expect(events).toEqual([]);
  expect(sources).toHaveLength(1);
  expect(sources[0]?.closed).toBe(true);
});
