import { createQuery, type QueryClient } from '@tanstack/svelte-query';
import { client, unwrap, unwrapEmpty } from '@/lib/api/client';
import { keys } from '@/lib/api/keys';
import type { Comment, CommentTemplate, CommentThread, CommentVersion } from '@/lib/api/types';
import { movedTo, type About, type Draft, type Outgoing } from './drafts';
import { findComment, withComment, withoutComment, withReaction } from './threads';

const PAGE = 2000;
const path = (id: string) => ({ path: { id } });

/** All threads of a call that the viewer may see, the oldest first. */
export function useComments(callId: () => string) {
  return createQuery(() => ({
    queryKey: keys.comments(callId()),
    staleTime: 30_000,
    queryFn: () => fetchThreads(callId()),
  }));
}

async function fetchThreads(id: string): Promise<CommentThread[]> {
  const threads: CommentThread[] = [];
  let after: string | null | undefined;
  do {
    const query = { limit: PAGE, ...(after && { after }) };
    const page = await unwrap(client.GET('/api/v1/calls/{id}/comments', { params: { path: { id }, query } }));
    threads.push(...page.items);
    after = page.next;
  } while (after);
  return threads;
}

export function useVersions(comment: () => Comment) {
  return createQuery(() => ({
    queryKey: ['comment-versions', comment().id, String(comment().version)],
    queryFn: async (): Promise<CommentVersion[]> => {
      const id = comment().id;
      return (await unwrap(client.GET('/api/v1/comments/{id}/versions', { params: path(id) }))).items;
    },
  }));
}

const TEMPLATES = ['comment-templates'];

export function useTemplates() {
  return createQuery(() => ({
    queryKey: TEMPLATES,
    staleTime: 60_000,
    queryFn: async (): Promise<CommentTemplate[]> => {
      const all: CommentTemplate[] = [];
      let after: string | null | undefined;
      do {
        const query = { limit: 200, ...(after && { after }) };
        const page = await unwrap(client.GET('/api/v1/comment-templates', { params: { query } }));
        all.push(...page.items);
        after = page.next;
      } while (after);
      return all;
    },
  }));
}

/** The words of a draft as the server takes them; parts without words are none. */
function wordsOf(draft: Draft) {
  const part = (text: string) => text.trim() || null;
  return {
    kind: draft.kind,
    body: draft.body.trim(),
    situation: part(draft.situation),
    behaviour: part(draft.behaviour),
    impact: part(draft.impact),
  };
}

export type TemplateDraft = { title: string; shared: boolean; draft: Draft };

export class TemplateActions {
  readonly #cache: QueryClient;

  constructor(cache: QueryClient) {
    this.#cache = cache;
  }

  async create(key: string, { title, shared, draft }: TemplateDraft): Promise<void> {
    const body = { title: title.trim(), shared, ...wordsOf(draft) };
    await unwrap(client.POST('/api/v1/comment-templates', { body, headers: { 'Idempotency-Key': key } }));
    await this.#reread();
  }

  async update(template: CommentTemplate, { title, shared, draft }: TemplateDraft): Promise<void> {
    const params = { ...path(template.id), header: { 'If-Match': `"${template.version}"` } };
    const body = { title: title.trim(), shared, ...wordsOf(draft) };
    try {
      await unwrap(client.PATCH('/api/v1/comment-templates/{id}', { params, body }));
    } finally {
      await this.#reread();
    }
  }

  async remove(id: string): Promise<void> {
    await unwrapEmpty(client.DELETE('/api/v1/comment-templates/{id}', { params: path(id) }));
    await this.#reread();
  }

  #reread(): Promise<void> {
    return this.#cache.invalidateQueries({ queryKey: TEMPLATES });
  }
}

/** What can be done with comments of a call; shown before the server says so. Each throws `ApiError`. */
export class CommentActions {
  readonly #cache: QueryClient;
  readonly #callId: string;
  readonly #me: string;

  constructor(cache: QueryClient, callId: string, me: string) {
    this.#cache = cache;
    this.#callId = callId;
    this.#me = me;
  }

  async send(outgoing: Outgoing): Promise<Comment> {
    const { key, parentId, draft, mentions } = outgoing;
    const headers = { 'Idempotency-Key': key };
    const words = { ...wordsOf(draft), mentions: [...mentions] };
    const sent = await unwrap(
      parentId === null
        ? client.POST('/api/v1/calls/{id}/comments', {
            params: path(this.#callId),
            headers,
            body: { ...words, audience: draft.audience, ...placeOf(draft.about) },
          })
        : client.POST('/api/v1/comments/{id}/replies', { params: path(parentId), headers, body: words }),
    );
    await this.#put(sent);
    return sent;
  }

  async edit(comment: Comment, version: number, draft: Draft, mentions: readonly string[]): Promise<void> {
    const params = { ...path(comment.id), header: { 'If-Match': `"${version}"` } };
    const place = movedTo(comment, draft);
    const body = { ...wordsOf(draft), mentions: [...mentions], ...(place && placeOf(place)) };
    try {
      await this.#put(await unwrap(client.PATCH('/api/v1/comments/{id}', { params, body })));
    } catch (error) {
      void this.reread();
      throw error;
    }
  }

  /** What a comment says now. */
  async read(id: string): Promise<Comment> {
    const comment = await unwrap(client.GET('/api/v1/comments/{id}', { params: path(id) }));
    await this.#put(comment);
    return comment;
  }

  async remove(id: string): Promise<void> {
    await unwrapEmpty(client.DELETE('/api/v1/comments/{id}', { params: path(id) }));
    await this.#change((threads) => withoutComment(threads, id, Date.now()));
    void this.reread();
  }

  async react(comment: Comment, reaction: string, given: boolean): Promise<void> {
    const params = { path: { id: comment.id, reaction } };
    await this.#optimistic(
      (now) => withReaction(now, reaction, this.#me, given),
      comment.id,
      () =>
        unwrap(
          given
            ? client.PUT('/api/v1/comments/{id}/reactions/{reaction}', { params })
            : client.DELETE('/api/v1/comments/{id}/reactions/{reaction}', { params }),
        ),
    );
  }

  async settle(comment: Comment, settled: boolean): Promise<void> {
    const params = path(comment.id);
    await this.#optimistic(
      (now) => ({ ...now, resolved_at: settled ? Date.now() : null, resolved_by: settled ? this.#me : null }),
      comment.id,
      () =>
        unwrap(
          settled
            ? client.POST('/api/v1/comments/{id}/resolve', { params })
            : client.POST('/api/v1/comments/{id}/reopen', { params }),
        ),
    );
  }

  reread(): Promise<void> {
    return this.#cache.invalidateQueries({ queryKey: keys.comments(this.#callId) });
  }

  async #optimistic(change: (now: Comment) => Comment, id: string, ask: () => Promise<Comment>) {
    await this.#change((threads) => {
      const now = findComment(threads, id);
      return now ? withComment(threads, change(now)) : threads;
    });
    try {
      await this.#put(await ask());
    } catch (error) {
      void this.reread();
      throw error;
    }
  }

  #put(comment: Comment): Promise<void> {
    return this.#change((threads) => withComment(threads, comment));
  }

  /** A list that is being read meanwhile may not know of the change: it is read again. */
  async #change(change: (threads: readonly CommentThread[]) => readonly CommentThread[]): Promise<void> {
    const queryKey = keys.comments(this.#callId);
    const reading = this.#cache.isFetching({ queryKey }) > 0;
    if (reading) await this.#cache.cancelQueries({ queryKey });
    this.#cache.setQueryData<readonly CommentThread[]>(queryKey, (threads) => threads && change(threads));
    if (reading) void this.reread();
  }
}

function placeOf(about: About) {
  if (about === 'call') return {};
  return { start_ms: about.startMs, end_ms: about.endMs, channel: about.channel };
}
