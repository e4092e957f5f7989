import { expect, test } from 'vitest';
import { takenPercent } from './quota';

const none = {
  recordings_bytes: 0,
  uploads_bytes: 0,
  quota_bytes: null,
  open_uploads: 0,
  max_open_uploads: null,
};

test('recordings and uploads under way are taken together', () => {
  expect(takenPercent({ ...none, recordings_bytes: 30, uploads_bytes: 15, quota_bytes: 60 })).toBe(75);
});

test('more than there may be is all of it', () => {
  expect(takenPercent({ ...none, recordings_bytes: 90, quota_bytes: 60 })).toBe(100);
});

test('without a limit nothing is said', () => {
  expect(takenPercent({ ...none, recordings_bytes: 90 })).toBeNull();
});
