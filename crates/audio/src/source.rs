//! Where the bytes of a recording come from.

use std::{
    io::{self, Cursor, Read, Seek, SeekFrom},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use symphonia::core::io::MediaSource;

/// Bytes that a demuxer may read without coming up with one packet. A real header, picture tags of an MP4
/// included, is far smaller; without this bound a large file of nonsense is searched to its end.
const MAX_BYTES_WITHOUT_PACKET: u64 = 48 * 1024 * 1024;
/// What a decoder may take of a core before any sound came out. Headers take milliseconds; 4 GB of film beside the sound,
/// seconds.
const START_BUDGET: Duration = Duration::from_mins(1);
/// Each second of sound must come out this much faster, beyond the start; what is honest is a hundred times faster still.
const SLOWEST_SPEED: u64 = 10;
/// What is said of a recording that goes beyond that.
pub(crate) const OVERDRAWN: &str = "decoding it takes far more work than there is sound";

trait ReadSeek: Read + Seek + Send + Sync {}
impl<T: Read + Seek + Send + Sync> ReadSeek for T {}

/// A recording's bytes: anything that can be read, positioned, and knows its length.
pub struct Source {
    reader: Box<dyn ReadSeek>,
    len_bytes: u64,
    life: Life,
}

impl Source {
    /// Takes any reader that starts at the recording's first byte; `len_bytes` is the recording's length.
    pub fn new(reader: impl Read + Seek + Send + Sync + 'static, len_bytes: u64) -> Self {
        Self {
            reader: Box::new(reader),
            len_bytes,
            life: Life::default(),
        }
    }

    /// Takes an open file.
    pub fn from_file(file: std::fs::File) -> io::Result<Self> {
        let len_bytes = file.metadata()?.len();
        Ok(Self::new(file, len_bytes))
    }

    /// Takes bytes in memory.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let len_bytes = bytes.len() as u64;
        Self::new(Cursor::new(bytes), len_bytes)
    }

    /// Length in bytes.
    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// What tells others whether whoever reads these bytes gets on.
    pub(crate) fn life(&self) -> Life {
        self.life.clone()
    }

    /// The same bytes for somebody who may work more or less for them.
    #[cfg(test)]
    pub(crate) fn with_life(self, life: Life) -> Self {
        Self { life, ..self }
    }

    /// Reads up to `len` bytes at `position`; fewer where the recording ends.
    pub(crate) fn read_at(&mut self, position: u64, len: usize) -> io::Result<Vec<u8>> {
        let len = (len as u64).min(self.len_bytes.saturating_sub(position));
        let reader = &mut self.reader;
        let mut bytes = Vec::new();
        self.life.while_reading(|| {
            reader.seek(SeekFrom::Start(position))?;
            reader.take(len).read_to_end(&mut bytes)
        })?;
        Ok(bytes)
    }

    /// Hands the bytes from `base` on to a demuxer, with a watch over what it does.
    pub(crate) fn watched(mut self, base: u64, end: End) -> io::Result<(WatchedSource, Watch)> {
        let base = base.min(self.len_bytes);
        self.reader.seek(SeekFrom::Start(base))?;
        let watch = Watch::default();
        let len = self.len_bytes - base;
        let claimed_len = match end {
            End::Real => Some(len),
            End::Claimed(end) => Some(end.saturating_sub(base).max(len)),
            End::Unknown => None,
        };
        let source = WatchedSource {
            reader: self.reader,
            base,
            len,
            claimed_len,
            position: 0,
            watch: watch.clone(),
            life: self.life,
        };
        Ok((source, watch))
    }
}

/// What a demuxer is told about the end of a file. Demuxers pass over a part that they know to be cut, with
/// all the sound in it; they read it to its end where they do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The truth.
    Real,
    /// The position at which a cut file claims to end.
    Claimed(u64),
    /// Nothing, and that it can't move: its index may lie in what was cut off.
    Unknown,
}

/// What this thread took of a core so far. A clock on the wall would count what others took, and the time that a process
/// was stopped.
pub(crate) fn core_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Whether somebody who reads a recording gets on, told to those who wait for them on other threads; and whether the
/// work is worth it, told to themselves.
#[derive(Clone)]
pub(crate) struct Life(Arc<LifeState>);

struct LifeState {
    bytes: AtomicU64,
    reading: AtomicBool,
    given_up: AtomicBool,
    /// Microseconds of a core that may be used up: blocks may be so short that a tenth of one is less than a millisecond.
    budget_us: AtomicU64,
}

impl Default for Life {
    fn default() -> Self {
        Self::with_budget(START_BUDGET)
    }
}

impl Life {
    /// A life that may take this much of a core, and more as sound comes out.
    pub(crate) fn with_budget(start: Duration) -> Self {
        Self(Arc::new(LifeState {
            bytes: AtomicU64::new(0),
            reading: AtomicBool::new(false),
            given_up: AtomicBool::new(false),
            budget_us: AtomicU64::new(u64::try_from(start.as_micros()).unwrap_or(u64::MAX)),
        }))
    }

    /// So much sound came out.
    pub(crate) fn earned(&self, sound_us: u64) {
        self.0
            .budget_us
            .fetch_add(sound_us / SLOWEST_SPEED, Ordering::Relaxed);
    }

    /// Whether this thread, which is the one that decodes and does nothing else, took more of a core than it may.
    pub(crate) fn is_overdrawn(&self) -> bool {
        core_time().as_micros() > self.0.budget_us.load(Ordering::Relaxed).into()
    }

    /// Bytes that were read so far, and whether more are waited for at this moment.
    pub(crate) fn signs(&self) -> (u64, bool) {
        let state = &self.0;
        (
            state.bytes.load(Ordering::Relaxed),
            state.reading.load(Ordering::Relaxed),
        )
    }

    /// Nobody waits any more: whoever wants to read on is refused, and comes to an end by that.
    pub(crate) fn give_up(&self) {
        self.0.given_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_given_up(&self) -> bool {
        self.0.given_up.load(Ordering::Relaxed)
    }

    /// Runs what waits for storage and gives how many bytes came.
    fn while_reading(&self, read: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        if self.is_given_up() {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        self.0.reading.store(true, Ordering::Relaxed);
        let outcome = read();
        self.0.reading.store(false, Ordering::Relaxed);
        if let Ok(bytes) = &outcome {
            self.0.bytes.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
        outcome
    }
}

/// What happened below a demuxer that does not tell: real read errors, and searches without end.
#[derive(Clone, Default)]
pub(crate) struct Watch(Arc<WatchState>);

#[derive(Default)]
struct WatchState {
    bytes_since_packet: AtomicU64,
    exhausted: OnceLock<&'static str>,
    error: Mutex<Option<io::Error>>,
}

impl Watch {
    /// Something useful came out: the search starts afresh.
    pub(crate) fn progressed(&self) {
        self.0.bytes_since_packet.store(0, Ordering::Relaxed);
    }

    /// Why the demuxer may not read any further: too much was read, or done, without a result.
    pub(crate) fn exhausted(&self) -> Option<&'static str> {
        self.0.exhausted.get().copied()
    }

    fn refuse(&self, reason: &'static str) -> io::Error {
        io::Error::other(*self.0.exhausted.get_or_init(|| reason))
    }

    /// The read error that occurred since the last look, if any. Demuxers report some of these as the end
    /// of the file or as an unknown format, which would make a hiccup of the storage final.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.0.error.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note_error(&self, error: &io::Error) {
        let copy = io::Error::new(error.kind(), error.to_string());
        *self.0.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(copy);
    }
}

/// A part of a [`Source`] as symphonia wants it.
pub(crate) struct WatchedSource {
    reader: Box<dyn ReadSeek>,
    base: u64,
    len: u64,
    claimed_len: Option<u64>,
    /// Where the demuxer stands, which may be behind the end: lying headers send it there, and many readers
    /// of ranges refuse to follow.
    position: u64,
    watch: Watch,
    life: Life,
}

impl Read for WatchedSource {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let state = &self.watch.0;
        if state.bytes_since_packet.load(Ordering::Relaxed) > MAX_BYTES_WITHOUT_PACKET {
            return Err(self.watch.refuse("no sound within the first megabytes"));
        }
        if self.life.is_overdrawn() {
            return Err(self.watch.refuse(OVERDRAWN));
        }
        let at_end = self.position >= self.len;
        let reader = &mut self.reader;
        loop {
            let read = || if at_end { Ok(0) } else { reader.read(buf) };
            match self.life.while_reading(read) {
                Ok(n) => {
                    self.position += n as u64;
                    state.bytes_since_packet.fetch_add(n as u64, Ordering::Relaxed);
                    return Ok(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.watch.note_error(&error);
                    return Err(error);
                }
            }
        }
    }
}

impl Seek for WatchedSource {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(by) => self.claimed_len.unwrap_or(self.len).checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        let target = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let (reader, base) = (&mut self.reader, self.base);
        let seek = || reader.seek(SeekFrom::Start(base + target)).map(|_| 0);
        if target < self.len
            && let Err(error) = self.life.while_reading(seek)
        {
            self.watch.note_error(&error);
            return Err(error);
        }
        self.position = target;
        Ok(target)
    }
}

impl MediaSource for WatchedSource {
    fn is_seekable(&self) -> bool {
        self.claimed_len.is_some()
    }

    fn byte_len(&self) -> Option<u64> {
        self.claimed_len
    }
}
