import type { Invitation } from '@/lib/api/types';

export type InvitationState = 'open' | 'accepted' | 'revoked' | 'expired';

export function invitationState(
  invitation: Pick<Invitation, 'accepted_at' | 'revoked_at' | 'expires_at'>,
  nowMs: number,
): InvitationState {
  if (invitation.accepted_at) return 'accepted';
  if (invitation.revoked_at) return 'revoked';
  return invitation.expires_at <= nowMs ? 'expired' : 'open';
}

/** The link to send. What it holds follows the `#`: that part of an address never reaches a server's log. */
export function invitationLink(origin: string, token: string): string {
  return `${origin}/join#${token}`;
}

/** What a link holds, out of the part of the address after the `#`; empty if it is cut short. */
export function tokenOf(hash: string): string {
  const token = hash.replace(/^#/, '').trim();
  return /^gti_[\w-]+$/.test(token) ? token : '';
}

/** How long an invitation still works. */
export function timeLeft(expiresAtMs: number, nowMs: number): string {
  const hours = Math.ceil((expiresAtMs - nowMs) / 3_600_000);
  if (hours <= 1) return 'Works for less than 1 hour more';
  if (hours < 48) return `Works for ${hours} hours more`;
  return `Works for ${Math.floor(hours / 24)} days more`;
}
