//! Packets of the chosen track, one after the other, past what is broken in the container.

use std::io;

use symphonia::core::{
    errors::Error,
    formats::{FormatReader, SeekMode, SeekTo, Track},
    packet::Packet,
    units::Timestamp,
};

use crate::{AudioError, Result, probe::guarded, source::Watch, timeline::Timeline};

/// Errors of the container in a row after which it is not asked again at the same place.
const ERRORS_FORGIVEN: u32 = 8;
/// How far to leap over a place where the container makes no sense.
const LEAPS_MS: [i64; 3] = [1_000, 6_000, 30_000];
/// Leaps in one recording.
const MAX_LEAPS: u32 = 12;
/// Broken packets in a row that mean that nothing useful follows.
const MAX_FAILURES_IN_A_ROW: u32 = 100;
/// Broken packets that are forgiven before their share counts.
const FAILURES_FORGIVEN: u32 = 20;
/// Share of broken packets from which a recording is refused.
const MAX_FAILURE_SHARE: f64 = 0.2;

/// What comes next in the container.
pub(crate) enum Event {
    /// A packet of the chosen track.
    Packet(Packet),
    /// Nothing for a while: the reader leapt over a broken place.
    Leapt,
    /// Another stream begins in the same file.
    NewStream,
    /// The last packet was read.
    End,
    /// The file stops in the middle of something, or makes no sense from here on.
    Cut {
        /// Whether the file just stops.
        at_end_of_file: bool,
    },
}

/// Reads packets of one track.
pub(crate) struct PacketReader {
    reader: Box<dyn FormatReader>,
    watch: Watch,
    track_id: u32,
    /// Whether to move by passing over packets. The demuxer's own way through Matroska's index gives packets
    /// the time of the index entry instead of that of their cluster, which is seconds off.
    skips_only: bool,
    /// Packets before this frame are passed over.
    skip_until: i64,
    leaps_left: u32,
}

impl PacketReader {
    pub(crate) fn new(reader: Box<dyn FormatReader>, watch: Watch, track_id: u32, skips_only: bool) -> Self {
        Self {
            reader,
            watch,
            track_id,
            skips_only,
            skip_until: i64::MIN,
            leaps_left: MAX_LEAPS,
        }
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(crate) fn tracks(&self) -> &[Track] {
        self.reader.tracks()
    }

    /// Reads another track from now on.
    pub(crate) fn follow(&mut self, track_id: u32) {
        self.track_id = track_id;
    }

    /// What comes next.
    pub(crate) fn next(&mut self, timeline: &Timeline) -> Result<Event> {
        let mut errors_in_a_row = 0;
        loop {
            let reader = &mut self.reader;
            match guarded(&self.watch, || reader.next_packet())? {
                Ok(Some(packet)) => {
                    self.watch.progressed();
                    if packet.track_id == self.track_id
                        && timeline.frame_at(packet.pts.get()) >= self.skip_until
                    {
                        self.skip_until = i64::MIN;
                        return Ok(Event::Packet(packet));
                    }
                }
                Ok(None) => return Ok(Event::End),
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(Event::Cut { at_end_of_file: true });
                }
                Err(Error::ResetRequired) => return Ok(Event::NewStream),
                Err(error) => {
                    tracing::debug!(%error, "the container is broken here");
                    errors_in_a_row += 1;
                    if errors_in_a_row > ERRORS_FORGIVEN {
                        let leapt = self.leap(timeline)?;
                        return Ok(if leapt {
                            Event::Leapt
                        } else {
                            Event::Cut {
                                at_end_of_file: false,
                            }
                        });
                    }
                }
            }
        }
    }

    /// Moves to or before `frame`. `false` if that did not work and the reader stands where it stood.
    pub(crate) fn move_to(&mut self, frame: u64, timeline: &Timeline) -> Result<bool> {
        let ahead = frame >= timeline.position();
        if self.skips_only {
            if !ahead {
                return Err(AudioError::damaged("can't move back inside it"));
            }
            self.skip_until = frame as i64;
            return Ok(true);
        }
        self.watch.progressed();
        match self.seek(frame, timeline)? {
            Ok(()) => Ok(true),
            Err(_) if ahead => Ok(false),
            Err(error) => Err(AudioError::damaged(format!("can't move inside it: {error}"))),
        }
    }

    fn seek(&mut self, frame: u64, timeline: &Timeline) -> Result<symphonia::core::errors::Result<()>> {
        let to = SeekTo::Timestamp {
            ts: Timestamp::new(timeline.tick_of(frame)),
            track_id: self.track_id,
        };
        let reader = &mut self.reader;
        guarded(&self.watch, || reader.seek(SeekMode::Accurate, to).map(drop))
    }

    /// Looks for a place behind one where the container makes no sense.
    fn leap(&mut self, timeline: &Timeline) -> Result<bool> {
        if self.skips_only {
            return Ok(false);
        }
        for ahead_ms in LEAPS_MS {
            if self.leaps_left == 0 {
                break;
            }
            self.leaps_left -= 1;
            if self.seek(timeline.position_after_ms(ahead_ms), timeline)?.is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Counts of packets, to tell a recording with a scratch from garbage.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) good: u32,
    pub(crate) failed: u32,
    failed_in_a_row: u32,
    pub(crate) bytes: u64,
    /// Bytes of media, where the frames alone make the stream.
    pub(crate) expected_bytes: Option<u64>,
}

impl Tally {
    /// Nothing counted yet; `expected_bytes` is known where the frames alone make the stream.
    pub(crate) fn new(expected_bytes: Option<u64>) -> Self {
        Self {
            expected_bytes,
            ..Self::default()
        }
    }

    /// Counts a broken packet; an error when there are too many.
    pub(crate) fn note_failure(&mut self, error: &Error) -> Result<()> {
        tracing::trace!(%error, "skipped a broken packet");
        self.failed += 1;
        self.failed_in_a_row += 1;
        let share = f64::from(self.failed) / f64::from(self.good + self.failed);
        let too_many = self.failed > FAILURES_FORGIVEN && share > MAX_FAILURE_SHARE;
        if too_many || self.failed_in_a_row >= MAX_FAILURES_IN_A_ROW {
            return Err(AudioError::damaged("much of its sound can't be decoded"));
        }
        Ok(())
    }

    pub(crate) fn note_success(&mut self) {
        self.good += 1;
        self.failed_in_a_row = 0;
    }
}
