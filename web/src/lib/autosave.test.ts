import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Autosave, type SaveState } from './autosave';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const states: SaveState[] = [];
  const saves = new Autosave((state) => {
    if (states.at(-1) !== state) states.push(state);
  });
  return { saves, states };
}

it('saves the last state of each thing, once', async () => {
  const { saves, states } = watched();
  const done: string[] = [];
  const save = (what: string) => async () => void done.push(what);
  saves.put('note', save('a'), 500);
  saves.put('note', save('ab'), 500);
  saves.put('value', save('4'));
  await vi.advanceTimersByTimeAsync(100);
  expect(done).toEqual(['4']);
  await vi.advanceTimersByTimeAsync(500);
  expect(done).toEqual(['4', 'ab']);
  expect(states).toEqual(['saving', 'saved']);
});

it('saves again what changed while it was being saved', async () => {
  const { saves } = watched();
  const done: string[] = [];
  saves.put('note', async () => {
    saves.put('note', async () => void done.push('new'));
    done.push('old');
  });
  await vi.advanceTimersByTimeAsync(10);
  expect(done).toEqual(['old', 'new']);
  expect(saves.state).toBe('saved');
});

it('keeps what failed, goes on with the rest, and tries again', async () => {
  const { saves, states } = watched();
  let broken = true;
  const done: string[] = [];
  saves.put('a', async () => {
    if (broken) throw new Error('no');
    done.push('a');
  });
  saves.put('b', async () => void done.push('b'));
  await vi.advanceTimersByTimeAsync(10);
  expect([done, saves.state, saves.isWaiting('a')]).toEqual([['b'], 'failed', true]);
  broken = false;
  saves.retry();
  await vi.advanceTimersByTimeAsync(10);
  expect(done).toEqual(['b', 'a']);
  expect(states).toEqual(['saving', 'failed', 'saving', 'saved']);
});

it('saves all at once when asked, and says whether it could', async () => {
  const { saves } = watched();
  const done: string[] = [];
  saves.put('slow', async () => void done.push('slow'), 60_000);
  expect(await saves.flush()).toBe(true);
  expect(done).toEqual(['slow']);
  saves.put('bad', () => Promise.reject(new Error('no')), 60_000);
  expect(await saves.flush()).toBe(false);
  saves.drop('bad');
  expect(saves.state).toBe('saved');
});
