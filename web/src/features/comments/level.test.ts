import { expect, it } from 'vitest';
import { along, columnScroll, course, level, near, stack, type Box, type View } from './level';

const box = (wantedPx: number, heightPx = 100): Box => ({ wantedPx, heightPx });

function overlaps(boxes: readonly Box[], tops: readonly number[], gapPx: number): boolean {
  return boxes.some(
    ({ heightPx }, i) =>
      i + 1 < tops.length && (tops[i] ?? 0) + heightPx + gapPx > (tops[i + 1] ?? 0) + 0.001,
  );
}

it('stacks', () => expect(stack([10, 20, 30], 5)).toEqual([0, 15, 40]));

it('leaves threads level where there is room, and pushes down where there is not', () => {
  expect(level([box(0), box(300), box(350), box(900)], 8)).toEqual([0, 300, 408, 900]);
  expect(level([], 8)).toEqual([]);
});

it('puts the one in focus exactly level; those before give way upwards, those after downwards', () => {
  const boxes = [box(0), box(300), box(310), box(320), box(900)];
  expect(level(boxes, 8, 3)).toEqual([-4, 104, 212, 320, 900]);
  expect(level(boxes, 8, 1)).toEqual([0, 300, 408, 516, 900]);
});

it('never lets threads overlap, whichever is in focus', () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const boxes = Array.from({ length: 300 }, () => box(random() * 4000, 40 + random() * 200)).sort(
    (a, b) => a.wantedPx - b.wantedPx,
  );
  for (const focus of [-1, 0, 1, 150, 298, 299]) {
    const tops = level(boxes, 8, focus);
    expect(overlaps(boxes, tops, 8)).toBe(false);
    if (focus >= 0) expect(tops[focus]).toBe(boxes[focus]?.wantedPx);
  }
});

const view = (scrollPx: number, rest: Partial<View> = {}): View => ({
  scrollPx,
  sheetPx: 3000,
  sightPx: 600,
  offsetPx: 0,
  heightPx: 600,
  firstPx: 0,
  ...rest,
});

function scroller(boxes: readonly Box[], focus = -1) {
  const tops = level(boxes, 8, focus);
  const way = course(boxes, tops, 3000);
  const target = boxes[focus];
  const held = target ? { ...target, topPx: tops[focus] ?? 0 } : null;
  return {
    tops,
    at: (scrollPx: number, rest?: Partial<View>) =>
      columnScroll(way, view(scrollPx, { firstPx: boxes[0]?.wantedPx ?? 0, ...rest }), held),
  };
}

it('moves level threads with the words', () => {
  const { at } = scroller([box(100), box(900), box(2000)]);
  for (const scrollPx of [0, 300, 1200, 2400]) expect(at(scrollPx)).toBeCloseTo(scrollPx, 6);
});

it('keeps threads level below a heading of their own, and hides none at the top', () => {
  const { at } = scroller([box(20), box(900)]);
  expect(at(0, { offsetPx: 44, heightPx: 556 })).toBeCloseTo(20, 6);
  expect(at(500, { offsetPx: 44, heightPx: 556 })).toBeCloseTo(544, 6);
});

it('reaches the first and the last of crowded threads, without leaps', () => {
  const boxes = Array.from({ length: 300 }, (_, i) => box(Math.floor(i / 3) * 30));
  const { tops, at } = scroller(boxes);
  expect(at(0)).toBe(0);
  expect(at(2400)).toBeCloseTo((tops.at(-1) ?? 0) + 100 - 600, 3);
  let before = at(0);
  for (let scrollPx = 10; scrollPx <= 2400; scrollPx += 10) {
    const now = at(scrollPx);
    expect(now).toBeGreaterThanOrEqual(before - 0.001);
    expect(now - before).toBeLessThan(400);
    before = now;
  }
});

it('holds the one in focus level while its words are in sight, and lets go without a leap', () => {
  const boxes = Array.from({ length: 60 }, (_, i) => box(1000 + i));
  const { tops, at } = scroller(boxes, 40);
  for (const scrollPx of [560, 700, 1000])
    expect((tops[40] ?? 0) - at(scrollPx)).toBeCloseTo(1040 - scrollPx, 6);
  let before = at(0);
  for (let scrollPx = 5; scrollPx <= 2400; scrollPx += 5) {
    const now = at(scrollPx);
    expect(Math.abs(now - before)).toBeLessThan(120);
    before = now;
  }
});

it('is level below a heading with threads before it that gave way far up, too', () => {
  const boxes = Array.from({ length: 20 }, (_, i) => box(20 + 10 * i));
  const { tops, at } = scroller(boxes, 19);
  const below = { offsetPx: 76, heightPx: 524 };
  expect((tops[19] ?? 0) - at(100, below)).toBeCloseTo(210 - 100 - 76, 6);
});

it('shows the whole of the one in focus', () => {
  const { tops, at } = scroller([box(100), box(1150, 200)], 1);
  // Its words are 50 px above the lower edge.
  expect((tops[1] ?? 0) - at(600)).toBeCloseTo(400, 6);
});

it('goes along its course', () => {
  const way = { sheet: [0, 100, 200], column: [0, 50, 400] };
  expect([-5, 0, 50, 150, 200, 300].map((at) => along(way, at))).toEqual([0, 0, 25, 225, 400, 400]);
});

it('finds what is in sight', () => {
  const tops = [0, 100, 200, 300];
  const heights = [90, 90, 90, 90];
  expect(near(tops, heights, 95, 210)).toEqual([1, 3]);
  expect(near(tops, heights, 50, 60)).toEqual([0, 1]);
  expect(near(tops, heights, -100, 1000)).toEqual([0, 4]);
  expect(near(tops, heights, 500, 600)).toEqual([4, 4]);
  expect(near([], [], 0, 10)).toEqual([0, 0]);
});
