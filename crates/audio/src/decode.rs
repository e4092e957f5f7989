//! Decoding: from a recording's bytes to samples at its own rate, in blocks, in bounded memory.

use symphonia::core::{
    codecs::audio::AudioDecoder, errors::Error, formats::TrackType, packet::Packet, units::Duration,
};

use crate::{
    AudioError, Result, Source,
    container::{self, Container},
    ending::{self, Ending},
    mp4::{self, Edit},
    packets::{Event, PacketReader, Tally},
    probe::{self, guarded},
    source::End,
    timeline::Timeline,
};

/// Frames in a block; codecs' own packets are a tenth of it, which makes every step behind cost more.
const BLOCK_FRAMES: usize = 8192;
/// Decoding starts this much ahead of a seek's target, so that codecs that build on earlier packets (Opus
/// asks for 80 ms, MP3 has its bit reservoir) have settled when it comes.
const PRE_ROLL_MS: i64 = 250;
/// What a recording may be shorter than declared and still count as complete.
const TRUNCATION_SLACK_MS: u64 = 750;

/// What kind of recording it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaInfo {
    /// Media type by content, e.g. `audio/mpeg`.
    pub content_type: &'static str,
    /// Short name of the codec, e.g. `opus`.
    pub codec: &'static str,
    /// Frames a second.
    pub sample_rate_hz: u32,
    /// Channels in the file.
    pub channels: usize,
    /// Length in milliseconds that the file claims or that its size suggests, if any.
    pub declared_duration_ms: Option<i64>,
}

/// A piece of sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Position of the first frame from the start of the recording, in frames.
    pub start_frame: u64,
    /// Samples from -1 to 1, one vector a channel, all of one length and never empty.
    pub channels: Vec<Vec<f32>>,
}

impl Block {
    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.channels.first().map_or(0, Vec::len)
    }
}

/// Decodes one recording from start to end, where it is called; [`crate::Decoder`] does so on a thread of its own.
pub(crate) struct Decoding {
    packets: PacketReader,
    codec: Box<dyn AudioDecoder>,
    info: MediaInfo,
    timeline: Timeline,
    ending: Ending,
    tally: Tally,
    /// Decoded samples that wait to be taken.
    buffer: Vec<Vec<f32>>,
    /// Frame that the buffer starts with.
    buffer_start: u64,
    /// Samples of the last decoded packet.
    decoded: Vec<Vec<f32>>,
    /// What of `decoded` still has to go to the buffer.
    pending: Option<Pending>,
    movement: Movement,
    at_end: bool,
}

/// A decoded packet on its way to the buffer. Silence is poured bit by bit: it may last minutes.
#[derive(Clone, Copy)]
struct Pending {
    silence: u64,
    from: usize,
    to: usize,
}

/// Whether decoding goes from start to end, as totals assume.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Movement {
    Never,
    /// It moved, and the next packet says where to.
    Now,
    Before,
}

impl Decoding {
    /// Opens a recording. `filename` is only written to the log: what a file is, its bytes tell.
    pub(crate) fn open(mut source: Source, filename: Option<&str>) -> Result<Self> {
        let len_bytes = source.len_bytes();
        if len_bytes == 0 {
            return Err(AudioError::EmptyFile);
        }
        let sniffed = container::sniff(&mut source)?;
        let (container, media_start) = (sniffed.container, sniffed.media_start);
        let movie = match container {
            Container::Mp4 => mp4::read_movie(&mut source, media_start)?,
            _ => mp4::Movie::default(),
        };
        let cut_matroska = matches!(container, Container::Matroska { .. })
            && container::is_cut_matroska(&mut source, media_start)?;
        let end = match movie.claimed_end {
            Some(end) => End::Claimed(end),
            None if cut_matroska => End::Unknown,
            None => End::Real,
        };
        let (reader, watch) = probe::open_container(source, container, media_start, end)?;
        let chosen = probe::choose_track(reader.tracks(), &watch)?;
        let has_video = movie.has_video || reader.first_track(TrackType::Video).is_some();
        let media_ticks = chosen.track.duration.map_or(u64::MAX, Duration::get);
        // An edit that starts behind the end of the sound is a lie.
        let plausible = |edit: &Edit| (edit.media_start.max(0) as u64) < media_ticks;
        let edit = movie
            .edits
            .get(&chosen.track.id)
            .copied()
            .filter(plausible)
            .unwrap_or_default();
        let info = MediaInfo {
            content_type: probe::content_type(container, chosen.codec, has_video),
            codec: chosen.codec,
            sample_rate_hz: chosen.sample_rate_hz,
            channels: chosen.channels,
            declared_duration_ms: ending::declared_ms(&*reader, &chosen, len_bytes),
        };
        tracing::debug!(filename, ?info, "opened a recording");
        let expected_bytes = (container == Container::Unmarked).then(|| len_bytes - media_start);
        let skips_only = matches!(container, Container::Matroska { .. });
        Ok(Self {
            timeline: ending::timeline_of(&chosen, container, edit),
            ending: Ending::of(&chosen, container, edit, has_video, &*reader),
            packets: PacketReader::new(reader, watch, chosen.track.id, skips_only),
            codec: chosen.decoder,
            tally: Tally::new(expected_bytes),
            buffer: vec![Vec::new(); info.channels],
            buffer_start: 0,
            decoded: Vec::new(),
            pending: None,
            movement: Movement::Never,
            at_end: false,
            info,
        })
    }

    /// What kind of recording it is. The number of channels is known for sure once a block came.
    pub(crate) fn info(&self) -> &MediaInfo {
        &self.info
    }

    /// Whether the recording ended earlier than it promised; known after the last block.
    pub(crate) fn truncated(&self) -> bool {
        self.ending.truncated
    }

    /// The next piece of sound, `None` at the end. Blocks follow each other without gaps: what could not be
    /// decoded is silence.
    pub(crate) fn next_block(&mut self) -> Result<Option<Block>> {
        while !self.at_end && self.buffered() < BLOCK_FRAMES + self.ending.padding {
            if let Some(pending) = self.pending.take() {
                self.pour(pending);
            } else {
                self.advance()?;
            }
        }
        let frames = self.buffered().min(BLOCK_FRAMES);
        if frames == 0 {
            return Ok(None);
        }
        let take = |channel: &mut Vec<f32>| {
            let rest = channel.split_off(frames);
            std::mem::replace(channel, rest)
        };
        let channels = self.buffer.iter_mut().map(take).collect();
        let start_frame = self.buffer_start;
        self.buffer_start += frames as u64;
        Ok(Some(Block {
            start_frame,
            channels,
        }))
    }

    /// Moves to a position such that the next block starts at or shortly before it. Where the container
    /// can't, nothing changes: decoding on gets there as well, if the position lies ahead.
    pub(crate) fn seek_ms(&mut self, position_ms: i64) -> Result<()> {
        let early_ms = (position_ms - PRE_ROLL_MS).max(0);
        let frame = early_ms as u64 * u64::from(self.info.sample_rate_hz) / 1000;
        if frame >= self.buffer_start && frame <= self.timeline.position() {
            return Ok(());
        }
        // Where time stamps begin shows with the first packet.
        while self.tally.good == 0 && !self.at_end {
            self.advance()?;
        }
        let moved = self.packets.move_to(frame, &self.timeline)?;
        if self.movement == Movement::Never {
            self.movement = Movement::Before;
        }
        if moved {
            self.movement = Movement::Now;
            self.codec.reset();
            self.timeline.moved();
            self.buffer.iter_mut().for_each(Vec::clear);
            self.pending = None;
            self.at_end = false;
        }
        Ok(())
    }

    fn buffered(&self) -> usize {
        self.buffer.first().map_or(0, Vec::len)
    }

    /// Takes the next step through the container.
    fn advance(&mut self) -> Result<()> {
        match self.packets.next(&self.timeline)? {
            Event::Packet(packet) => self.decode(packet),
            Event::Leapt => {
                self.codec.reset();
                Ok(())
            }
            Event::NewStream => self.follow_new_stream(),
            Event::End => self.finish(),
            Event::Cut { at_end_of_file } => {
                self.ending.truncated |= !(at_end_of_file && self.ending.length_unknown);
                self.finish()
            }
        }
    }

    /// Goes on with the stream that follows in the same file, as in joined Ogg files.
    fn follow_new_stream(&mut self) -> Result<()> {
        let chosen = probe::choose_track(self.packets.tracks(), self.packets.watch())?;
        if chosen.sample_rate_hz != self.info.sample_rate_hz {
            self.ending.truncated = true;
            return self.finish();
        }
        self.packets.follow(chosen.track.id);
        self.codec = chosen.decoder;
        self.ending.promised_frames = None;
        self.timeline.restarted();
        Ok(())
    }

    fn decode(&mut self, mut packet: Packet) -> Result<()> {
        self.tally.bytes += packet.data.len() as u64;
        // Codecs would cut encoder delay and padding in their own ways; the timeline does it for all.
        let trim_end = std::mem::replace(&mut packet.trim_end, Duration::ZERO).get() as usize;
        packet.trim_start = Duration::ZERO;
        let (codec, decoded) = (&mut self.codec, &mut self.decoded);
        let outcome = guarded(self.packets.watch(), || {
            let block = codec.decode(&packet)?;
            block.copy_to_vecs_planar(decoded);
            Ok(block.spec().rate())
        })?;
        match outcome {
            Ok(rate) if rate == self.info.sample_rate_hz && !self.decoded.is_empty() => {
                self.tally.note_success();
                self.settle_channels();
                let trim_end = if self.ending.trusts_packets { trim_end } else { 0 };
                self.place(packet.pts.get(), trim_end);
                Ok(())
            }
            Ok(_) => self
                .tally
                .note_failure(&Error::DecodeError("the sample rate changes midway")),
            Err(error) => self.tally.note_failure(&error),
        }
    }

    /// Headers may be wrong about the number of channels, or silent; the first decoded packet is right.
    fn settle_channels(&mut self) {
        if self.tally.good == 1 {
            self.info.channels = self.decoded.len();
            self.buffer.resize(self.decoded.len(), Vec::new());
        }
    }

    /// Finds the place of the decoded packet.
    fn place(&mut self, pts: i64, trim_end: usize) {
        let frames = self.decoded.first().map_or(0, Vec::len).saturating_sub(trim_end);
        if frames == 0 {
            return;
        }
        let placement = self.timeline.place(pts, frames);
        if self.movement == Movement::Now {
            self.movement = Movement::Before;
            let written = placement.silence + (frames - placement.skip) as u64;
            self.buffer_start = self.timeline.position() - written;
        }
        self.pending = Some(Pending {
            silence: placement.silence,
            from: placement.skip,
            to: frames,
        });
    }

    /// Puts silence, then the decoded packet, behind what is buffered.
    fn pour(&mut self, pending: Pending) {
        let silence = pending.silence.min(BLOCK_FRAMES as u64);
        let filled = self.buffered() + silence as usize;
        for channel in &mut self.buffer {
            channel.resize(filled, 0.0);
        }
        if pending.silence > silence {
            self.pending = Some(Pending {
                silence: pending.silence - silence,
                ..pending
            });
            return;
        }
        let Some(last) = self.decoded.len().checked_sub(1) else {
            return;
        };
        for (index, channel) in self.buffer.iter_mut().enumerate() {
            let decoded = &self.decoded[index.min(last)][pending.from..pending.to];
            channel.extend(decoded.iter().map(|sample| bounded(*sample)));
        }
    }

    /// The last packet is decoded: cuts the padding and judges what came.
    fn finish(&mut self) -> Result<()> {
        self.at_end = true;
        if self.movement == Movement::Never {
            self.judge()?;
        }
        let Some(promised) = self.ending.promised_frames else {
            return Ok(());
        };
        let end = self.timeline.position();
        let slack = TRUNCATION_SLACK_MS * u64::from(self.info.sample_rate_hz) / 1000;
        self.ending.truncated |= end.saturating_add(slack) < promised;
        let surplus = end.saturating_sub(promised).min(self.ending.padding as u64) as usize;
        let keep = self.buffered().saturating_sub(surplus);
        self.buffer.iter_mut().for_each(|channel| channel.truncate(keep));
        Ok(())
    }

    /// Refuses what had no sound in it.
    fn judge(&self) -> Result<()> {
        let Tally {
            good,
            failed,
            bytes,
            expected_bytes,
            ..
        } = self.tally;
        let promised = self.ending.truncated || self.ending.promised_frames.is_some_and(|frames| frames > 0);
        match (good, failed) {
            (0, 0) if promised => Err(AudioError::damaged("it ends before the sound begins")),
            (0, 0) => Err(AudioError::NoAudio),
            (0, _) => Err(AudioError::damaged("none of its sound can be decoded")),
            // Random bytes hold frames of MPEG audio here and there; in a real stream they follow each other.
            _ if expected_bytes.is_some_and(|expected| bytes < expected / 2) => Err(AudioError::NotMedia),
            _ => Ok(()),
        }
    }
}

/// Files of floating point numbers may hold anything.
fn bounded(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-1.0, 1.0)
    } else {
        0.0
    }
}
