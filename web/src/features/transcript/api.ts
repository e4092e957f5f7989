import { createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { Edit, Segment, Speaker, Transcript } from '@/lib/api/types';

/** All corrections of a call, those that were taken back, too. */
export function useEdits(callId: () => string) {
  return createQuery(() => ({
    queryKey: keys.edits(callId()),
    queryFn: async (): Promise<readonly Edit[]> => {
      const edits: Edit[] = [];
      let after: string | null | undefined;
      do {
        const query = { limit: 200, ...(after && { after }) };
        const page = await unwrap(
          client.GET('/api/v1/calls/{id}/edits', { params: { path: { id: callId() }, query } }),
        );
        edits.push(...page.items);
        after = page.next;
      } while (after);
      return edits;
    },
    staleTime: 30_000,
  }));
}

export function useSpeakers(callId: () => string) {
  return createQuery(() => ({
    queryKey: [...keys.transcript(callId()), 'speakers'],
    queryFn: async () =>
      (await unwrap(client.GET('/api/v1/calls/{id}/speakers', { params: { path: { id: callId() } } }))).items,
  }));
}

export function useVersions(callId: () => string) {
  return createQuery(() => ({
    queryKey: [...keys.transcript(callId()), 'versions'],
    queryFn: async () =>
      (
        await unwrap(
          client.GET('/api/v1/calls/{id}/transcript/versions', { params: { path: { id: callId() } } }),
        )
      ).items,
  }));
}

/** A version as the machine heard it; null for the one that people read, with their corrections. */
export function useVersion(callId: () => string, version: () => number | null) {
  return createQuery(() => {
    // Read now: whoever fetches this version again may be a neighbour that shows another one by then.
    const id = callId();
    const wanted = version();
    const query = wanted === null ? {} : { version: wanted };
    return {
      queryKey: [...keys.transcript(id), 'version', wanted],
      queryFn: () => unwrap(client.GET('/api/v1/calls/{id}/transcript', { params: { path: { id }, query } })),
      structuralSharing: false,
      gcTime: 60_000,
    };
  });
}

/** What can be done with the words of a call. Each throws `ApiError`. */
export function useWordActions(callId: () => string) {
  const cache = useQueryClient();
  const reread = async () => {
    await Promise.all([
      cache.invalidateQueries({ queryKey: keys.transcript(callId()) }),
      cache.invalidateQueries({ queryKey: keys.edits(callId()) }),
    ]);
  };
  return {
    correct: async (segmentId: string, text: string, was: string): Promise<void> => {
      const path = { id: callId(), segment_id: segmentId };
      const corrected = await unwrap(
        client.PATCH('/api/v1/calls/{id}/segments/{segment_id}', { params: { path }, body: { text, was } }),
      );
      cache.setQueryData(keys.transcript(callId()), (known: Transcript | undefined) =>
        known ? { ...known, segments: replaceSegment(known.segments, corrected) } : known,
      );
      void reread();
    },
    revert: async (editId: string): Promise<void> => {
      const path = { id: callId(), edit_id: editId };
      await unwrapEmpty(client.DELETE('/api/v1/calls/{id}/edits/{edit_id}', { params: { path } }));
      await reread();
    },
    nameSpeakers: async (speakers: Speaker[]): Promise<void> => {
      await unwrap(
        client.PUT('/api/v1/calls/{id}/speakers', { params: { path: { id: callId() } }, body: speakers }),
      );
      await reread();
      void cache.invalidateQueries({ queryKey: keys.call(callId()) });
    },
    reread,
  };
}

function replaceSegment(segments: readonly Segment[], fresh: Segment): Segment[] {
  return segments.map((segment) => (segment.id === fresh.id ? fresh : segment));
}
