import { expect, it } from 'vitest';
import { pieces } from './richtext';

const people = [
  { id: 'user_1', name: 'Ana Torres' },
  { id: 'user_2', name: 'Ana' },
  { id: 'user_3', name: 'Łukasz Żak' },
];
const links = (body: string) => pieces(body, []).flatMap((it) => (it.kind === 'link' ? [it.href] : []));
const mentions = (body: string) =>
  pieces(body, people).flatMap((it) => (it.kind === 'mention' ? [[it.text, it.id]] : []));

it('loses no character', () => {
  const body = 'See https://a.example/x?y=1#z, @Ana Torres.\n\n<b>@ana</b> @nobody (https://b.example/(c))';
  expect(
    pieces(body, people)
      .map((it) => it.text)
      .join(''),
  ).toBe(body);
});

it.each([
  ['https://a.example/x.', 'https://a.example/x'],
  ['(see https://a.example/x)', 'https://a.example/x'],
  ['https://a.example/x_(y)', 'https://a.example/x_(y)'],
  ['https://a.example/?q=a,b!', 'https://a.example/?q=a,b'],
  ['HTTPS://A.example', 'https://a.example/'],
])('finds the link in %j', (body, href) => expect(links(body)).toEqual([href]));

it.each([
  'javascript:alert(1)',
  'data:text/html,x',
  'https://',
  'http://a.example@evil.example',
  'ftp://a.example',
  'www.a.example',
  '<a href="javascript:x">',
])('finds none in %j', (body) => expect(links(body)).toEqual([]));

it('finds mentions by whole names, the longest first', () => {
  expect(mentions('@Ana Torres, @ana, @Łukasz')).toEqual([
    ['@Ana Torres', 'user_1'],
    ['@ana', 'user_2'],
    ['@Łukasz', 'user_3'],
  ]);
});

it('leaves addresses and longer words alone', () => {
  expect(mentions('x@Ana @Anabel @ Ana')).toEqual([]);
});

it('takes a long text in one go', () => {
  const body = '@'.repeat(2500) + 'https://a.example/'.repeat(100) + ')'.repeat(700);
  expect(pieces(body, people).length).toBeGreaterThan(0);
});
