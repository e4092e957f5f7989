/** The bounds that the server sets. */
export const SHORTEST = 10;
export const LONGEST = 256;

/** What is wrong with a new password; null if nothing is. Length is what makes it hard to guess. */
export function passwordProblem(password: string): string | null {
  const length = [...password].length;
  if (length < SHORTEST) return `A password has ${SHORTEST} characters or more.`;
  if (length > LONGEST) return `A password has ${LONGEST} characters at most.`;
  return null;
}

/** What to say about a new password while it is typed, by its length alone. */
export function passwordHint(password: string): string {
  const length = [...password].length;
  const missing = SHORTEST - length;
  if (length === 0) return `${SHORTEST} characters or more. A few words that you can remember are best.`;
  if (missing > 1) return `${missing} more characters.`;
  if (missing === 1) return '1 more character.';
  if (length > LONGEST) return `A password has ${LONGEST} characters at most.`;
  if (length < 16) return 'Long enough. A longer one is harder to guess.';
  return 'Good and long.';
}
