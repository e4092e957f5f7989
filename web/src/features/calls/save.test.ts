import { expect, it, vi } from 'vitest';
import { ApiError } from '@/lib/api/problem';
import type { Call, UpdateCall } from '@/lib/api/types';
import { detailsOf } from './details';
import { saveDetails } from './save';

const call = (change: Partial<Call> = {}): Call => ({
  id: 'call_1',
  title: 'Acme',
  owner_id: 'user_1',
  state: 'ready',
  has_transcript: true,
  visibility: 'private',
  tags: [],
  participants: [],
  invited: [],
  deal: {},
  talk: {},
  comment_count: 0,
  redactions: 0,
  consent: { status: 'unknown' },
  priority: 'normal',
  created_at: 1,
  updated_at: 1,
  last_event: 3,
  ...change,
});

const changed = new ApiError(412, 'precondition_failed', 'Changed.');

function steps(now: Call) {
  return {
    update: vi.fn((version: number, body: UpdateCall) =>
      version === now.updated_at
        ? Promise.resolve({ ...now, title: body.title ?? now.title, updated_at: 9 })
        : Promise.reject(changed),
    ),
    read: vi.fn(() => Promise.resolve(now)),
  };
}

it('saves over a call that only its work has changed', async () => {
  const before = detailsOf(call());
  const now = steps(call({ updated_at: 2, state: 'processing', tags: ['theirs'] }));
  const saved = await saveDetails(call(), before, { ...before, title: 'Mine' }, now);
  expect(saved).toEqual({ call: expect.objectContaining({ title: 'Mine', updated_at: 9 }) });
  expect(now.update).toHaveBeenLastCalledWith(2, { title: 'Mine' });
});

it('asks where somebody changed the same field, and keeps what was typed', async () => {
  const before = detailsOf(call());
  const saved = await saveDetails(
    call(),
    before,
    { ...before, title: 'Mine' },
    steps(call({ updated_at: 2, title: 'Theirs' })),
  );
  expect(saved).toMatchObject({ clashes: ['title'], details: { title: 'Mine' }, call: { title: 'Theirs' } });
});

it('asks for nothing where nothing was changed', async () => {
  const before = detailsOf(call());
  const now = steps(call());
  await saveDetails(call(), before, before, now);
  expect(now.update).not.toHaveBeenCalled();
});
