/** What this browser remembers. Private windows may refuse; then nothing is remembered. */
export function recall(key: string): string | null {
  try {
    return localStorage.getItem(`gametape.${key}`);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`gametape.${key}`);
    else localStorage.setItem(`gametape.${key}`, value);
  } catch {
    // Nothing depends on it.
  }
}
