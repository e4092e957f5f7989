import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { firstLoad, overBudget } from './budget';

const chunk = (imports: string[] = [], modules: string[] = [], code = '', isEntry = false) => ({
  code,
  imports,
  isEntry,
  modules,
});

describe('budget', () => {
  const chunks = new Map([
    ['index.js', chunk(['shared.js'], ['/src/main.ts'], 'main', true)],
    ['shared.js', chunk(['index.js'], ['/src/lib/time.ts'], randomBytes(3000).toString('hex'))],
    ['CallPage.js', chunk(['shared.js'], ['/src/app/pages/CallPage.svelte'], 'call')],
  ]);

  it('follows what comes at once, in circles too', () => {
    expect(firstLoad(chunks).sort()).toEqual(['index.js', 'shared.js']);
  });

  it('is kept, or says why not', () => {
    expect(overBudget(chunks, { firstLoadKb: 10, later: ['pages/CallPage.svelte'] })).toEqual([]);
    expect(overBudget(chunks, { firstLoadKb: 1, later: [] })).toEqual([
      expect.stringMatching(/kB compressed, more than 1$/),
    ]);
    expect(overBudget(chunks, { firstLoadKb: 10, later: ['lib/time.ts'] })).toEqual([
      expect.stringContaining('lib/time.ts comes with the first load'),
    ]);
  });
});
