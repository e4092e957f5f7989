import { createQuery, useQueryClient } from '@tanstack/svelte-query';
import { client, unwrap } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { RubricDetail, RubricDraft } from '@/lib/api/types';

const names = {
  list: (archived: boolean) => [...keys.rubrics, 'list', archived],
  one: (id: string) => [...keys.rubrics, 'one', id],
  versions: (id: string) => [...keys.rubrics, 'versions', id],
  version: (id: string, version: number) => [...keys.rubrics, 'version', id, version],
};

export function useRubrics(archived: boolean) {
  return createQuery(() => ({
    queryKey: names.list(archived),
    queryFn: async () => {
      const query = { limit: 200, archived };
      return (await unwrap(client.GET('/api/v1/rubrics', { params: { query } }))).items;
    },
  }));
}

export function useRubric(id: () => string) {
  return createQuery(() => ({
    queryKey: names.one(id()),
    queryFn: () => unwrap(client.GET('/api/v1/rubrics/{id}', { params: { path: { id: id() } } })),
  }));
}

export function useVersions(id: () => string) {
  return createQuery(() => ({
    queryKey: names.versions(id()),
    queryFn: async () =>
      (await unwrap(client.GET('/api/v1/rubrics/{id}/versions', { params: { path: { id: id() } } }))).items,
  }));
}

/** A published version; it never changes. */
export function useVersion(id: () => string, version: () => number | null) {
  return createQuery(() => ({
    queryKey: names.version(id(), version() ?? 0),
    queryFn: () => fetchVersion(id(), version() ?? 0),
    enabled: version() !== null,
    staleTime: Infinity,
  }));
}

export function fetchVersion(id: string, version: number) {
  return unwrap(client.GET('/api/v1/rubrics/{id}/versions/{version}', { params: { path: { id, version } } }));
}

export type RubricChanges = { title?: string; description?: string; draft?: RubricDraft | null };

/** What can be done with rubrics. Each throws `ApiError`. */
export function useRubricActions() {
  const cache = useQueryClient();
  const show = async (answer: Promise<RubricDetail>) => {
    const rubric = await answer;
    cache.setQueryData(names.one(rubric.id), rubric);
    void cache.invalidateQueries({ queryKey: [...keys.rubrics, 'list'] });
    void cache.invalidateQueries({ queryKey: [...keys.rubrics, 'offered'] });
    return rubric;
  };
  const params = (id: string, version: number) => ({ path: { id }, header: { 'If-Match': `"${version}"` } });
  return {
    reread: (id: string) => cache.invalidateQueries({ queryKey: names.one(id) }),
    create: (title: string, draft: RubricDraft) =>
      show(unwrap(client.POST('/api/v1/rubrics', { body: { title, draft } }))),
    update: (id: string, version: number, body: RubricChanges) =>
      show(unwrap(client.PATCH('/api/v1/rubrics/{id}', { params: params(id, version), body }))),
    publish: async (id: string, version: number) => {
      const rubric = await show(
        unwrap(client.POST('/api/v1/rubrics/{id}/publish', { params: params(id, version) })),
      );
      await cache.invalidateQueries({ queryKey: names.versions(id) });
      return rubric;
    },
    archive: (id: string, version: number) =>
      show(unwrap(client.POST('/api/v1/rubrics/{id}/archive', { params: params(id, version) }))),
    unarchive: (id: string, version: number) =>
      show(unwrap(client.POST('/api/v1/rubrics/{id}/unarchive', { params: params(id, version) }))),
  };
}
