import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Burst } from './burst';

describe('Burst', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const made = (quietFirst: boolean) => {
    const runs: string[][] = [];
    return { runs, burst: new Burst<string>((things) => runs.push([...things]), 1000, { quietFirst }) };
  };

  it('acts at once, then once for all that came meanwhile', () => {
    const { runs, burst } = made(false);
    for (const thing of ['a', 'b', 'b', 'c']) burst.add(thing);
    expect(runs).toEqual([['a']]);
    vi.advanceTimersByTime(999);
    expect(runs).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(runs).toEqual([['a'], ['b', 'c']]);
    vi.advanceTimersByTime(5000);
    burst.add();
    expect(runs).toHaveLength(2);
    burst.add('d', 'e');
    expect(runs.at(-1)).toEqual(['d', 'e']);
  });

  it('waits from the start where it is told to, and forgets when it is stopped', () => {
    const { runs, burst } = made(true);
    burst.add('a');
    expect(runs).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(runs).toEqual([['a']]);
    burst.add('b');
    burst.stop();
    vi.advanceTimersByTime(5000);
    expect(runs).toHaveLength(1);
  });
});
