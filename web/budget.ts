/** What a first visit may cost: the build fails when the pages that everybody opens first grow too heavy. */
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

type Chunk = { code: string; imports: readonly string[]; isEntry: boolean; modules: readonly string[] };

export type Budget = {
  /** Compressed script that comes before anything is asked for, in kB of 1,000 bytes. */
  firstLoadKb: number;
  /** Modules, by the end of their path, that come only when they are needed. */
  later: readonly string[];
};

/** Everything that the browser loads at once, beginning with the entries. */
export function firstLoad(chunks: ReadonlyMap<string, Chunk>): string[] {
  const found = new Set<string>();
  const visit = (name: string) => {
    const chunk = chunks.get(name);
    if (!chunk || found.has(name)) return;
    found.add(name);
    chunk.imports.forEach(visit);
  };
  for (const [name, { isEntry }] of chunks) if (isEntry) visit(name);
  return [...found];
}

/** What breaks the budget, in words; nothing when all is well. */
export function overBudget(chunks: ReadonlyMap<string, Chunk>, budget: Budget): string[] {
  const first = firstLoad(chunks).map((name) => chunks.get(name) as Chunk);
  const bytes = first.reduce((sum, { code }) => sum + gzipSync(code).length, 0);
  const words = budget.later
    .filter((end) => first.some(({ modules }) => modules.some((id) => id.endsWith(end))))
    .map((end) => `${end} comes with the first load; import it where it is needed`);
  if (bytes > budget.firstLoadKb * 1000)
    words.push(`the first load is ${Math.ceil(bytes / 1000)} kB compressed, more than ${budget.firstLoadKb}`);
  return words;
}

export function withinBudget(budget: Budget): Plugin {
  return {
    name: 'within-budget',
    apply: 'build',
    generateBundle(_, bundle) {
      const chunks = new Map<string, Chunk>();
      for (const [name, made] of Object.entries(bundle))
        if (made.type === 'chunk') chunks.set(name, { ...made, modules: made.moduleIds });
      const words = overBudget(chunks, budget);
      if (words.length > 0) this.error(words.join('; '));
    },
  };
}
