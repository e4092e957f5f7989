import { expect, it } from 'vitest';
import { carriesFiles, titleFromName } from './files';

it.each([
  ['acme_first-call.wav', 'acme first call'],
  ['2026-11-18 Northwind.mp3', '2026-11-18 Northwind'],
  ['Follow-up with Acme.mp3', 'Follow-up with Acme'],
  ['v1.2 demo.m4a', 'v1.2 demo'],
  ['.wav', '.wav'],
  ['über-uns.flac', 'über uns'],
])('%s becomes %s', (name, title) => expect(titleFromName(name)).toBe(title));

it('tells files from dragged text', () => {
  expect(carriesFiles({ types: ['Files'] })).toBe(true);
  expect(carriesFiles({ types: ['text/plain'] })).toBe(false);
  expect(carriesFiles(null)).toBe(false);
});
