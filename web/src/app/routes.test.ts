import { describe, expect, it } from 'vitest';
import { isOwnLink, matchRoute } from './routes';

describe('matchRoute', () => {
  it.each([
    ['/', { page: 'calls' }],
    ['/calls', { page: 'calls' }],
    ['/calls/', { page: 'calls' }],
    ['/calls/call_01H', { page: 'call', id: 'call_01H', atMs: null, comment: null, review: null }],
    ['/calls/call_01H/x', { page: 'missing' }],
    ['/calls/..%2F', { page: 'missing' }],
    ['/nowhere', { page: 'missing' }],
    ['/moments', { page: 'moments' }],
    ['/moments/x', { page: 'missing' }],
    ['/settings', { page: 'settings', section: 'profile', id: null }],
    ['/settings/rubrics/rubric_1', { page: 'settings', section: 'rubrics', id: 'rubric_1' }],
    ['/settings/rubrics/rubric_1/2', { page: 'missing' }],
    ['/settings/nothing', { page: 'missing' }],
  ])('%s', (path, route) => expect(matchRoute(path)).toEqual(route));

  it.each([
    ['?t=64.5', 64_500],
    ['?t=0', 0],
    ['?t=12,20.5', 12_000],
    ['?t=', null],
    ['?t=-1', null],
    ['?t=soon', null],
  ])('reads the place from %s', (query, atMs) =>
    expect(matchRoute('/calls/call_1', query)).toMatchObject({ atMs }),
  );
});

it('reads the comment and the review that a link names', () =>
  expect(matchRoute('/calls/call_1', '?t=3&c=comment_2')).toMatchObject({
    comment: 'comment_2',
    review: null,
  }));

describe('isOwnLink', () => {
  const origin = 'http://localhost';
  const link = { origin, pathname: '/calls', target: '', download: '' };
  const click = {
    button: 0,
    ctrlKey: false,
    metaKey: false,
    shiftKey: false,
    altKey: false,
    defaultPrevented: false,
  };

  it('follows plain clicks within the app', () => expect(isOwnLink(link, click, origin)).toBe(true));

  it.each([
    ['new tab', link, { ...click, ctrlKey: true }],
    ['middle button', link, { ...click, button: 1 }],
    ['handled', link, { ...click, defaultPrevented: true }],
    ['elsewhere', { ...link, origin: 'https://example.com' }, click],
    ['a download', { ...link, download: 'a.vtt' }, click],
    ['the API', { ...link, pathname: '/api/docs' }, click],
  ])('leaves %s to the browser', (_, target, press) => expect(isOwnLink(target, press, origin)).toBe(false));
});
