/** Corrections, and whom the server lets make them. */
import type { Call, Edit, Me, Segment } from '@/lib/api/types';

/** Whether somebody may correct the words of a call: the server decides in the end. */
export function mayCorrect(me: Pick<Me, 'id' | 'role'>, call: Pick<Call, 'owner_id' | 'team_id'>): boolean {
  return me.role === 'admin' || me.id === call.owner_id || (me.role === 'coach' && call.team_id != null);
}

/** The corrections of a segment, the newest first. */
export function editsOf(edits: readonly Edit[], segment: Segment): Edit[] {
  return edits
    .filter(
      (edit) =>
        (edit.channel == null || edit.channel === segment.channel) &&
        edit.start_ms < Math.max(segment.end_ms, segment.start_ms + 1) &&
        Math.max(edit.end_ms, edit.start_ms + 1) > segment.start_ms,
    )
    .sort((a, b) => b.created_at - a.created_at);
}
