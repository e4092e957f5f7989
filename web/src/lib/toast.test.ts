import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Toasts } from './toast.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const texts = (toasts: Toasts) => toasts.list.map((one) => one.text);

it('says something for a while, three things at most', () => {
  const toasts = new Toasts();
  for (const text of ['a', 'b', 'c', 'd']) toasts.say(text);
  expect(texts(toasts)).toEqual(['b', 'c', 'd']);
  vi.advanceTimersByTime(5000);
  toasts.say('e');
  expect(texts(toasts)).toEqual(['c', 'd', 'e']);
  vi.advanceTimersByTime(1500);
  expect(texts(toasts)).toEqual(['e']);
  vi.advanceTimersByTime(6000);
  expect(texts(toasts)).toEqual([]);
});

it('stays while somebody is at it, and a little longer', () => {
  const toasts = new Toasts();
  toasts.say('a');
  vi.advanceTimersByTime(4000);
  toasts.hold();
  vi.advanceTimersByTime(60_000);
  toasts.say('b');
  expect(texts(toasts)).toEqual(['a', 'b']);
  toasts.release();
  vi.advanceTimersByTime(2000);
  expect(texts(toasts)).toEqual(['a', 'b']);
  vi.advanceTimersByTime(1000);
  expect(texts(toasts)).toEqual([]);
  // What comes next is not held by what is gone.
  toasts.say('c');
  vi.advanceTimersByTime(7000);
  expect(texts(toasts)).toEqual([]);
});
