import type { Call, Me, Priority } from '@/lib/api/types';

export const PRIORITIES = ['high', 'normal', 'low'] as const satisfies readonly Priority[];

export const PRIORITY_NAMES: Readonly<Record<Priority, string>> = {
  high: 'Do this next',
  normal: 'In turn',
  low: 'After others',
};

/** The priorities that somebody may give to a call, as the server has it. */
export function choosable(me: Pick<Me, 'id' | 'role' | 'team_ids'>, call: Call): readonly Priority[] {
  const coaches = me.role === 'coach' && call.team_id != null && me.team_ids.includes(call.team_id);
  if (me.role === 'admin' || coaches) return PRIORITIES;
  return call.owner_id === me.id ? PRIORITIES.filter((priority) => priority !== 'high') : [];
}

const RANK: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };

/** Calls that are worked on or wait, in about the order in which that will be done. */
export function inOrder(calls: readonly Call[]): Call[] {
  const begun = (call: Call) => (call.state === 'processing' ? 0 : 1);
  return calls.toSorted(
    (a, b) => RANK[a.priority] - RANK[b.priority] || begun(a) - begun(b) || a.created_at - b.created_at,
  );
}
