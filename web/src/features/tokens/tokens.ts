import type { Scope, Token } from '@/lib/api/types';

const DAY_MS = 24 * 3_600_000;

export const SCOPE_NAMES: Readonly<Record<Scope, string>> = {
  read: 'Read',
  write: 'Read and write',
  admin: 'Administer',
};

export const SCOPE_MEANS: Readonly<Record<Scope, string>> = {
  read: 'Sees all that you may see, and changes nothing.',
  write: 'Also uploads, comments, reviews and changes all that you may change.',
  admin: 'Also does what only administrators may do: people, teams, the audit log.',
};

/** For how many days a token can be made to work; null for good. */
export const LIFETIMES = [
  { value: '30', name: '30 days' },
  { value: '90', name: '90 days' },
  { value: '365', name: '1 year' },
  { value: 'never', name: 'Until you revoke it' },
] as const;
export type Lifetime = (typeof LIFETIMES)[number]['value'];

export function expiryOf(lifetime: Lifetime, nowMs: number): number | null {
  return lifetime === 'never' ? null : nowMs + Number(lifetime) * DAY_MS;
}

export type TokenState = 'works' | 'soon' | 'expired' | 'revoked';

/** Whether a token works: `soon` is for one that ends within a week. */
export function tokenState(token: Pick<Token, 'expires_at' | 'revoked_at'>, nowMs: number): TokenState {
  if (token.revoked_at) return 'revoked';
  const left = (token.expires_at ?? Infinity) - nowMs;
  if (left <= 0) return 'expired';
  return left < 7 * DAY_MS ? 'soon' : 'works';
}
