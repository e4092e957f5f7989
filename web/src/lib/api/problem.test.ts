import { expect, it } from 'vitest';
import { apiError, errorWords, offlineError, sentence } from './problem';

it('shows the server’s detail as a sentence', () => {
  const error = apiError(413, {
    title: 'too large',
    detail: 'the file is larger than 2 GB',
    code: 'too_large',
  });
  expect(error.code).toBe('too_large');
  expect(errorWords(error)).toBe('The file is larger than 2 GB.');
});

it('reads problems that come as text', () => {
  expect(apiError(400, '{"title":"bad title"}').message).toBe('Bad title.');
});

it.each([null, undefined, '<html>', 7, { detail: 3 }])('has words of its own for the body %j', (body) => {
  const error = apiError(404, body);
  expect(error.code).toBe('http_404');
  expect(error.message).toContain('not here any more');
});

it('shows no inner workings for what nobody foresaw', () => {
  expect(errorWords(new Error('x is undefined'))).not.toContain('undefined');
  expect(offlineError().status).toBe(0);
});

it('ends sentences once', () => {
  expect(sentence('try again.')).toBe('Try again.');
  expect(sentence('  ')).toBe('');
});
