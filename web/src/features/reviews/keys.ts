/** The scorecard's keys: the levels of the criterion that is open, from the lowest, and 'not applicable'. */
export function scorecardKeys(choose: (position: number | 'n/a') => void): Record<string, () => void> {
  const levels = [1, 2, 3, 4, 5].map((position) => [String(position), () => choose(position)] as const);
  return { ...Object.fromEntries(levels), 0: () => choose('n/a') };
}
