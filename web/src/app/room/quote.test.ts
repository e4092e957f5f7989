import { expect, it } from 'vitest';
import type { Segment } from '@/lib/api/types';
import { quoteAt } from './quote';

const segment = (start: number, channel: number, texts: string[]): Segment => ({
  id: `${start}`,
  start_ms: start,
  end_ms: start + 100 * texts.length,
  channel,
  speaker: { role: 'rep', name: 'Ana' },
  edited: false,
  text: texts.join(' '),
  words: texts.map((text, index) => ({
    text,
    start_ms: start + 100 * index,
    end_ms: start + 100 * index + 100,
    confidence: 1,
  })),
});
const segments = [
  segment(0, 0, ['So', 'nine', 'days?']),
  segment(300, 1, ['Yes.']),
  segment(400, 0, ['And', 'then?']),
];

it('quotes what is said in a stretch', () => {
  expect(quoteAt(segments, { startMs: 100, endMs: 500, channel: null })).toBe('nine days? Yes. And');
  expect(quoteAt(segments, { startMs: 100, endMs: 500, channel: 1 })).toBe('Yes.');
  expect(quoteAt(segments, { startMs: 900, endMs: 1000, channel: null })).toBe('');
});

it('takes a word by its middle', () => {
  expect(quoteAt(segments, { startMs: 40, endMs: 160, channel: 0 })).toBe('So nine');
  expect(quoteAt(segments, { startMs: 60, endMs: 140, channel: 0 })).toBe('');
});
