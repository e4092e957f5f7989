import { expect, it } from 'vitest';
import { answerWords, stateWords, stepWords } from './words';

it('says who sees a review', () => {
  const luis = { isAuthor: true, isReviewee: false, reviewee: 'Ana' };
  const ana = { isAuthor: false, isReviewee: true, reviewee: 'Ana' };
  expect(stateWords({ state: 'submitted' }, luis, 'team')).toBe('Between you and Ana');
  expect(stateWords({ state: 'submitted' }, ana, 'team')).toBe('Between the two of you');
  expect(stateWords({ state: 'submitted' }, { ...ana, isAuthor: true }, 'team')).toBe('Only you see it');
  expect(stateWords({ state: 'released' }, luis, 'team')).toBe('Seen by the call’s team');
});

it('tells the answer to its author and to others', () => {
  const given = { response: 'ask', note: 'Why a 2?', at: 0 } as const;
  expect(answerWords(given, true, 'Ana')).toBe('You asked:');
  expect(answerWords(given, false, 'Ana')).toBe('Ana asks:');
});

it('tells what happened, also what it does not know yet', () => {
  const step = { id: 's', actor_id: 'u', action: 'reopen', reason: 'x', created_at: 0 };
  expect(stepWords(step, 'Luis')).toBe('Luis took it up again');
  expect(stepWords({ ...step, action: 'swap' }, 'Luis')).toBe('Luis: swap');
});
