import { describe, expect, it } from 'vitest';
import { anchorAt, countLines, indexesOf, lineTop, placeOf, rowHeight, Rows, spanOf } from './virtual';

describe('rows', () => {
  it('stand below each other', () => {
    const rows = new Rows([10, 20, 30]);
    expect([0, 1, 2, 3].map((index) => rows.topOf(index))).toEqual([0, 10, 30, 60]);
    expect(rows.totalPx).toBe(60);
    expect([-5, 0, 9, 10, 29, 30, 59, 60, 900].map((px) => rows.rowAt(px))).toEqual([
      0, 0, 0, 1, 1, 2, 2, 2, 2,
    ]);
  });

  it('move when one above is measured, and only then', () => {
    const rows = new Rows([10, 20, 30]);
    expect(rows.totalPx).toBe(60);
    expect(rows.measure([[1, 20.2]])).toBe(false);
    expect(rows.isMeasured(1)).toBe(true);
    expect(rows.measure([[0, 14], [9, 1]])).toBe(true); // prettier-ignore
    expect(rows.topOf(1)).toBe(14);
    expect(rows.totalPx).toBe(64);
  });

  it('may be none', () => {
    const rows = new Rows([]);
    expect(rows.rowAt(0)).toBe(-1);
    expect(spanOf(rows, 0, 100, 50)).toEqual({ first: 0, last: -1 });
    expect(indexesOf({ first: 0, last: -1 }, [3], 0)).toEqual([]);
  });

  it('are found in five thousand as by adding up', () => {
    const heights = Array.from({ length: 5000 }, (_, index) => 32 + ((index * 7919) % 90));
    const rows = new Rows(heights);
    rows.measure(Array.from({ length: 200 }, (_, index) => [index * 17, 40 + index] as const));
    let top = 0;
    for (let index = 0; index < 5000; index += 1) {
      expect(rows.topOf(index)).toBe(top);
      if (index % 97 === 0) expect(rows.rowAt(top + 1)).toBe(index);
      top += rows.heightOf(index);
    }
  });
});

it('shows what is in sight and a little more, and what must stay', () => {
  const rows = new Rows(Array.from({ length: 100 }, () => 50));
  const span = spanOf(rows, 1000, 500, 100);
  expect(span).toEqual({ first: 18, last: 32 });
  expect(indexesOf(span, [2, 20, 99, -1, 100], 100)).toEqual([
    2, ...Array.from({ length: 15 }, (_, index) => 18 + index), 99,
  ]); // prettier-ignore
});

it('keeps the place while heights above it change', () => {
  const rows = new Rows([50, 50, 50, 50]);
  const anchor = anchorAt(rows, 120);
  expect(anchor).toEqual({ index: 2, insidePx: 20 });
  rows.measure([[0, 80]]);
  expect(placeOf(rows, anchor)).toBe(150);
});

it('breaks lines where words end', () => {
  const ten = () => 10;
  expect(countLines('', 100, ten)).toBe(1);
  expect(countLines('aaaa bbbbb', 100, ten)).toBe(1);
  expect(countLines('aaaa bbbbbb', 100, ten)).toBe(2);
  expect(countLines('aaaa bbbbb cc', 100, ten)).toBe(2);
  expect(countLines('aaaaaaaaaaaaaaaaaaaaaaaaa', 100, ten)).toBe(3);
  expect(countLines('a b c', 0, ten)).toBeLessThan(4);
});

it('knows how high a row is', () => {
  expect([rowHeight(1, false, false), rowHeight(2, true, false), rowHeight(1, true, true)]).toEqual([
    32, 98, 56,
  ]); // prettier-ignore
});

it('finds the line of a character without looking at the page', () => {
  // A turn with three lines.
  const height = 40 + 3 * 26 + 6;
  expect([0, 0.3, 0.4, 0.99, 1].map((share) => lineTop(height, true, false, share))).toEqual([
    40, 40, 66, 92, 92,
  ]); // prettier-ignore
  expect(lineTop(32, false, false, 0.9)).toBe(0);
});
