import { client, unwrap } from '@/lib/api/client';
import { recall, remember } from '@/lib/storage';
import { textMemory } from './memory';
import { UploadQueue } from './queue';
import { dropRecording, sentRecordings } from './recordings';
import { forgetUpload, tusTransfer } from './transfer';

const BEAT_MS = 5000;

/** The one queue of this tab, so that uploads outlive the page they were started on. */
export function makeUploads(userId: string, onCreated: (callId: string) => void): UploadQueue {
  const place = `uploads.${userId}`;
  const memory = textMemory({ read: () => recall(place), write: (text) => remember(place, text) });
  return new UploadQueue({
    transfer: tusTransfer,
    forget: forgetUpload,
    memory: {
      ...memory,
      drop: (key) => {
        memory.drop(key);
        void dropRecording(userId, key);
      },
    },
    createCall: ({ uploadId, title, meta, key }) =>
      unwrap(
        client.POST('/api/v1/calls', {
          body: { ...meta, upload_id: uploadId, title },
          headers: { 'Idempotency-Key': key },
        }),
      ),
    onCreated,
  });
}

/** Keeps the queue going while the page is open; returns what ends that. */
export function runUploads(queue: UploadQueue, userId: string): () => void {
  const beat = setInterval(() => queue.beat(), BEAT_MS);
  const online = () => queue.retryStalled();
  const leave = () => queue.leave();
  addEventListener('online', online);
  addEventListener('pagehide', leave);
  // What was recorded here is kept here until it has arrived: it goes on without being asked for.
  void sentRecordings(userId).then((files) => queue.add(files));
  return () => {
    clearInterval(beat);
    removeEventListener('online', online);
    removeEventListener('pagehide', leave);
    queue.stopAll();
  };
}
