//! What a container says about the start, the length and the end of its sound, and how far that is believed.

use symphonia::core::{
    formats::{FormatReader, Track},
    units::{Duration, TimeBase},
};

use crate::{container::Container, mp4::Edit, probe::Chosen, timeline::Timeline};

/// Most frames of encoder padding that are held back until the end shows.
const MAX_PADDING_FRAMES: u32 = 4096;
/// Less than any codec makes of speech; Opus needs 500 for silence.
const LEAST_BITS_PER_SECOND: u64 = 200;

/// How the end of the sound is found.
pub(crate) struct Ending {
    /// Frames of encoder padding, to be cut once the end shows.
    pub(crate) padding: usize,
    /// Frames that the container promises, where the promise is exact.
    pub(crate) promised_frames: Option<u64>,
    /// Whether the container's own end is missing.
    pub(crate) truncated: bool,
    /// Whether the header was written without knowing the length, so that any end is fine.
    pub(crate) length_unknown: bool,
    /// Whether what packets say about padding in them is right. For MP3 it comes from an estimated length,
    /// or from the first of two joined files.
    pub(crate) trusts_packets: bool,
}

impl Ending {
    pub(crate) fn of(
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
            trusts_packets: matches!(container, Container::Ogg | Container::Flac | Container::Wav),
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
                ending.padding = MAX_PADDING_FRAMES as usize;
                ending.promised_frames = promised_by_mp4(chosen, edit).filter(|frames| *frames > 0);
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

/// Frames from the start of an MP4 to the end of its sound. An edit that ends within the encoder's padding
/// tells where that is; any other is not trusted.
fn promised_by_mp4(chosen: &Chosen, edit: Edit) -> Option<u64> {
    let rate = u64::from(chosen.sample_rate_hz);
    let tick = tick_of(&chosen.track, chosen.sample_rate_hz);
    let frames_of_ms = |ms: i64| (ms.max(0) as u64).saturating_mul(rate) / 1000;
    let media = frames_of(chosen.track.duration?.get(), tick, rate);
    let skipped = frames_of(edit.media_start.max(0) as u64, tick, rate);
    let delay = frames_of_ms(edit.delay_ms);
    let rest = delay.saturating_add(media.saturating_sub(skipped));
    let played = edit.played_ms.map(|ms| delay.saturating_add(frames_of_ms(ms)));
    let plausible = |played: &u64| rest.abs_diff(*played) <= u64::from(MAX_PADDING_FRAMES);
    Some(played.filter(plausible).unwrap_or(rest))
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

/// The timeline on which the track's packets lie.
pub(crate) fn timeline_of(chosen: &Chosen, container: Container, edit: Edit) -> Timeline {
    let absolute = matches!(container, Container::Mp4 | Container::Matroska { .. });
    let origin = match container {
        // Ogg's time stamps count the frames that an Opus decoder has to drop, other containers' do not.
        Container::Ogg if chosen.codec == "opus" => i64::from(chosen.track.delay.unwrap_or(0)),
        Container::Mp4 => edit.media_start,
        _ => 0,
    };
    let tick = tick_of(&chosen.track, chosen.sample_rate_hz);
    let timeline = Timeline::new(chosen.sample_rate_hz, tick, origin, edit.delay_ms, absolute);
    match container {
        // Writers of Matroska disagree about the delay that they declare; the codec's own header is right.
        Container::Matroska { .. } => timeline.with_lead(chosen.opus_pre_skip),
        _ => timeline,
    }
}

/// The length that the file claims; none where its size can't hold that much sound.
pub(crate) fn declared_ms(reader: &dyn FormatReader, chosen: &Chosen, len_bytes: u64) -> Option<i64> {
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
