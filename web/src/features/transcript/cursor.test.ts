import { expect, it } from 'vitest';
import { moveOf } from './cursor.svelte';

const none = { ctrlKey: false, altKey: false, shiftKey: false };

it('knows the arrow keys of the transcript', () => {
  expect(moveOf({ ...none, key: 'ArrowDown' })).toEqual({ by: 1, unit: 'row', selects: false });
  expect(moveOf({ ...none, key: 'ArrowUp', shiftKey: true })).toEqual({ by: -1, unit: 'row', selects: true });
  expect(moveOf({ ...none, key: 'ArrowRight', ctrlKey: true })).toEqual({
    by: 1,
    unit: 'word',
    selects: false,
  });
  expect(moveOf({ ...none, key: 'ArrowLeft', ctrlKey: true, shiftKey: true })).toEqual({
    by: -1,
    unit: 'word',
    selects: true,
  });
});

it('leaves the player its keys', () => {
  expect(moveOf({ ...none, key: 'ArrowLeft' })).toBeNull();
  expect(moveOf({ ...none, key: 'ArrowLeft', shiftKey: true })).toBeNull();
  expect(moveOf({ ...none, key: 'ArrowDown', ctrlKey: true })).toBeNull();
  expect(moveOf({ ...none, key: 'c' })).toBeNull();
});
