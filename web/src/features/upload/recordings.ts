/**
 * What was recorded in this browser, kept in pieces as it comes, until the server has it: a page that crashes or
 * is closed loses a second at most.
 */
import { fileKey } from './memory';

type Piece = { recording: string; at: number; data: Blob };

export type KeptRecording = {
  id: string;
  userId: string;
  startedMs: number;
  type: string;
  /** The name under which it was handed to the uploads; null while it is being recorded. */
  name: string | null;
};

const NAME = 'gametape-recordings';

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('recordings', { keyPath: 'id' });
      request.result.createObjectStore('pieces', { keyPath: ['recording', 'at'] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no database'));
  });
}

async function work<T>(
  mode: IDBTransactionMode,
  run: (transaction: IDBTransaction) => IDBRequest<T>,
): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(['recordings', 'pieces'], mode);
      const request = run(transaction);
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('not written'));
    });
  } finally {
    database.close();
  }
}

export async function keepRecording(recording: KeptRecording): Promise<void> {
  await work('readwrite', (transaction) => transaction.objectStore('recordings').put(recording));
}

export async function keepPiece(piece: Piece): Promise<void> {
  await work('readwrite', (transaction) => transaction.objectStore('pieces').put(piece));
}

async function listRecordings(userId: string): Promise<KeptRecording[]> {
  try {
    const all: KeptRecording[] = await work('readonly', (transaction) =>
      transaction.objectStore('recordings').getAll(),
    );
    return all.filter((one) => one.userId === userId);
  } catch {
    // Private windows may refuse: then nothing was kept.
    return [];
  }
}

const piecesOf = (id: string) => IDBKeyRange.bound([id, 0], [id, Infinity]);

/** The pieces of a recording as one file; always the same one. */
export async function recordingFile(recording: KeptRecording, name: string): Promise<File> {
  const pieces: Piece[] = await work('readonly', (transaction) =>
    transaction.objectStore('pieces').getAll(piecesOf(recording.id)),
  );
  return new File(
    pieces.map((piece) => piece.data),
    name,
    { type: recording.type, lastModified: recording.startedMs },
  );
}

/** A recording that gets no piece for so long is not being made any more, in whatever tab. */
const SILENT_MS = 10_000;

/** Recordings that were being made when their page went away. */
export async function brokenRecordings(userId: string): Promise<KeptRecording[]> {
  const open = (await listRecordings(userId)).filter((one) => one.name === null);
  const ends = await Promise.all(open.map(lastPieceMs));
  return open.filter((_, index) => {
    const end = ends[index];
    return end != null && Date.now() - end > SILENT_MS;
  });
}

async function lastPieceMs(recording: KeptRecording): Promise<number | null> {
  const keys = await work('readonly', (transaction) =>
    transaction.objectStore('pieces').getAllKeys(piecesOf(recording.id)),
  );
  const last = keys.at(-1);
  return Array.isArray(last) && typeof last[1] === 'number' ? last[1] : null;
}

/** The files of recordings that were handed to the uploads and have not arrived. */
export async function sentRecordings(userId: string): Promise<File[]> {
  const sent = (await listRecordings(userId)).flatMap((one) =>
    one.name === null ? [] : [recordingFile(one, one.name)],
  );
  return (await Promise.all(sent)).filter((file) => file.size > 0);
}

export async function deleteRecording(id: string): Promise<void> {
  await work('readwrite', (transaction) => {
    transaction.objectStore('recordings').delete(id);
    return transaction.objectStore('pieces').delete(piecesOf(id));
  });
}

/** Lets go of a recording that has arrived, or that is not wanted, by the key of its file. */
export async function dropRecording(userId: string, key: string): Promise<void> {
  for (const one of await listRecordings(userId)) {
    if (one.name === null) continue;
    const file = await recordingFile(one, one.name);
    if (fileKey(file) === key) await deleteRecording(one.id);
  }
}
