import type { GivenResponse, Review, ReviewResponse, ReviewStep, Visibility } from '@/lib/api/types';

/** Who sees a call, and a released review of it with it. */
export const AUDIENCE: Readonly<Record<Visibility, string>> = {
  private: 'everybody who was invited to this call',
  team: 'the call’s team',
  org: 'everybody in this workspace',
};

/** Where a review stands, for the reader. */
export function stateWords(
  review: Pick<Review, 'state'>,
  who: { isAuthor: boolean; isReviewee: boolean; reviewee: string },
  visibility: Visibility,
): string {
  if (review.state === 'draft') return 'Draft: only you see it';
  if (review.state === 'withdrawn') return 'Withdrawn: only you see it';
  if (review.state === 'released') return `Seen by ${AUDIENCE[visibility]}`;
  if (who.isAuthor && who.isReviewee) return 'Only you see it';
  if (who.isReviewee) return 'Between the two of you';
  return `Between you and ${who.reviewee}`;
}

/** The reviewee's answers, as they choose among them. */
export const ANSWERS: readonly { response: ReviewResponse; label: string; ask: string; must: boolean }[] = [
  { response: 'thank', label: 'Thank you', ask: 'What helped you? (optional)', must: false },
  { response: 'acknowledge', label: 'I have read it', ask: 'Anything to add? (optional)', must: false },
  { response: 'ask', label: 'I have a question', ask: 'What would you like to know?', must: true },
  { response: 'disagree', label: 'I see it differently', ask: 'How do you see it, and why?', must: true },
];

const MINE: Readonly<Record<ReviewResponse, string>> = {
  acknowledge: 'You have read it.',
  thank: 'You said thank you.',
  ask: 'You asked:',
  disagree: 'You see it differently:',
};

const THEIRS: Readonly<Record<ReviewResponse, (name: string) => string>> = {
  acknowledge: (name) => `${name} has read it.`,
  thank: (name) => `${name} says thank you.`,
  ask: (name) => `${name} asks:`,
  disagree: (name) => `${name} sees it differently:`,
};

/** What the reviewee said, for whoever reads it. */
export function answerWords(given: GivenResponse, isReviewee: boolean, reviewee: string): string {
  return isReviewee ? MINE[given.response] : THEIRS[given.response](reviewee);
}

const STEPS: Readonly<Record<string, (name: string) => string>> = {
  create: (name) => `${name} began it`,
  submit: (name) => `${name} submitted it`,
  release: (name) => `${name} released it`,
  withdraw: (name) => `${name} withdrew it`,
  reopen: (name) => `${name} took it up again`,
  acknowledge: (name) => `${name} read it`,
  thank: (name) => `${name} said thank you`,
  ask: (name) => `${name} asked a question`,
  disagree: (name) => `${name} saw it differently`,
};

/** A step in the life of a review. */
export function stepWords(step: ReviewStep, name: string): string {
  return STEPS[step.action]?.(name) ?? `${name}: ${step.action}`;
}
