import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, offlineError } from '@/lib/api/problem';
import { fileKey, textMemory, type Remembered } from './memory';
import { UploadQueue, type NewCall, type TransferHandlers, type UploadItem } from './queue';

type Sent = { file: File; url: string | null; handlers: TransferHandlers; stop: ReturnType<typeof vi.fn> };

let sent: Sent[] = [];
let items: UploadItem[] = [];
let kept: string | null = null;
const createCall = vi.fn<(call: NewCall) => Promise<{ id: string }>>();
const forget = vi.fn();

const memory = () => textMemory({ read: () => kept, write: (text) => (kept = text) });

function makeQueue(): UploadQueue {
  const queue = new UploadQueue({
    transfer: (file, url, handlers) => {
      const stop = vi.fn();
      sent.push({ file, url, handlers, stop });
      return { stop };
    },
    createCall,
    forget,
    memory: memory(),
    parallel: 2,
  });
  queue.subscribe((now) => (items = now));
  return queue;
}

const file = (name: string, bytes = 100) => new File([new Uint8Array(bytes)], name, { lastModified: 7 });
const states = () => items.map((item) => item.state);
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  items = [];
  kept = null;
  forget.mockReset();
  createCall.mockReset().mockImplementation(({ uploadId }) => Promise.resolve({ id: `call_of_${uploadId}` }));
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the upload queue', () => {
  it('sends a few at once and the rest in turn', async () => {
    makeQueue().add([file('a.wav'), file('b.wav'), file('c.wav')]);
    expect(states()).toEqual(['sending', 'sending', 'waiting']);
    sent[0]?.handlers.onDone('up1');
    await settle();
    expect(states()).toEqual(['done', 'sending', 'sending']);
    expect(items[0]?.callId).toBe('call_of_up1');
    expect(createCall).toHaveBeenCalledWith(expect.objectContaining({ uploadId: 'up1', title: 'a' }));
  });

  it('refuses empty files at once, without bothering the server', () => {
    const queue = makeQueue();
    queue.add([file('empty.wav', 0)]);
    expect(items[0]).toMatchObject({ state: 'failed', problem: expect.stringContaining('empty') });
    queue.retry(1);
    expect(sent).toHaveLength(0);
  });

  it('takes the same file once', () => {
    const queue = makeQueue();
    queue.add([file('a.wav')]);
    queue.add([file('a.wav')]);
    expect(items).toHaveLength(1);
  });

  it('says why a file failed, goes on with the others, and sends it again on demand', () => {
    const queue = makeQueue();
    queue.add([file('a.wav'), file('b.wav'), file('c.wav')]);
    sent[0]?.handlers.onError(new ApiError(413, 'too_large', 'The file is too large.'));
    expect(states()).toEqual(['failed', 'sending', 'sending']);
    expect(items[0]?.problem).toBe('The file is too large.');
    queue.retry(1);
    expect(states()).toEqual(['waiting', 'sending', 'sending']);
    expect(items[0]?.problem).toBeNull();
    sent[1]?.handlers.onError(new Error('gone'));
    expect(states()).toEqual(['sending', 'failed', 'sending']);
  });

  it('does not send a file again whose call alone could not be made', async () => {
    createCall.mockRejectedValueOnce(new ApiError(400, 'invalid_value', 'No such team.'));
    const queue = makeQueue();
    queue.add([file('a.wav')]);
    sent[0]?.handlers.onDone('up1');
    await settle();
    expect(states()).toEqual(['failed']);
    queue.retry(1);
    await settle();
    expect(states()).toEqual(['done']);
    expect(sent).toHaveLength(1);
  });

  it('stops and forgets a file that is taken off', () => {
    const queue = makeQueue();
    queue.add([file('a.wav'), file('b.wav'), file('c.wav')]);
    queue.remove(1);
    expect(sent[0]?.stop).toHaveBeenCalledWith(true);
    expect(items.map((item) => item.name)).toEqual(['b.wav', 'c.wav']);
    sent[0]?.handlers.onDone('up1');
    expect(createCall).not.toHaveBeenCalled();
    expect(states()).toEqual(['sending', 'sending']);
  });

  it('gives the call what was said meanwhile', async () => {
    const queue = makeQueue();
    queue.add([file('rec_0042.wav')]);
    expect(items[0]?.title).toBe('rec 0042');
    queue.describe(1, { title: 'Acme, first call', meta: { tags: ['new'] } });
    sent[0]?.handlers.onDone('up1');
    expect(queue.describe(1, { title: 'Too late' })).toBe(false);
    await settle();
    expect(createCall).toHaveBeenCalledWith(
      expect.objectContaining({ title: 'Acme, first call', meta: { tags: ['new'] } }),
    );
  });

  it('estimates the time left from what was sent since it went on', () => {
    makeQueue().add([file('a.wav', 1000)]);
    sent[0]?.handlers.onProgress(500);
    expect(items[0]?.leftMs).toBeNull();
    vi.advanceTimersByTime(2000);
    sent[0]?.handlers.onProgress(600);
    expect(items[0]).toMatchObject({ sentBytes: 600, leftMs: 8000 });
  });
});

describe('what passes', () => {
  it('is waited out, ever longer, and said', () => {
    makeQueue().add([file('a.wav')]);
    sent[0]?.handlers.onUrl('/api/v1/uploads/up1');
    sent[0]?.handlers.onError(offlineError());
    expect(items[0]).toMatchObject({ state: 'stalled', problem: expect.stringContaining('by itself') });
    vi.advanceTimersByTime(2000);
    expect(states()).toEqual(['sending']);
    sent[1]?.handlers.onError(new ApiError(502, 'http_502', 'Bad gateway'));
    vi.advanceTimersByTime(4000);
    expect(states()).toEqual(['stalled']);
    vi.advanceTimersByTime(1000);
    expect(sent.map(({ url }) => url)).toEqual([null, '/api/v1/uploads/up1', '/api/v1/uploads/up1']);
  });

  it('is tried at once when the connection is back', () => {
    const queue = makeQueue();
    queue.add([file('a.wav')]);
    sent[0]?.handlers.onError(offlineError());
    queue.retryStalled();
    expect(states()).toEqual(['sending']);
    vi.advanceTimersByTime(2000);
    expect(sent).toHaveLength(2);
  });

  it('is a transfer that does not move, too', () => {
    makeQueue().add([file('a.wav')]);
    sent[0]?.handlers.onProgress(10);
    vi.advanceTimersByTime(60_000);
    expect(sent[0]?.stop).toHaveBeenCalledWith(false);
    expect(states()).toEqual(['stalled']);
  });

  it('makes one call of one upload, however often it asks', async () => {
    createCall.mockRejectedValueOnce(offlineError());
    makeQueue().add([file('a.wav')]);
    sent[0]?.handlers.onDone('up1');
    await vi.advanceTimersByTimeAsync(2000);
    expect(states()).toEqual(['done']);
    const keys = createCall.mock.calls.map(([call]) => call.key);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });

  it('sends the file anew when the server has lost it', async () => {
    createCall.mockRejectedValueOnce(new ApiError(404, 'not_found', 'There is no such upload.'));
    const queue = makeQueue();
    queue.add([file('a.wav')]);
    sent[0]?.handlers.onUrl('/api/v1/uploads/up1');
    sent[0]?.handlers.onDone('up1');
    await settle();
    expect(states()).toEqual(['failed']);
    queue.retry(1);
    expect(sent[1]?.url).toBeNull();
  });
});

describe('an upload whose page is gone', () => {
  function reload(before: UploadQueue): UploadQueue {
    before.stopAll();
    return makeQueue();
  }

  it('waits for its file and goes on where it stopped, with what was said about it', () => {
    const first = makeQueue();
    first.add([file('a.wav')]);
    sent[0]?.handlers.onUrl('/api/v1/uploads/up1');
    sent[0]?.handlers.onProgress(40);
    first.describe(1, { title: 'Acme', meta: { tags: ['new'] } });
    const second = reload(first);
    expect(sent[0]?.stop).toHaveBeenCalledWith(false);
    expect(items[0]).toMatchObject({ state: 'unfinished', sentBytes: 40, title: 'Acme' });
    second.add([file('other.wav'), file('a.wav')]);
    expect(items.map(({ name, state }) => [name, state])).toEqual([
      ['a.wav', 'sending'],
      ['other.wav', 'sending'],
    ]);
    expect(sent[1]).toMatchObject({ url: '/api/v1/uploads/up1' });
    expect(items[0]?.meta).toEqual({ tags: ['new'] });
  });

  it('does not take another file for its own', () => {
    const first = makeQueue();
    first.add([file('a.wav')]);
    const second = reload(first);
    second.resume(1, file('a.wav', 99));
    expect(items[0]).toMatchObject({ state: 'unfinished', problem: expect.stringContaining('another file') });
    second.resume(1, file('a.wav'));
    expect(states()).toEqual(['sending']);
  });

  it('needs no file when only its call was missing', async () => {
    createCall.mockRejectedValueOnce(offlineError());
    const first = makeQueue();
    first.add([file('a.wav')]);
    sent[0]?.handlers.onUrl('/api/v1/uploads/up1');
    sent[0]?.handlers.onDone('up1');
    await settle();
    reload(first);
    await settle();
    expect(states()).toEqual(['done']);
    expect(createCall).toHaveBeenLastCalledWith(expect.objectContaining({ uploadId: 'up1' }));
    expect(kept).toBeNull();
  });

  it('can be thrown away', () => {
    const first = makeQueue();
    first.add([file('a.wav')]);
    sent[0]?.handlers.onUrl('/api/v1/uploads/up1');
    const second = reload(first);
    second.remove(1);
    expect(forget).toHaveBeenCalledWith('/api/v1/uploads/up1');
    expect(kept).toBeNull();
  });

  it('is left alone while another page is at it, and taken up when that one falls silent', () => {
    const other: Remembered = {
      ...{ key: fileKey(file('a.wav')), name: 'a.wav', title: 'a', meta: {}, url: null, complete: false },
      ...{ sizeBytes: 100, sentBytes: 10, live: true, touchedMs: Date.now() },
    };
    memory().put(other);
    const queue = makeQueue();
    expect(items).toEqual([]);
    vi.advanceTimersByTime(16_000);
    queue.beat();
    expect(states()).toEqual(['unfinished']);
  });

  it('is not stumbled over when the memory is damaged', () => {
    kept = '[{"key":1},{"nonsense":true}]';
    makeQueue();
    expect(items).toEqual([]);
  });
});
