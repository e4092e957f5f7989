/** What others have said since the comments were last read, for those who listen to the page. */
import type { Comment, CommentThread } from '@/lib/api/types';
import { formatClock } from '@/lib/time';

export class News {
  readonly #me: string;
  #known: ReadonlySet<string> | null = null;

  constructor(me: string) {
    this.#me = me;
  }

  /** The news in words; nothing the first time, and nothing about oneself. */
  read(threads: readonly CommentThread[], nameOf: (comment: Comment) => string): string {
    const known = this.#known;
    this.#known = new Set(threads.flatMap((thread) => [thread.id, ...thread.replies.map(({ id }) => id)]));
    if (!known) return '';
    const said = threads.flatMap((thread) =>
      [thread, ...thread.replies]
        .filter(({ id, author_id, deleted_at }) => !known.has(id) && author_id !== this.#me && !deleted_at)
        .map((comment) => ({ comment, thread })),
    );
    const [first] = said;
    if (!first) return '';
    if (said.length > 1) return `${said.length} new comments`;
    const name = nameOf(first.comment);
    const anchor = first.thread.anchor;
    const answer = first.comment !== first.thread;
    if (!anchor) return answer ? `${name} replied on the whole call` : `${name} commented on the whole call`;
    const at = formatClock(anchor.start_ms);
    return answer ? `${name} replied at ${at}` : `${name} commented at ${at}`;
  }
}
