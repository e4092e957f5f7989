import { beforeEach, expect, it, vi } from 'vitest';
import { readKept, readViews, toggleKept, withView, writeKept, writeViews } from './saved';

beforeEach(() => {
  const store = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => store.get(key) ?? null,
    setItem: (key: string, value: string) => void store.set(key, value),
    removeItem: (key: string) => void store.delete(key),
  });
});

it('keeps a moment and lets go of it', () => {
  expect(toggleKept(['a'], 'b')).toEqual(['b', 'a']);
  expect(toggleKept(['b', 'a'], 'b')).toEqual(['a']);
});

it('remembers what is kept for each person', () => {
  writeKept('ana', ['m1']);
  expect(readKept('ana')).toEqual(['m1']);
  expect(readKept('luis')).toEqual([]);
});

it('replaces a view of the same name', () =>
  expect(withView([{ name: 'Mine', query: 'a=1' }], { name: ' mine ', query: 'b=2' })).toEqual([
    { name: 'mine', query: 'b=2' },
  ]));

it('reads nothing from what somebody else wrote there', () => {
  writeViews('ana', [{ name: 'Mine', query: 'min=4' }]);
  expect(readViews('ana')).toHaveLength(1);
  localStorage.setItem('gametape.moments.views.ana', '{"a":1}');
  expect(readViews('ana')).toEqual([]);
  localStorage.setItem('gametape.moments.views.ana', '[1,{"name":"x"},null');
  expect(readViews('ana')).toEqual([]);
});
