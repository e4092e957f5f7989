import type { Audience, CommentKind } from '@/lib/api/types';
import type { IconName } from '@/ui/Icon.svelte';

type Word<T> = { id: T; word: string; hint: string; icon: IconName };

/** What comments are for, in the order of their keys. */
export const KINDS: readonly Word<CommentKind>[] = [
  { id: 'praise', word: 'Praise', hint: 'What worked', icon: 'praise' },
  { id: 'improve', word: 'Improve', hint: 'What to try next time', icon: 'improve' },
  { id: 'question', word: 'Question', hint: 'What was behind this?', icon: 'question' },
  { id: 'note', word: 'Note', hint: 'Anything else', icon: 'note' },
];

export const AUDIENCES: readonly Word<Audience>[] = [
  { id: 'call', word: 'Everyone who sees the call', hint: 'Everyone', icon: 'people' },
  { id: 'mentioned', word: 'Only people I mention', hint: 'Only people mentioned', icon: 'at' },
  { id: 'author', word: 'Only me', hint: 'Only me', icon: 'lock' },
];

/** As the server takes them. */
export const REACTIONS = ['👍', '👏', '🎉', '💡', '🙏', '😄', '🤔', '👀'] as const;

export const REACTION_WORDS: Readonly<Record<string, string>> = {
  '👍': 'Thumbs up',
  '👏': 'Applause',
  '🎉': 'Celebrate',
  '💡': 'Idea',
  '🙏': 'Thank you',
  '😄': 'Smile',
  '🤔': 'Thinking',
  '👀': 'Looking',
};

export function kindOf(kind: CommentKind): Word<CommentKind> {
  return KINDS.find(({ id }) => id === kind) ?? { id: 'note', word: 'Note', hint: '', icon: 'note' };
}
