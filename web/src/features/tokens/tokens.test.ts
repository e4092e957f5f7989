import { describe, expect, it } from 'vitest';
import { expiryOf, tokenState } from './tokens';

const DAY = 24 * 3_600_000;

describe('a token', () => {
  it('ends when it was said to, or never', () => {
    expect(expiryOf('30', 1000)).toBe(1000 + 30 * DAY);
    expect(expiryOf('never', 1000)).toBeNull();
  });

  it('says whether it works', () => {
    expect(tokenState({ expires_at: null, revoked_at: null }, 0)).toBe('works');
    expect(tokenState({ expires_at: 8 * DAY }, 0)).toBe('works');
    expect(tokenState({ expires_at: 6 * DAY }, 0)).toBe('soon');
    expect(tokenState({ expires_at: 5 }, 5)).toBe('expired');
    expect(tokenState({ expires_at: 5, revoked_at: 4 }, 9)).toBe('revoked');
  });
});
