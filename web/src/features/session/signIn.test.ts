import { describe, expect, it } from 'vitest';
import { ApiError, apiError, offlineError } from '@/lib/api/problem';
import { isSignedOut } from './api';
import { signInWords } from './signIn';

const wrong = apiError(401, { code: 'wrong_credentials', detail: 'the email or the password is wrong' });

describe('what a sign-in says that did not work', () => {
  it('does not tell which of the two is wrong', () => {
    expect(signInWords(wrong, null, 0)).toContain('do not go together');
  });

  it('says when there is no connection', () => {
    expect(signInWords(offlineError(), null, 0)).toContain('cannot be reached');
  });

  it('counts down what the server wants waited', () => {
    const many = apiError(429, { code: 'too_many_requests' }, '874');
    expect(many.waitSeconds).toBe(874);
    expect(signInWords(many, 874_000, 0)).toBe('Too many tries. You can try again in 15 minutes.');
    expect(signInWords(many, 874_000, 790_000)).toBe('Too many tries. You can try again in 84 seconds.');
    expect(signInWords(many, 874_000, 873_000)).toBe('Too many tries. You can try again in 1 second.');
    expect(signInWords(many, 874_000, 874_001)).toBe('You can try again now.');
  });

  it('says something where the server named no time', () => {
    expect(signInWords(new ApiError(429, 'x', 'y'), null, 0)).toContain('Wait a while');
  });
});

describe('an answer that says signed out', () => {
  it('is not the one to a wrong password', () => {
    expect(isSignedOut(apiError(401, { code: 'unauthenticated' }))).toBe(true);
    expect(isSignedOut(wrong)).toBe(false);
    expect(isSignedOut(apiError(403, {}))).toBe(false);
  });
});
