/**
 * Whether the session of somebody at work has ended. Their page stays as it is, with all that they typed, until
 * they have signed in again over it.
 */
class Expiry {
  over = $state(false);
}

export const expiry = new Expiry();
