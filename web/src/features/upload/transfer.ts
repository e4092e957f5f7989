import type { Upload } from 'tus-js-client';
import { apiError, offlineError } from '@/lib/api/problem';
import { uploadIdOf, type Transfer, type TransferHandlers } from './queue';

const ENDPOINT = '/api/v1/uploads';
// Long enough that requests cost nothing, short enough for proxies that limit a request's body or time.
const CHUNK_BYTES = 16 * 1024 * 1024;
// Only what is over in a moment: the queue waits for the rest, and says so.
const RETRY_AFTER_MS = [0, 1000];

/** Sends a file by tus, from what the server has of it at `url`. The library is loaded with the first upload. */
export function tusTransfer(file: File, url: string | null, handlers: TransferHandlers): Transfer {
  let upload: Upload | null = null;
  let stopped = false;

  const begin = async () => {
    const tus = await import('tus-js-client');
    if (stopped) return;
    upload = new tus.Upload(file, {
      endpoint: ENDPOINT,
      // An upload that has expired there is begun anew.
      uploadUrl: url,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_AFTER_MS,
      storeFingerprintForResuming: false,
      metadata: { filename: file.name, ...(file.type && { filetype: file.type }) },
      onShouldRetry: (error) => {
        const status = error.originalResponse?.getStatus() ?? 0;
        return status === 0 || status === 409 || status === 423;
      },
      onUploadUrlAvailable: () => {
        if (upload?.url) handlers.onUrl(upload.url);
      },
      onProgress: (sent) => handlers.onProgress(sent),
      onSuccess: () => {
        if (upload?.url) handlers.onDone(uploadIdOf(upload.url));
        else handlers.onError(apiError(0, null));
      },
      onError: (error) => {
        const response = 'originalResponse' in error ? error.originalResponse : null;
        handlers.onError(response ? apiError(response.getStatus(), response.getBody()) : offlineError());
      },
    });
    upload.start();
  };

  begin().catch((error: unknown) => {
    if (!stopped) handlers.onError(error instanceof TypeError ? offlineError() : error);
  });

  return {
    stop: (forget) => {
      stopped = true;
      // Ending it on the server is a courtesy: unfinished uploads expire there.
      upload?.abort(forget).catch(() => undefined);
    },
  };
}

/** Has the server throw away an upload that nobody goes on with. */
export function forgetUpload(url: string): void {
  void fetch(url, { method: 'DELETE', headers: { 'Tus-Resumable': '1.0.0' } }).catch(() => undefined);
}
