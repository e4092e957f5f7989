import { errorWords, hasStatus } from '@/lib/api/problem';

/** What is wrong with an e-mail address; null if nothing that can be seen. */
export function emailProblem(email: string): string | null {
  return /^[^\s@]+@[^\s@]+$/u.test(email.trim()) ? null : 'Type an address such as ann@example.com.';
}

/** Why an account could not be made; empty where nothing went wrong. */
export function accountWords(error: unknown): string {
  if (!error) return '';
  const taken = hasStatus(error, 409);
  return taken ? 'There is an account with this e-mail address already.' : errorWords(error);
}
