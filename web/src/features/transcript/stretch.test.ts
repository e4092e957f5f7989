import { describe, expect, it } from 'vitest';
import type { Segment } from '@/lib/api/types';
import { charactersIn, copyOf, neighbourWord, placesBetween, quoteOf, stretchOf } from './stretch';

/** A segment whose words last 100 ms each. */
function said(start_ms: number, channel: number, text: string): Segment {
  const words = text.split(' ').map((word, index) => ({
    text: word,
    start_ms: start_ms + 100 * index,
    end_ms: start_ms + 100 * index + 90,
    confidence: 1,
  }));
  const end_ms = words.at(-1)?.end_ms ?? start_ms;
  const role = channel === 0 ? ('rep' as const) : ('customer' as const);
  const name = channel === 0 ? 'Ana' : 'Dana';
  return {
    id: `${start_ms}`,
    start_ms,
    end_ms,
    channel,
    text,
    words,
    edited: false,
    speaker: { role, name },
  };
}

const talk = [said(0, 0, 'What happens downstream?'), said(1000, 1, 'Honestly, she gets upset.')];

function select(a: [number, number], b: [number, number]) {
  const places = placesBetween(talk, { segment: a[0], offset: a[1] }, { segment: b[0], offset: b[1] });
  return places && stretchOf(talk, ...places);
}

describe('a selection', () => {
  it('takes whole words that it touches', () => {
    expect(select([0, 7], [0, 9])).toEqual({ startMs: 100, endMs: 190, channel: 0, quote: 'happens' });
  });

  it('means the same backwards', () => {
    expect(select([0, 9], [0, 1])).toEqual(select([0, 1], [0, 9]));
  });

  it('goes over several segments, and then over no one channel', () => {
    expect(select([0, 5], [1, 3])).toEqual({
      startMs: 100,
      endMs: 1090,
      channel: null,
      quote: 'happens downstream? Honestly,',
    });
  });

  it('leaves out a word that it only ends before', () => {
    expect(select([0, 0], [0, 5])?.quote).toBe('What');
    expect(select([0, 24], [1, 9])?.quote).toBe('Honestly,');
    expect(select([0, 4], [0, 5])).toBeNull();
  });

  it('reaches to the last that is heard where people talk over each other', () => {
    const over = [said(0, 0, 'a b c d e f g h'), said(100, 1, 'yes')];
    expect(stretchOf(over, { segment: 0, word: 0 }, { segment: 1, word: 0 })?.endMs).toBe(790);
  });

  it('is nothing outside of the transcript', () => {
    expect(placesBetween([], { segment: 0, offset: 0 }, { segment: 0, offset: 4 })).toBeNull();
    expect(stretchOf(talk, { segment: 1, word: 0 }, { segment: 2, word: 0 })).toBeNull();
  });
});

it('copies with names where more than one talks', () => {
  const all = [{ segment: 0, word: 1 }, { segment: 1, word: 1 }] as const; // prettier-ignore
  expect(copyOf(talk, ...all)).toBe('Ana: happens downstream?\nDana: Honestly, she');
  expect(copyOf(talk, { segment: 0, word: 0 }, { segment: 0, word: 0 })).toBe('What');
  expect(quoteOf(talk, ...all)).toBe('happens downstream? Honestly, she');
});

describe('the characters of a stretch', () => {
  const [ask, answer] = talk as [Segment, Segment];

  it('are those of the words whose middle lies in it', () => {
    expect(charactersIn(ask, { startMs: 100, endMs: 190 })).toEqual([5, 12]);
    expect(charactersIn(ask, { startMs: 60, endMs: 230 })).toEqual([5, 12]);
    expect(charactersIn(ask, { startMs: 0, endMs: 5000 })).toEqual([0, 24]);
  });

  it('are none where it is somebody else’s or another time', () => {
    expect(charactersIn(answer, { startMs: 0, endMs: 5000, channel: 0 })).toBeNull();
    expect(charactersIn(answer, { startMs: 0, endMs: 900 })).toBeNull();
    expect(charactersIn(ask, { startMs: 91, endMs: 99 })).toBeNull();
  });
});

it('walks word by word over segments', () => {
  expect(neighbourWord(talk, { segment: 0, word: 1 }, 1)).toEqual({ segment: 0, word: 2 });
  expect(neighbourWord(talk, { segment: 0, word: 2 }, 1)).toEqual({ segment: 1, word: 0 });
  expect(neighbourWord(talk, { segment: 1, word: 0 }, -1)).toEqual({ segment: 0, word: 2 });
  expect(neighbourWord(talk, { segment: 0, word: 0 }, -1)).toBeNull();
});
