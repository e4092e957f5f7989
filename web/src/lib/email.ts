/** What is wrong with an e-mail address; null if nothing that can be seen. */
export function emailProblem(email: string): string | null {
  return /^[^\s@]+@[^\s@]+$/u.test(email.trim()) ? null : 'Type an address such as ann@example.com.';
}
