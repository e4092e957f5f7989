import { expect, it } from 'vitest';
import { placeBeside } from './float';

const view = { width: 400, height: 600 };
const anchor = { left: 300, top: 100, width: 40, height: 20 };
const menu = { width: 200, height: 150 };

it('stands below and ends in line', () => {
  expect(placeBeside(anchor, menu, view, { align: 'end', prefer: 'below' })).toEqual({
    left: 140,
    top: 124,
    maxHeight: 468,
  });
});

it('stays in the window', () => {
  expect(placeBeside(anchor, menu, view, { align: 'start', prefer: 'below' }).left).toBe(192);
  const left = { ...anchor, left: 10 };
  expect(placeBeside(left, menu, view, { align: 'end', prefer: 'below' }).left).toBe(8);
});

it('turns to where there is room', () => {
  const low = { ...anchor, top: 560 };
  expect(placeBeside(low, menu, view, { align: 'end', prefer: 'below' }).top).toBe(406);
  expect(placeBeside(anchor, menu, view, { align: 'end', prefer: 'above' }).top).toBe(124);
  expect(placeBeside(low, menu, view, { align: 'end', prefer: 'above' }).top).toBe(406);
});

it('says how high it may be where there is little room', () => {
  const tall = { width: 200, height: 900 };
  expect(placeBeside({ ...anchor, top: 400 }, tall, view, { align: 'end', prefer: 'below' })).toMatchObject({
    top: 8,
    maxHeight: 388,
  });
});
