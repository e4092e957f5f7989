import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '@/lib/api/problem';
import { UploadQueue, type TransferHandlers, type UploadItem } from './queue';

type Sent = { file: File; handlers: TransferHandlers; stop: ReturnType<typeof vi.fn> };

let sent: Sent[] = [];
let items: UploadItem[] = [];
let nowMs = 0;
const createCall = vi.fn<(uploadId: string, title: string) => Promise<{ id: string }>>();

function makeQueue(): UploadQueue {
  const queue = new UploadQueue({
    transfer: (file, handlers) => {
      const stop = vi.fn();
      sent.push({ file, handlers, stop });
      return { stop };
    },
    createCall,
    now: () => nowMs,
    parallel: 2,
  });
  queue.subscribe((now) => (items = now));
  return queue;
}

const file = (name: string, bytes = 100) => new File([new Uint8Array(bytes)], name);
const states = () => items.map((item) => item.state);
const settle = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  sent = [];
  items = [];
  nowMs = 0;
  createCall.mockReset().mockImplementation((uploadId) => Promise.resolve({ id: `call_of_${uploadId}` }));
});

describe('the upload queue', () => {
  it('sends a few at once and the rest in turn', async () => {
    makeQueue().add([file('a.wav'), file('b.wav'), file('c.wav')]);
    expect(states()).toEqual(['sending', 'sending', 'waiting']);
    sent[0]?.handlers.onDone('up1');
    await settle();
    expect(states()).toEqual(['done', 'sending', 'sending']);
    expect(items[0]?.callId).toBe('call_of_up1');
    expect(createCall).toHaveBeenCalledWith('up1', 'a');
  });

  it('refuses empty files at once, without bothering the server', () => {
    const queue = makeQueue();
    queue.add([file('empty.wav', 0)]);
    expect(items[0]).toMatchObject({ state: 'failed', problem: expect.stringContaining('empty') });
    queue.retry(1);
    expect(sent).toHaveLength(0);
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
    createCall.mockRejectedValueOnce(new ApiError(503, 'unavailable', 'Later.'));
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

  it('keeps what was sent when the page is left', () => {
    const queue = makeQueue();
    queue.add([file('a.wav')]);
    queue.stopAll();
    expect(sent[0]?.stop).toHaveBeenCalledWith(false);
    expect(items).toEqual([]);
  });

  it('gives the call the title typed meanwhile', async () => {
    const queue = makeQueue();
    queue.add([file('rec_0042.wav')]);
    expect(items[0]?.title).toBe('rec 0042');
    queue.rename(1, 'Acme, first call');
    sent[0]?.handlers.onDone('up1');
    await settle();
    expect(createCall).toHaveBeenCalledWith('up1', 'Acme, first call');
  });

  it('estimates the time left from what was sent since it went on', () => {
    makeQueue().add([file('a.wav', 1000)]);
    sent[0]?.handlers.onProgress(500);
    expect(items[0]?.leftMs).toBeNull();
    nowMs = 2000;
    sent[0]?.handlers.onProgress(600);
    expect(items[0]).toMatchObject({ sentBytes: 600, leftMs: 8000 });
  });
});
