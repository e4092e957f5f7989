import { expect, it } from 'vitest';
import { criterion } from './example';
import { doneWords, lacks, NOTHING, saidOf, type Said } from './said';

const criteria = [
  criterion('a', { evidence_required: true }),
  criterion('b', { evidence_required: false }),
  criterion('c', { evidence_required: true }),
];

function lacking(said: Record<string, Partial<Said>>, places: Record<string, number> = {}) {
  return lacks(
    criteria,
    (id) => ({ ...NOTHING, ...said[id] }),
    (id) => places[id] ?? 0,
  ).map((lack) => `${lack.criterionId} ${lack.what}`);
}

it('wants a level or “not applicable” for each criterion', () => {
  expect(lacking({})).toEqual(['a score', 'b score', 'c score']);
  expect(lacking({ a: { note: 'words alone' } })).toContain('a score');
});

it('wants evidence where the rubric does, unless it does not apply', () => {
  const said = { a: { value: 3 }, b: { value: 0 }, c: { notApplicable: true } };
  expect(lacking(said)).toEqual(['a evidence']);
  expect(lacking(said, { a: 1 })).toEqual([]);
  // Evidence alone is no score.
  expect(lacking({}, { a: 2 })).toContain('a score');
});

it('reads what the server knows', () => {
  expect(saidOf(undefined)).toEqual(NOTHING);
  const score = {
    criterion_id: 'a',
    value: null,
    not_applicable: true,
    note: 'x',
    evidence: [],
    updated_at: 0,
  };
  expect(saidOf(score)).toEqual({ value: null, notApplicable: true, note: 'x' });
});

it('tells how far it is', () => {
  expect(doneWords(2, 5)).toBe('2 of 5 done');
  expect(doneWords(5, 5)).toBe('All done');
});
