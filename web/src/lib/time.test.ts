import { describe, expect, it } from 'vitest';
import { formatBytes, formatClock, formatLeft, formatLength, formatWhen, spokenClock } from './time';

describe('formatClock', () => {
  it.each([
    [0, '00:00'],
    [999, '00:00'],
    [252_000, '04:12'],
    [3_599_999, '59:59'],
    [3_852_000, '1:04:12'],
    [36_000_000, '10:00:00'],
    [-5, '00:00'],
    [NaN, '00:00'],
    [Infinity, '00:00'],
  ])('%d ms is %s', (ms, text) => expect(formatClock(ms)).toBe(text));
});

describe('spokenClock', () => {
  it.each([
    [0, '0 seconds'],
    [1000, '1 second'],
    [252_000, '4 minutes 12 seconds'],
    [3_600_000, '1 hour'],
    [7_261_000, '2 hours 1 minute 1 second'],
  ])('%d ms is %s', (ms, text) => expect(spokenClock(ms)).toBe(text));
});

describe('lengths and time left', () => {
  it('rounds lengths to what matters', () => {
    expect(formatLength(48_400)).toBe('48 s');
    expect(formatLength(1_864_000)).toBe('31 min');
    expect(formatLength(3_840_000)).toBe('1 h 04 min');
    expect(formatLength(3_599_000)).toBe('1 h 00 min');
  });

  it('never promises less than it may take', () => {
    expect(formatLeft(4_000)).toBe('a few seconds left');
    expect(formatLeft(31_000)).toBe('40 s left');
    expect(formatLeft(121_000)).toBe('3 min left');
    expect(formatLeft(3_700_000)).toBe('1 h 02 min left');
  });
});

describe('formatWhen', () => {
  const now = new Date(2026, 10, 21, 15, 30).getTime();
  const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime();

  it('says how long ago within the hour, then the time, then the day', () => {
    expect(formatWhen(now - 20_000, now, 'en-GB')).toBe('just now');
    expect(formatWhen(now - 12 * 60_000, now, 'en-GB')).toBe('12 min ago');
    expect(formatWhen(at(2026, 10, 21, 9, 5), now, 'en-GB')).toBe('09:05');
    expect(formatWhen(at(2026, 10, 20, 23, 0), now, 'en-GB')).toBe('20 Nov');
    expect(formatWhen(at(2025, 10, 21, 15, 0), now, 'en-GB')).toBe('21 Nov 2025');
  });

  it('shows a call of the future by its day', () => {
    expect(formatWhen(at(2026, 11, 2, 9, 0), now, 'en-GB')).toBe('2 Dec');
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [812_000, '812 KB'],
    [34_540_000, '34.5 MB'],
    [345_400_000, '345 MB'],
    [2_100_000_000, '2.1 GB'],
  ])('%d is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
