import type { Upload } from 'tus-js-client';
import { apiError, offlineError } from '@/lib/api/problem';
import type { Transfer, TransferHandlers } from './queue';

const ENDPOINT = '/api/v1/uploads';
// Long enough that requests cost nothing, short enough for proxies that limit a request's body or time.
const CHUNK_BYTES = 16 * 1024 * 1024;
const RETRY_AFTER_MS = [0, 1000, 3000, 5000, 10_000, 20_000];

/**
 * Sends a file by tus. A file that this browser began to send before goes on from what the server has.
 * The library is loaded with the first upload.
 */
export function tusTransfer(file: File, handlers: TransferHandlers): Transfer {
  let upload: Upload | null = null;
  let stopped: { forget: boolean } | null = null;

  const begin = async () => {
    const tus = await import('tus-js-client');
    upload = new tus.Upload(file, {
      endpoint: ENDPOINT,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_AFTER_MS,
      removeFingerprintOnSuccess: true,
      metadata: { filename: file.name, ...(file.type && { filetype: file.type }) },
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        return status === 0 || status === 409 || status === 423 || status === 429 || status >= 500;
      },
      onProgress: (sent) => handlers.onProgress(sent),
      onSuccess: () => {
        const id = upload?.url?.replace(/\/+$/, '').split('/').at(-1);
        if (id) handlers.onDone(decodeURIComponent(id));
        else handlers.onError(apiError(0, null));
      },
      onError: (error) => {
        const response = 'originalResponse' in error ? error.originalResponse : null;
        handlers.onError(response ? apiError(response.getStatus(), response.getBody()) : offlineError());
      },
    });
    const [previous] = await upload.findPreviousUploads();
    if (previous) upload.resumeFromPreviousUpload(previous);
    if (!stopped) upload.start();
  };

  begin().catch((error: unknown) => {
    if (!stopped) handlers.onError(error instanceof TypeError ? offlineError() : error);
  });

  return {
    stop: (forget) => {
      stopped = { forget };
      // Ending it on the server is a courtesy: unfinished uploads expire there.
      upload?.abort(forget).catch(() => undefined);
    },
  };
}
