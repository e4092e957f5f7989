import { describe, expect, it } from 'vitest';
import { asYouType, hasWords } from './searchText';

describe('asYouType', () => {
  it.each([
    ['pric', 'pric*'],
    ['good pri', 'good pri*'],
    ['good price ', 'good price'],
    ['"good pri', '"good pri'],
    ['"good price"', '"good price"'],
    ['pric*', 'pric*'],
    ['price -disc', 'price -disc'],
    ['price?', 'price?'],
    ['', ''],
  ])('%s', (typed, asked) => expect(asYouType(typed)).toBe(asked));
});

describe('hasWords', () => {
  it.each([
    ['price', true],
    ['-price', false],
    ['-"good price"', false],
    ['?!', false],
    ['  ', false],
    ['-a b', true],
  ])('%s', (text, words) => expect(hasWords(text)).toBe(words));
});
