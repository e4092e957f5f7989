import { client, unwrap } from '@/lib/api/client';
import { UploadQueue } from './queue';
import { tusTransfer } from './transfer';

const SHOW_DONE_MS = 4000;

/** The one queue of this tab, so that uploads outlive the page they were started on. */
export function makeUploads(onCreated: (callId: string) => void): UploadQueue {
  const queue: UploadQueue = new UploadQueue({
    transfer: tusTransfer,
    createCall: (upload_id, title) => unwrap(client.POST('/api/v1/calls', { body: { upload_id, title } })),
    onCreated: (callId, item) => {
      onCreated(callId);
      // By then it stands in the list of calls.
      setTimeout(() => queue.remove(item.id), SHOW_DONE_MS);
    },
  });
  return queue;
}
