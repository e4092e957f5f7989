import { test as base, type APIRequestContext, type BrowserContext, type Page } from '@playwright/test';
import { PASSWORD, Server } from './server';

export { expect } from '@playwright/test';

/** People of the sample workspace. Ana's calls are the samples. */
export type Who = 'ana' | 'luis' | 'carla' | 'admin';

type Look = { width?: number; height?: number; dark?: boolean };
type Fixtures = {
  /** Opens a page in a browser of its own, where nobody is signed in. */
  open: (look?: Look) => Promise<Page>;
  /** Opens a page as somebody, each with a browser of their own. */
  as: (who: Who, look?: Look) => Promise<Page>;
};
type Shared = {
  /** A server with the sample people and calls, already transcribed. */
  server: Server;
};

export const test = base.extend<Fixtures, Shared>({
  server: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the names from the pattern
    async ({}, use) => {
      const server = new Server();
      server.fill();
      await server.start();
      await use(server);
      await server.remove();
    },
    { scope: 'worker', timeout: 300_000 },
  ],
  open: async ({ browser, server }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async ({ width = 1440, height = 900, dark = false } = {}) => {
      const context = await browser.newContext({
        baseURL: server.url,
        viewport: { width, height },
        colorScheme: dark ? 'dark' : 'light',
        acceptDownloads: true,
      });
      contexts.push(context);
      const page = await context.newPage();
      page.on('pageerror', (error) => {
        throw error;
      });
      return page;
    });
    for (const context of contexts) await context.close();
  },
  as: async ({ open, server }, use) => {
    await use(async (who, look) => {
      const page = await open(look);
      await signIn(page.request, server.url, who);
      return page;
    });
  },
});

export async function signIn(request: APIRequestContext, url: string, who: Who): Promise<void> {
  const answer = await request.post(`${url}/api/v1/session`, {
    data: { email: `${who}@demo.example`, password: PASSWORD },
    headers: { origin: url },
  });
  if (!answer.ok()) throw new Error(`${who} cannot sign in: ${answer.status()} ${await answer.text()}`);
}

type Listed<T> = { items: T[] };
export type CallLine = { id: string; title: string; state: string; problem: { detail: string } | null };

/** A call by (a part of) its title. */
export async function callNamed(page: Page, title: string): Promise<CallLine> {
  const answer = await page.request.get('/api/v1/calls?limit=200');
  const { items } = (await answer.json()) as Listed<CallLine>;
  const call = items.find((one) => one.title.includes(title));
  if (!call) throw new Error(`there is no call named ${title}`);
  return call;
}

/** Takes back what people said in reviews of a call, so that a test begins with none of theirs. */
export async function withdrawReviews(page: Page, callId: string): Promise<void> {
  const me = (await (await page.request.get('/api/v1/me')).json()) as { id: string };
  const answer = await page.request.get(`/api/v1/calls/${callId}/reviews`);
  const { items } = (await answer.json()) as Listed<{ id: string; reviewer_id: string; state: string }>;
  for (const review of items) {
    if (review.reviewer_id !== me.id || review.state === 'withdrawn') continue;
    const done = await page.request.post(`/api/v1/reviews/${review.id}/withdraw`, {
      headers: { origin: new URL(answer.url()).origin },
    });
    if (!done.ok()) throw new Error(`the review stays: ${done.status()} ${await done.text()}`);
  }
}
