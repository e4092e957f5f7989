//! An object as a plain file, for decoders that know nothing of async.

use std::{
    fs::File,
    io::{Error, ErrorKind, Read, Result, Seek, SeekFrom},
    ops::Range,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::TryStreamExt;
use tokio::{runtime::Handle, task::AbortHandle};

use crate::{Media, MediaError, MediaKey, sealed::Look};

/// How much is fetched at once. Decoders read a few KiB at a time; a request per MiB keeps the waiting
/// for a remote store below a percent of the decoding.
const BLOCK_BYTES: u64 = 1024 * 1024;

/// Attempts for a block, beside those that the store's client makes for each request.
const ATTEMPTS: u32 = 4;

/// How long a read waits for its block before it fails.
const PATIENCE: Duration = Duration::from_mins(5);

/// An object that is read and sought like a file, from a thread that may block.
///
/// Read it on a thread of its own: on a thread of the async runtime it would hold up the very requests
/// that it waits for.
#[derive(Debug)]
pub struct BlockReader {
    source: Source,
    position: u64,
    size_bytes: u64,
}

#[derive(Debug)]
enum Source {
    File(File),
    Remote(Box<Remote>),
}

#[derive(Debug)]
struct Remote {
    media: Media,
    key: MediaKey,
    look: Look,
    runtime: Handle,
    block: Bytes,
    block_start: u64,
    ahead: Option<Fetch>,
}

impl Media {
    /// An object as a plain file. Call it on the async runtime, then read on a thread that may block.
    pub async fn reader(&self, key: &MediaKey) -> std::result::Result<BlockReader, MediaError> {
        let name = key.as_str();
        let look = self.look_at(key).await?;
        match (&self.local, &look.sealed) {
            (Some(local), None) => {
                let failed = |source| MediaError::io("open", name, source);
                let file = tokio::fs::File::open(local.file(name)).await.map_err(failed)?;
                let size_bytes = file.metadata().await.map_err(failed)?.len();
                let source = Source::File(file.into_std().await);
                return Ok(BlockReader::new(source, size_bytes));
            }
            // Without its key not one byte can be read.
            (_, Some((head, _))) => {
                self.object_key(key, head)?;
            }
            (None, None) => {}
        }
        let size_bytes = look.size_bytes;
        let remote = Remote {
            media: self.clone(),
            key: key.clone(),
            look,
            runtime: Handle::current(),
            block: Bytes::new(),
            block_start: 0,
            ahead: None,
        };
        Ok(BlockReader::new(Source::Remote(Box::new(remote)), size_bytes))
    }
}

impl BlockReader {
    fn new(source: Source, size_bytes: u64) -> Self {
        Self {
            source,
            position: 0,
            size_bytes,
        }
    }

    /// Length of the object in bytes.
    pub fn byte_len(&self) -> u64 {
        self.size_bytes
    }
}

impl Read for BlockReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = match &mut self.source {
            Source::File(file) => file.read(buffer)?,
            Source::Remote(remote) => remote.read_at(self.position, self.size_bytes, buffer)?,
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for BlockReader {
    fn seek(&mut self, to: SeekFrom) -> Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(delta) => self.size_bytes.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        let target = target.ok_or_else(|| Error::new(ErrorKind::InvalidInput, "seek before the start"))?;
        if let Source::File(file) = &mut self.source {
            file.seek(SeekFrom::Start(target))?;
        }
        self.position = target;
        Ok(target)
    }
}

impl Remote {
    fn read_at(&mut self, position: u64, size_bytes: u64, buffer: &mut [u8]) -> Result<usize> {
        if position >= size_bytes || buffer.is_empty() {
            return Ok(0);
        }
        let block_end = self.block_start + self.block.len() as u64;
        if !(self.block_start..block_end).contains(&position) {
            self.load(position - position % BLOCK_BYTES, size_bytes)?;
        }
        let from = (position - self.block_start) as usize;
        let rest = self.block.get(from..).unwrap_or_default();
        if rest.is_empty() {
            return Err(Error::new(
                ErrorKind::UnexpectedEof,
                "the object became shorter while it was read",
            ));
        }
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    /// Makes the block at `start` the current one, and begins to fetch the next if this one followed on
    /// the last: whoever reads in order goes on to do so, whoever seeks about does not.
    fn load(&mut self, start: u64, size_bytes: u64) -> Result<()> {
        let in_order = start == self.block_start + self.block.len() as u64;
        let fetch = match self.ahead.take() {
            Some(ahead) if ahead.start == start => ahead,
            _ => self.fetch(start, size_bytes),
        };
        self.block = fetch.wait()?;
        self.block_start = start;
        let next = start + BLOCK_BYTES;
        if in_order && next < size_bytes {
            self.ahead = Some(self.fetch(next, size_bytes));
        }
        Ok(())
    }

    fn fetch(&self, start: u64, size_bytes: u64) -> Fetch {
        let range = start..(start + BLOCK_BYTES).min(size_bytes);
        let (media, key, look) = (self.media.clone(), self.key.clone(), self.look.clone());
        let (sender, result) = mpsc::channel();
        let task = self.runtime.spawn(async move {
            // Nobody listens any more when the reader is gone.
            let _ = sender.send(fetch_block(&media, &key, look, range).await);
        });
        Fetch {
            start,
            task: task.abort_handle(),
            result: Mutex::new(result),
        }
    }
}

/// A block on its way. Dropping it stops the request.
#[derive(Debug)]
struct Fetch {
    start: u64,
    task: AbortHandle,
    result: Mutex<mpsc::Receiver<std::result::Result<Bytes, MediaError>>>,
}

impl Fetch {
    fn wait(mut self) -> Result<Bytes> {
        let result = self.result.get_mut().unwrap_or_else(PoisonError::into_inner);
        match result.recv_timeout(PATIENCE) {
            Ok(Ok(block)) => Ok(block),
            Ok(Err(error @ MediaError::NotFound { .. })) => Err(Error::new(ErrorKind::NotFound, error)),
            Ok(Err(error)) => Err(Error::other(error)),
            Err(RecvTimeoutError::Timeout) => {
                Err(Error::new(ErrorKind::TimedOut, "the object store did not answer"))
            }
            Err(RecvTimeoutError::Disconnected) => Err(Error::other("the program is shutting down")),
        }
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn fetch_block(
    media: &Media,
    key: &MediaKey,
    mut look: Look,
    range: Range<u64>,
) -> std::result::Result<Bytes, MediaError> {
    let mut attempt = 1;
    loop {
        let error = match read_block(media, key, &look, range.clone()).await {
            Ok(block) => return Ok(block),
            Err(error) => error,
        };
        // An object that is encrypted anew while it is read is still the same.
        let anew =
            matches!(error, MediaError::Changed { .. } | MediaError::Damaged { .. }) && look.sealed.is_some();
        if attempt >= ATTEMPTS || !(anew || error.is_transient()) {
            return Err(error);
        }
        tracing::warn!(%error, attempt, "reading an object failed, trying again");
        tokio::time::sleep(Duration::from_millis(200 << attempt)).await;
        attempt += 1;
        if anew || matches!(error, MediaError::Changed { .. }) {
            look = media.look_at(key).await?;
        }
    }
}

async fn read_block(
    media: &Media,
    key: &MediaKey,
    look: &Look,
    range: Range<u64>,
) -> std::result::Result<Bytes, MediaError> {
    let pieces: Vec<Bytes> = media.open_looked(key, look, range).await?.try_collect().await?;
    Ok(match &pieces[..] {
        [one] => one.clone(),
        pieces => pieces.concat().into(),
    })
}
