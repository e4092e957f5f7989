import { expect, it, vi } from 'vitest';
import { keyName, shortcutFor, type KeyPress } from './shortcuts';

const press = (key: string, rest: Partial<KeyPress> = {}): KeyPress => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  defaultPrevented: false,
  ...rest,
});

it('names keys as the tables spell them', () => {
  expect(keyName(press(' '))).toBe('Space');
  expect(keyName(press('J', { shiftKey: true }))).toBe('j');
  expect(keyName(press('ArrowLeft'))).toBe('ArrowLeft');
  expect(keyName(press('ArrowLeft', { shiftKey: true }))).toBe('Shift+ArrowLeft');
});

it('leaves combinations to the browser', () => {
  expect(keyName(press('l', { ctrlKey: true }))).toBeNull();
  expect(keyName(press('ArrowLeft', { altKey: true }))).toBeNull();
  expect(keyName(press('k', { metaKey: true }))).toBeNull();
});

it('runs where it may and nowhere else', () => {
  const run = vi.fn();
  const table = { Space: run, j: run };
  expect(shortcutFor(press(' '), 'page', table)).toBe(run);
  expect(shortcutFor(press('j'), 'button', table)).toBe(run);
  expect(shortcutFor(press(' '), 'button', table)).toBeNull();
  expect(shortcutFor(press('j'), 'typing', table)).toBeNull();
  expect(shortcutFor(press('j', { defaultPrevented: true }), 'page', table)).toBeNull();
  expect(shortcutFor(press('x'), 'page', table)).toBeNull();
  expect(shortcutFor(press('toString'), 'page', table)).toBeNull();
});
