import { describe, expect, it } from 'vitest';
import { passwordHint, passwordProblem } from './password';

describe('a new password', () => {
  it('has as many characters as the server wants', () => {
    expect(passwordProblem('')).not.toBeNull();
    expect(passwordProblem('nine char')).not.toBeNull();
    expect(passwordProblem('ten chars!')).toBeNull();
    expect(passwordProblem('a'.repeat(256))).toBeNull();
    expect(passwordProblem('a'.repeat(257))).not.toBeNull();
  });

  it('counts characters and not their halves', () => {
    expect(passwordProblem('🎧'.repeat(9))).not.toBeNull();
    expect(passwordProblem('🎧'.repeat(10))).toBeNull();
  });

  it('is told how far it is', () => {
    expect(passwordHint('')).toContain('10 characters or more');
    expect(passwordHint('12345678')).toBe('2 more characters.');
    expect(passwordHint('123456789')).toBe('1 more character.');
    expect(passwordHint('1234567890')).toContain('Long enough');
    expect(passwordHint('a long row of words')).toBe('Good and long.');
  });
});
