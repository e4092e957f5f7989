import { expect, it } from 'vitest';
import { emailProblem } from './email';

it('wants something like an address', () => {
  expect(emailProblem(' ann@example.com ')).toBeNull();
  for (const wrong of ['', 'ann', '@x', 'a@', 'a b@c', 'a@b@c']) expect(emailProblem(wrong)).not.toBeNull();
});
