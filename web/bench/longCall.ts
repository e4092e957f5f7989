/** A call of three hours with everything that may stand in it, in a workspace of its own. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { request, type APIRequestContext } from '@playwright/test';
import { signIn, type Who } from '../e2e/fixtures';
import { ROOT, type Server } from '../e2e/server';
import { wavHead } from '../e2e/wav';

export const TITLE = 'Three hours with everybody';
const HOURS = 3;
const RATE_HZ = 8000;
const SEGMENTS = 5000;
const COMMENTS = 2000;
const AT_ONCE = 8;
const KINDS = ['praise', 'improve', 'question', 'note'] as const;

/** Some seconds of talk, so that there is something to hear, then silence: it makes no difference to the page. */
function recording(): Buffer {
  const bytes = HOURS * 3600 * RATE_HZ * 2;
  const sample = path.join(ROOT, 'samples/bakery-discovery.opus');
  const form = ['-ac', '2', '-ar', String(RATE_HZ), '-f', 'mulaw', '-'];
  const talk = execFileSync('ffmpeg', ['-v', 'error', '-i', sample, '-t', '12', ...form]);
  const head = wavHead({ rate_hz: RATE_HZ, channels: 2, bits: 8, bytes });
  return Buffer.concat([head, talk, Buffer.alloc(bytes - talk.length, 0xff)]);
}

async function signedIn(server: Server, who: Who): Promise<APIRequestContext> {
  const context = await request.newContext({ baseURL: server.url, extraHTTPHeaders: { origin: server.url } });
  await signIn(context, server.url, who);
  return context;
}

/** Uploads the recording and waits until it has been heard. */
async function upload(api: APIRequestContext): Promise<string> {
  const answer = await api.post('/api/v1/calls', {
    multipart: {
      meta: JSON.stringify({ title: TITLE, visibility: 'org' }),
      file: { name: 'long.wav', mimeType: 'audio/wav', buffer: recording() },
    },
    timeout: 300_000,
  });
  if (!answer.ok()) throw new Error(`not uploaded: ${answer.status()} ${await answer.text()}`);
  const { id } = (await answer.json()) as { id: string };
  for (;;) {
    const call = (await (await api.get(`/api/v1/calls/${id}`)).json()) as { state: string; problem: unknown };
    if (call.state === 'ready') return id;
    if (call.state === 'failed') throw new Error(`it could not be heard: ${JSON.stringify(call.problem)}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function comment(api: APIRequestContext, callId: string, number: number): Promise<void> {
  const start = Math.floor((number / COMMENTS) * (HOURS * 3_600_000 - 20_000));
  const answer = await api.post(`/api/v1/calls/${callId}/comments`, {
    data: {
      kind: KINDS[number % KINDS.length],
      body: `Comment ${number}: what I heard here is worth a second look, as the question came late.`,
      start_ms: start,
      end_ms: start + 4000 + (number % 5) * 1500,
    },
  });
  if (!answer.ok()) throw new Error(`no comment: ${answer.status()} ${await answer.text()}`);
}

/** Makes the call; the server runs afterwards. */
export async function makeLongCall(server: Server): Promise<string> {
  const ana = await signedIn(server, 'ana');
  const id = await upload(ana);
  await server.kill();
  execFileSync('python3', [
    path.join(ROOT, 'web/bench/seed.py'),
    path.join(server.folder, 'gametape.db'),
    id,
    String(SEGMENTS),
  ]);
  await server.start();
  const people = [await signedIn(server, 'luis'), await signedIn(server, 'carla')];
  for (let from = 0; from < COMMENTS; from += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, index) => from + index);
    await Promise.all(
      numbers.map((number) => comment(people[number % people.length] as APIRequestContext, id, number)),
    );
  }
  for (const one of [ana, ...people]) await one.dispose();
  return id;
}
