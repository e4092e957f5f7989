import { describe, expect, it } from 'vitest';
import { invitationLink, invitationState, timeLeft, tokenOf } from './invitations';

const HOUR = 3_600_000;

describe('an invitation', () => {
  it('is open until it is accepted, taken back or over', () => {
    expect(invitationState({ expires_at: 10 }, 9)).toBe('open');
    expect(invitationState({ expires_at: 10 }, 10)).toBe('expired');
    expect(invitationState({ expires_at: 10, revoked_at: 3 }, 20)).toBe('revoked');
    expect(invitationState({ expires_at: 10, accepted_at: 3 }, 20)).toBe('accepted');
  });

  it('is found again in its link', () => {
    const link = invitationLink('https://tape.example', 'gti_a-b_C1');
    expect(link).toBe('https://tape.example/join#gti_a-b_C1');
    expect(tokenOf(new URL(link).hash)).toBe('gti_a-b_C1');
  });

  it('is not found in a link that is cut short', () => {
    for (const hash of ['', '#', '#gti_', '#something', '#gti_a b']) expect(tokenOf(hash)).toBe('');
  });

  it('says how long it works, never more than it does', () => {
    expect(timeLeft(HOUR / 2, 0)).toBe('Works for less than 1 hour more');
    expect(timeLeft(30 * HOUR, 0)).toBe('Works for 30 hours more');
    expect(timeLeft(7 * 24 * HOUR - 1, 0)).toBe('Works for 7 days more');
    expect(timeLeft(7 * 24 * HOUR - 2 * HOUR, 0)).toBe('Works for 6 days more');
  });
});
