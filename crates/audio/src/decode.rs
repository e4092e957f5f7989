//! Decoding: from a recording's bytes to samples at its own rate, in blocks, in bounded memory.

use std::io;

use symphonia::core::{
    codecs::audio::AudioDecoder,
    errors::Error,
    formats::{FormatReader, SeekMode, SeekTo, Track, TrackType},
    packet::Packet,
    units::{Duration, TimeBase, Timestamp},
};

use crate::{
    AudioError, Result, Source,
    container::{self, Container},
    mp4::{self, Edit},
    probe::{self, Chosen, guarded},
    source::{End, Watch},
    timeline::Timeline,
};

/// Frames in a block; codecs' own packets are a tenth of it, which makes every step behind cost more.
const BLOCK_FRAMES: usize = 8192;
/// Most frames of encoder padding that are held back until the end shows.
const MAX_PADDING_FRAMES: u32 = 4096;
/// Broken packets in a row that mean that nothing useful follows.
const MAX_FAILURES_IN_A_ROW: u32 = 100;
/// Broken packets that are forgiven before their share counts.
const FAILURES_FORGIVEN: u32 = 20;
/// Errors of the container in a row after which it is not asked again at the same place.
const READER_ERRORS_FORGIVEN: u32 = 8;
/// How far to leap over a place where the container makes no sense.
const LEAPS_MS: [u64; 3] = [1_000, 6_000, 30_000];
/// Leaps in one recording.
const MAX_LEAPS: u32 = 12;
/// Share of broken packets from which a recording is refused.
const MAX_FAILURE_SHARE: f64 = 0.2;
/// Decoding starts this much ahead of a seek's target, so that codecs that build on earlier packets (Opus
/// asks for 80 ms, MP3 has its bit reservoir) have settled when it comes.
const PRE_ROLL_MS: i64 = 250;
/// What a recording may be shorter than declared and still count as complete.
const TRUNCATION_SLACK_MS: i64 = 750;
/// Less than any codec makes of speech; Opus needs 500 for silence.
const LEAST_BITS_PER_SECOND: u64 = 200;

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

/// Decodes one recording from start to end.
pub struct Decoder {
    reader: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    watch: Watch,
    info: MediaInfo,
    timeline: Timeline,
    ending: Ending,
    buffer: Vec<Vec<f32>>,
    buffer_start: u64,
    /// Samples of the last decoded packet.
    scratch: Vec<Vec<f32>>,
    /// What of `scratch` still has to go to `buffer`.
    pending: Option<Pending>,
    packets: Packets,
    /// Whether the next packet says where the buffer starts.
    moved: bool,
    /// Whether it ever moved, so that totals say nothing.
    ever_moved: bool,
    leaps_left: u32,
    /// Whether moving goes wrong, see [`Self::skip_to`].
    can_only_skip: bool,
    /// Packets before this frame are passed over.
    skip_until: u64,
    at_end: bool,
    truncated: bool,
}

/// A decoded packet on its way to the buffer. Silence is poured bit by bit: it may last minutes.
struct Pending {
    silence: u64,
    from: usize,
    to: usize,
}

/// How the end of the sound is found.
struct Ending {
    /// Frames of encoder padding, to be cut once the end shows.
    padding: usize,
    /// Frames that the container promises, where the promise is exact.
    promised_frames: Option<u64>,
    /// Whether the container's own end is missing.
    truncated: bool,
    /// Whether the header was written without knowing the length, so that any end is fine.
    length_unknown: bool,
}

/// Counts of packets, to tell a recording with a scratch from garbage.
#[derive(Default)]
struct Packets {
    good: u32,
    failed: u32,
    failed_in_a_row: u32,
    bytes: u64,
    /// Bytes of media, where the frames alone make the stream.
    expected_bytes: Option<u64>,
}

impl Decoder {
    /// Opens a recording. `filename` is only written to the log: what a file is, its bytes tell.
    pub fn open(mut source: Source, filename: Option<&str>) -> Result<Self> {
        if source.len_bytes() == 0 {
            return Err(AudioError::EmptyFile);
        }
        let len_bytes = source.len_bytes();
        let sniffed = container::sniff(&mut source)?;
        let movie = match sniffed.container {
            Container::Mp4 => mp4::read_movie(&mut source, sniffed.media_start)?,
            _ => mp4::Movie::default(),
        };
        let end = match (sniffed.container, movie.claimed_end) {
            (_, Some(end)) => End::Claimed(end),
            (Container::Matroska { .. }, None)
                if container::is_cut_matroska(&mut source, sniffed.media_start)? =>
            {
                End::Unknown
            }
            _ => End::Real,
        };
        let (reader, watch) = probe::open_container(source, sniffed.container, sniffed.media_start, end)?;
        let chosen = probe::choose_track(reader.tracks(), &watch)?;
        let has_video = movie.has_video || reader.first_track(TrackType::Video).is_some();
        let edit = movie.edits.get(&chosen.track.id).copied().unwrap_or_default();
        let media_ticks = chosen.track.duration.map_or(u64::MAX, Duration::get);
        // An edit that starts behind the end of the sound is a lie.
        let edit = if edit.media_start as u64 >= media_ticks {
            Edit::default()
        } else {
            edit
        };
        let timeline = timeline_of(&chosen, sniffed.container, edit);
        let ending = Ending::of(&chosen, sniffed.container, edit, has_video, &*reader);
        let info = MediaInfo {
            content_type: probe::content_type(sniffed.container, chosen.codec, has_video),
            codec: chosen.codec,
            sample_rate_hz: chosen.sample_rate_hz,
            channels: chosen.channels,
            declared_duration_ms: declared_ms(&*reader, &chosen, len_bytes),
        };
        tracing::debug!(filename, ?info, "opened a recording");
        let expected_bytes =
            (sniffed.container == Container::Unmarked).then(|| len_bytes - sniffed.media_start);
        Ok(Self {
            track_id: chosen.track.id,
            decoder: chosen.decoder,
            reader,
            watch,
            timeline,
            buffer: vec![Vec::new(); info.channels],
            buffer_start: 0,
            scratch: Vec::new(),
            pending: None,
            packets: Packets {
                expected_bytes,
                ..Packets::default()
            },
            moved: false,
            ever_moved: false,
            leaps_left: MAX_LEAPS,
            can_only_skip: matches!(sniffed.container, Container::Matroska { .. }),
            skip_until: 0,
            at_end: false,
            truncated: ending.truncated,
            ending,
            info,
        })
    }

    /// What kind of recording it is. The number of channels is known for sure once a block came.
    pub fn info(&self) -> &MediaInfo {
        &self.info
    }

    /// Whether the recording ended earlier than it promised; known after the last block.
    pub fn truncated(&self) -> bool {
        self.truncated
    }

    /// The next piece of sound, `None` at the end. Blocks follow each other without gaps: what could not be
    /// decoded is silence.
    pub fn next_block(&mut self) -> Result<Option<Block>> {
        while !self.at_end && self.buffered() < BLOCK_FRAMES + self.ending.padding {
            if let Some(pending) = self.pending.take() {
                self.pour(pending);
            } else if let Some(packet) = self.next_packet()? {
                self.decode(packet)?;
            } else {
                self.finish()?;
            }
        }
        let frames = if self.at_end {
            self.buffered().min(4 * BLOCK_FRAMES)
        } else {
            BLOCK_FRAMES
        };
        if frames == 0 {
            return Ok(None);
        }
        let channels = self
            .buffer
            .iter_mut()
            .map(|channel| {
                let rest = channel.split_off(frames);
                std::mem::replace(channel, rest)
            })
            .collect();
        let start_frame = self.buffer_start;
        self.buffer_start += frames as u64;
        Ok(Some(Block {
            start_frame,
            channels,
        }))
    }

    /// Moves to a position such that the next block starts at or shortly before it. Where the container
    /// can't, nothing changes: decoding on gets there as well, if the position lies ahead.
    pub fn seek_ms(&mut self, position_ms: i64) -> Result<()> {
        let early_ms = (position_ms - PRE_ROLL_MS).max(0);
        let frame = early_ms as u64 * u64::from(self.info.sample_rate_hz) / 1000;
        if frame >= self.buffer_start && frame <= self.timeline.position() {
            return Ok(());
        }
        if self.can_only_skip {
            return self.skip_to(frame);
        }
        let ts = Timestamp::new(self.timeline.tick_of(frame));
        let to = SeekTo::Timestamp {
            ts,
            track_id: self.track_id,
        };
        let reader = &mut self.reader;
        self.watch.progressed();
        self.ever_moved = true;
        match guarded(&self.watch, || reader.seek(SeekMode::Accurate, to))? {
            Ok(_) => {}
            Err(_) if frame >= self.timeline.position() => return Ok(()),
            Err(error) => return Err(AudioError::damaged(format!("can't move inside it: {error}"))),
        }
        self.decoder.reset();
        self.timeline.moved();
        self.buffer.iter_mut().for_each(Vec::clear);
        self.pending = None;
        self.moved = true;
        self.at_end = false;
        Ok(())
    }

    /// Passes over packets up to `frame`. The demuxer's own way through Matroska's index gives packets the
    /// time of the index entry instead of that of their cluster, which is seconds off.
    fn skip_to(&mut self, frame: u64) -> Result<()> {
        if frame < self.timeline.position() {
            return Err(AudioError::damaged("can't move back inside it"));
        }
        self.ever_moved = true;
        self.moved = true;
        self.pending = None;
        self.buffer.iter_mut().for_each(Vec::clear);
        self.decoder.reset();
        self.timeline.moved();
        self.skip_until = frame;
        Ok(())
    }

    fn buffered(&self) -> usize {
        self.buffer.first().map_or(0, Vec::len)
    }

    /// The next packet of the chosen track.
    fn next_packet(&mut self) -> Result<Option<Packet>> {
        let mut errors_in_a_row = 0;
        loop {
            let reader = &mut self.reader;
            match guarded(&self.watch, || reader.next_packet())? {
                Ok(Some(packet)) => {
                    self.watch.progressed();
                    let wanted = packet.track_id == self.track_id;
                    let reached = self.skip_until == 0
                        || self.timeline.frame_at(packet.pts.get()) >= self.skip_until as i64;
                    if wanted && reached {
                        self.skip_until = 0;
                        return Ok(Some(packet));
                    }
                }
                Ok(None) => return Ok(None),
                Err(Error::IoError(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.truncated |= !self.ending.length_unknown;
                    return Ok(None);
                }
                Err(Error::ResetRequired) => {
                    if !self.follow_new_stream()? {
                        return Ok(None);
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "the container is broken here");
                    errors_in_a_row += 1;
                    if errors_in_a_row > READER_ERRORS_FORGIVEN && (self.can_only_skip || !self.leap()) {
                        self.truncated = true;
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Looks for a place behind one where the container makes no sense. What lies between becomes silence.
    fn leap(&mut self) -> bool {
        let position = self.timeline.position();
        let rate = u64::from(self.info.sample_rate_hz);
        for ahead_ms in LEAPS_MS {
            if self.leaps_left == 0 {
                return false;
            }
            self.leaps_left -= 1;
            let ts = Timestamp::new(self.timeline.tick_of(position + ahead_ms * rate / 1000));
            let to = SeekTo::Timestamp {
                ts,
                track_id: self.track_id,
            };
            let reader = &mut self.reader;
            if matches!(
                guarded(&self.watch, || reader.seek(SeekMode::Accurate, to)),
                Ok(Ok(_))
            ) {
                self.decoder.reset();
                return true;
            }
        }
        false
    }

    /// Goes on with the stream that follows in the same file, as in joined Ogg files.
    fn follow_new_stream(&mut self) -> Result<bool> {
        let chosen = probe::choose_track(self.reader.tracks(), &self.watch)?;
        if chosen.sample_rate_hz != self.info.sample_rate_hz {
            self.truncated = true;
            return Ok(false);
        }
        self.track_id = chosen.track.id;
        self.decoder = chosen.decoder;
        self.ending.promised_frames = None;
        self.timeline.restarted();
        Ok(true)
    }

    fn decode(&mut self, mut packet: Packet) -> Result<()> {
        self.packets.bytes += packet.data.len() as u64;
        // Codecs would cut encoder delay and padding in their own ways; the timeline does it for all.
        let trim_end = std::mem::replace(&mut packet.trim_end, Duration::ZERO).get() as usize;
        packet.trim_start = Duration::ZERO;
        let (decoder, scratch) = (&mut self.decoder, &mut self.scratch);
        let decoded = guarded(&self.watch, || {
            let block = decoder.decode(&packet)?;
            block.copy_to_vecs_planar(scratch);
            Ok(block.spec().rate())
        })?;
        match decoded {
            Ok(rate) if rate == self.info.sample_rate_hz && !self.scratch.is_empty() => {
                self.packets.good += 1;
                self.packets.failed_in_a_row = 0;
                let trim_end = if self.ending.padding > 0 || self.info.codec == "mp3" {
                    0
                } else {
                    trim_end
                };
                self.place(packet.pts.get(), trim_end);
                Ok(())
            }
            Ok(_) => self.note_failure(&Error::DecodeError("the sample rate changes midway")),
            Err(error) => self.note_failure(&error),
        }
    }

    /// Finds the place of the decoded packet in `scratch`.
    fn place(&mut self, pts: i64, trim_end: usize) {
        let decoded = self.scratch.first().map_or(0, Vec::len);
        let frames = decoded - trim_end.min(decoded);
        if frames == 0 {
            return;
        }
        self.settle_channels();
        let placement = self.timeline.place(pts, frames);
        if std::mem::take(&mut self.moved) {
            let written = placement.silence + (frames - placement.skip) as u64;
            self.buffer_start = self.timeline.position() - written;
        }
        self.pending = Some(Pending {
            silence: placement.silence,
            from: placement.skip,
            to: frames,
        });
    }

    /// Puts silence, then the decoded packet in `scratch`, behind what is buffered.
    fn pour(&mut self, pending: Pending) {
        let silence = pending.silence.min(BLOCK_FRAMES as u64);
        let rest = pending.silence - silence;
        let filled = self.buffered() + silence as usize;
        self.buffer
            .iter_mut()
            .for_each(|channel| channel.resize(filled, 0.0));
        if rest > 0 {
            self.pending = Some(Pending {
                silence: rest,
                ..pending
            });
        } else if let Some(last) = self.scratch.len().checked_sub(1) {
            for (index, channel) in self.buffer.iter_mut().enumerate() {
                let decoded = &self.scratch[index.min(last)][pending.from..pending.to];
                channel.extend(decoded.iter().map(|sample| {
                    if sample.is_finite() {
                        sample.clamp(-1.0, 1.0)
                    } else {
                        0.0
                    }
                }));
            }
        }
    }

    /// Cuts the buffer to `frames`.
    fn keep(&mut self, frames: u64) {
        let frames = usize::try_from(frames).unwrap_or(usize::MAX);
        self.buffer
            .iter_mut()
            .for_each(|channel| channel.truncate(frames));
    }

    /// Headers may be wrong about the number of channels, or silent; the first decoded packet is right.
    fn settle_channels(&mut self) {
        if self.packets.good == 1 {
            self.info.channels = self.scratch.len();
            self.buffer.resize(self.scratch.len(), Vec::new());
        }
    }

    fn note_failure(&mut self, error: &Error) -> Result<()> {
        self.packets.failed += 1;
        self.packets.failed_in_a_row += 1;
        tracing::trace!(%error, "skipped a broken packet");
        let Packets {
            good,
            failed,
            failed_in_a_row,
            ..
        } = self.packets;
        let share = f64::from(failed) / f64::from(good + failed);
        if failed_in_a_row >= MAX_FAILURES_IN_A_ROW
            || (failed > FAILURES_FORGIVEN && share > MAX_FAILURE_SHARE)
        {
            return Err(AudioError::damaged("much of its sound can't be decoded"));
        }
        Ok(())
    }

    /// The last packet is decoded: cuts the padding and judges what came.
    fn finish(&mut self) -> Result<()> {
        self.at_end = true;
        let end = self.timeline.position();
        let Packets {
            good,
            failed,
            bytes,
            expected_bytes,
            ..
        } = self.packets;
        if good == 0 && self.ever_moved {
            return Ok(());
        }
        if good == 0 {
            let promised = self.truncated || self.ending.promised_frames.is_some_and(|frames| frames > 0);
            return Err(match (failed, promised) {
                (0, false) => AudioError::NoAudio,
                (0, true) => AudioError::damaged("it ends before the sound begins"),
                _ => AudioError::damaged("none of its sound can be decoded"),
            });
        }
        // Random bytes hold frames of MPEG audio here and there; in a real stream they follow each other.
        if expected_bytes.is_some_and(|expected| bytes < expected / 2) && !self.ever_moved {
            return Err(AudioError::NotMedia);
        }
        if let Some(promised) = self.ending.promised_frames {
            let slack = TRUNCATION_SLACK_MS as u64 * u64::from(self.info.sample_rate_hz) / 1000;
            self.truncated |= end + slack < promised;
            if !self.truncated && end >= promised {
                let surplus = (end - promised).min(self.ending.padding as u64);
                self.keep((self.buffered() as u64).saturating_sub(surplus));
            }
        }
        Ok(())
    }
}

impl Ending {
    fn of(
        chosen: &Chosen,
        container: Container,
        edit: Edit,
        has_video: bool,
        reader: &dyn FormatReader,
    ) -> Self {
        let track = &chosen.track;
        let rate = u64::from(chosen.sample_rate_hz);
        let mut ending = Self {
            padding: 0,
            promised_frames: None,
            truncated: false,
            length_unknown: false,
        };
        match container {
            Container::Unmarked => {
                // Without the encoder's tag the number of frames is an estimate from the bit rate.
                if track.delay.is_some() {
                    ending.padding = track.padding.unwrap_or(0).min(MAX_PADDING_FRAMES) as usize;
                    ending.promised_frames = track.num_frames;
                }
            }
            Container::Wav | Container::Flac => {
                ending.promised_frames = track
                    .num_frames
                    .filter(|frames| *frames > 0 && !is_placeholder(*frames, chosen));
                ending.length_unknown = ending.promised_frames.is_none();
            }
            Container::Ogg => ending.truncated = track.num_frames.is_none(),
            Container::Mp4 => {
                let tick = tick_of(track, chosen.sample_rate_hz);
                let media = track.duration.map(|ticks| frames_of(ticks.get(), tick, rate));
                let skipped = frames_of(edit.media_start.max(0) as u64, tick, rate);
                let delay = edit.delay_ms.max(0) as u64 * rate / 1000;
                let rest = media.map(|media| delay + media.saturating_sub(skipped));
                // An edit that ends within the encoder's padding tells where the sound ends; any other is
                // not trusted.
                let played = edit
                    .played_ms
                    .map(|ms| delay + ms.max(0) as u64 * rate / 1000)
                    .filter(|played| {
                        rest.is_some_and(|rest| rest.abs_diff(*played) <= u64::from(MAX_PADDING_FRAMES))
                    });
                ending.padding = MAX_PADDING_FRAMES as usize;
                ending.promised_frames = played.or(rest).filter(|frames| *frames > 0);
            }
            Container::Matroska { .. } => {
                let whole = reader.media_info();
                ending.promised_frames =
                    whole
                        .duration
                        .zip(whole.time_base)
                        .filter(|_| !has_video)
                        .map(|(duration, base)| {
                            frames_of(duration.get(), (base.numer.get(), base.denom.get()), rate)
                        });
            }
        }
        ending
    }
}

/// Whether a WAV header's length is what programs write that do not know it yet.
fn is_placeholder(frames: u64, chosen: &Chosen) -> bool {
    let bits = chosen
        .params
        .bits_per_coded_sample
        .or(chosen.params.bits_per_sample)
        .unwrap_or(8);
    let bytes = frames
        .saturating_mul(u64::from(bits))
        .saturating_mul(chosen.channels as u64)
        / 8;
    bytes >= 0x7fff_0000
}

fn tick_of(track: &Track, sample_rate_hz: u32) -> (u32, u32) {
    track
        .time_base
        .map_or((1, sample_rate_hz), |base| (base.numer.get(), base.denom.get()))
}

fn frames_of(ticks: u64, tick: (u32, u32), rate: u64) -> u64 {
    let frames = u128::from(ticks) * u128::from(tick.0) * u128::from(rate) / u128::from(tick.1.max(1));
    u64::try_from(frames).unwrap_or(u64::MAX)
}

fn timeline_of(chosen: &Chosen, container: Container, edit: Edit) -> Timeline {
    let absolute = matches!(container, Container::Mp4 | Container::Matroska { .. });
    let origin = match container {
        // Ogg's time stamps count the frames that an Opus decoder has to drop, other containers' do not.
        Container::Ogg if chosen.codec == "opus" => i64::from(chosen.track.delay.unwrap_or(0)),
        Container::Mp4 => edit.media_start,
        _ => 0,
    };
    let tick = tick_of(&chosen.track, chosen.sample_rate_hz);
    Timeline::new(chosen.sample_rate_hz, tick, origin, edit.delay_ms, absolute)
}

/// The length that the file claims; none where its size can't hold that much sound.
fn declared_ms(reader: &dyn FormatReader, chosen: &Chosen, len_bytes: u64) -> Option<i64> {
    let of_track = chosen
        .track
        .duration
        .map(|ticks| frames_of(ticks.get(), tick_of(&chosen.track, chosen.sample_rate_hz), 1000));
    let whole = reader.media_info();
    let of_file = whole
        .duration
        .zip(whole.time_base)
        .map(|(duration, base): (Duration, TimeBase)| {
            frames_of(duration.get(), (base.numer.get(), base.denom.get()), 1000)
        });
    let ms = of_track.or(of_file).filter(|ms| *ms > 0)?;
    let plausible_ms = len_bytes.saturating_mul(8 * 1000) / LEAST_BITS_PER_SECOND;
    (ms <= plausible_ms).then(|| i64::try_from(ms).unwrap_or(i64::MAX))
}
