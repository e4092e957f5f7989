//! The first reading of a recording: one pass that tells how long it is, what its channels are, where
//! somebody speaks, and how its waveform looks. What the channels are is known only at the end, so everything
//! is collected for each of them and for their mix.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::{
    AudioError, Block, ChannelPlan, Decoder, Layout, Peaks, Result, Source, Span,
    channels::{Comparer, Evidence, Likeness, Verdict, WINDOW_SAMPLES},
    ear::Ear,
    pcm::mix,
    peaks::PeakCollector,
    resample::To16k,
    segment::Segmenter,
};

/// What a recording may be over the limit: encoders pad.
const LIMIT_SLACK_MS: i64 = 1000;
/// Level over the other channel's, in dB, from which that one may be a leak.
const LEAK_LEVEL_DB: f32 = 12.0;
/// Likeness that makes it a leak.
const LEAK_LIKENESS: f32 = 0.5;
/// Likeness that keeps it one.
const KEEP_LEAK_LIKENESS: f32 = 0.3;
/// Sound that follows a stretch of speech changes it no more when it comes later than this: a second is waited for
/// steady sounds, and [`crate::segment`] joins what is closer than its silences.
const SETTLES_WITHIN_MS: i64 = 3_000;

/// What an installation accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest recording in milliseconds.
    pub max_duration_ms: i64,
}

/// What is known of a recording after one pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Analysis {
    /// Length in milliseconds.
    pub duration_ms: i64,
    /// Media type by content.
    pub content_type: String,
    /// Short name of the codec.
    pub codec: String,
    /// Sample rate of the file.
    pub sample_rate_hz: u32,
    /// Channels of the file.
    pub source_channels: usize,
    /// How these channels relate.
    pub layout: Layout,
    /// The one channel to listen to, where not the mix of all or each for itself.
    pub source_channel: Option<usize>,
    /// Speech for each channel of [`Self::plan`], in order, not overlapping.
    pub speech: Vec<Vec<Span>>,
    /// Whether the file ended earlier than it promised.
    pub truncated: bool,
}

impl Analysis {
    /// The channels that carry speakers.
    pub fn plan(&self) -> ChannelPlan {
        match (self.layout, self.source_channel) {
            (Layout::Split, _) => ChannelPlan::Split,
            (_, Some(channel)) => ChannelPlan::Only(channel),
            (_, None) => ChannelPlan::Mix,
        }
    }

    /// All speech of all channels, in milliseconds.
    pub fn speech_ms(&self) -> i64 {
        self.speech.iter().flatten().map(|span| span.duration_ms()).sum()
    }
}

/// Reads a recording once, in bounded memory, and tells what it is. `progress` hears, every fraction of a
/// second of sound, the milliseconds decoded and the milliseconds declared, if any; it may stop the work.
pub fn analyze(
    source: Source,
    filename: Option<&str>,
    limits: &Limits,
    progress: &mut dyn FnMut(i64, Option<i64>) -> ControlFlow<()>,
) -> Result<(Analysis, Peaks)> {
    listen(&mut Decoder::open(source, filename)?, *limits, None, progress)
}

/// What a long recording is, judged by its first `head_ms` alone, with the speech in them that no later sound
/// changes; `None` when it is declared shorter than `long_ms`, or ends before the head does. Only the whole tells
/// what the channels are, so it may turn out to be something else.
pub fn analyze_head(
    source: Source,
    filename: Option<&str>,
    limits: &Limits,
    head_ms: i64,
    long_ms: i64,
) -> Result<Option<Analysis>> {
    let mut decoder = Decoder::open(source, filename)?;
    let declared_ms = decoder.info().declared_duration_ms;
    if declared_ms.is_some_and(|declared_ms| declared_ms < long_ms) {
        return Ok(None);
    }
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let (mut analysis, _) = listen(&mut decoder, *limits, Some(head_ms), go_on)?;
    if analysis.duration_ms < head_ms {
        return Ok(None);
    }
    let settled_ms = analysis.duration_ms - SETTLES_WITHIN_MS;
    for spans in &mut analysis.speech {
        spans.retain(|span| span.end_ms <= settled_ms);
    }
    Ok(Some(analysis))
}

/// Reads a recording to its end, or as far as `until_ms`.
fn listen(
    decoder: &mut Decoder,
    limits: Limits,
    until_ms: Option<i64>,
    progress: &mut dyn FnMut(i64, Option<i64>) -> ControlFlow<()>,
) -> Result<(Analysis, Peaks)> {
    let longest_ms = limits.max_duration_ms.saturating_add(LIMIT_SLACK_MS);
    let too_long = || AudioError::TooLong {
        max_ms: limits.max_duration_ms,
    };
    let declared_ms = decoder.info().declared_duration_ms;
    if declared_ms.is_some_and(|declared| declared > longest_ms) {
        return Err(too_long());
    }
    let rate = decoder.info().sample_rate_hz;
    let mut listener: Option<Listener> = None;
    let mut frames = 0;
    while until_ms.is_none_or(|until_ms| ms_of(frames, rate) < until_ms)
        && let Some(block) = decoder.next_block()?
    {
        frames += block.frames() as u64;
        let decoded_ms = ms_of(frames, rate);
        if decoded_ms > longest_ms {
            return Err(too_long());
        }
        let listener = match &mut listener {
            Some(listener) => listener,
            None => listener.insert(Listener::new(block.channels.len(), rate)?),
        };
        listener.push(block)?;
        if progress(decoded_ms, declared_ms).is_break() {
            return Err(AudioError::Cancelled);
        }
    }
    let duration_ms = ms_of(frames, rate);
    let mut listener = listener.ok_or(AudioError::NoAudio)?;
    listener.finish()?;
    let (verdict, speech, peaks) = listener.conclude(duration_ms);
    let info = decoder.info();
    let analysis = Analysis {
        duration_ms,
        content_type: info.content_type.to_owned(),
        codec: info.codec.to_owned(),
        sample_rate_hz: rate,
        source_channels: info.channels,
        layout: verdict.layout,
        source_channel: verdict.source_channel,
        speech,
        truncated: decoder.truncated(),
    };
    Ok((analysis, peaks))
}

fn ms_of(frames: u64, sample_rate_hz: u32) -> i64 {
    ((u128::from(frames) * 1000 + u128::from(sample_rate_hz) / 2) / u128::from(sample_rate_hz.max(1))) as i64
}

/// Hears the whole recording.
struct Listener {
    resamplers: Vec<To16k>,
    waiting: Vec<Vec<f32>>,
    /// One for each channel.
    ears: Vec<Ear>,
    stereo: Option<Stereo>,
}

/// What there is to know of two channels beside each of them.
struct Stereo {
    mix: Ear,
    comparer: Comparer,
    evidence: Evidence,
    /// Speech of each channel without what leaked in from the other.
    own_speech: [Segmenter; 2],
    leaking: [bool; 2],
    /// Whether the channels were the same to the last bit so far, as in most dual mono: detecting speech on
    /// one of them is enough then.
    identical: bool,
}

impl Listener {
    fn new(channels: usize, rate: u32) -> Result<Self> {
        let heard = if channels == 2 { 2 } else { 1 };
        Ok(Self {
            resamplers: (0..heard).map(|_| To16k::new(rate)).collect::<Result<_>>()?,
            waiting: vec![Vec::new(); heard],
            ears: (0..heard).map(|_| Ear::new()).collect(),
            stereo: (heard == 2).then(|| Stereo {
                mix: Ear::new(),
                comparer: Comparer::new(),
                evidence: Evidence::new(),
                own_speech: [Segmenter::default(), Segmenter::default()],
                leaking: [false; 2],
                identical: true,
            }),
        })
    }

    fn push(&mut self, block: Block) -> Result<()> {
        let channels = if self.ears.len() == 2 {
            block.channels
        } else {
            vec![mix(block.channels)]
        };
        for ((resampler, samples), waiting) in
            self.resamplers.iter_mut().zip(&channels).zip(&mut self.waiting)
        {
            resampler.push(samples, waiting)?;
        }
        let whole = self.waiting[0].len() / WINDOW_SAMPLES * WINDOW_SAMPLES;
        for start in (0..whole).step_by(WINDOW_SAMPLES) {
            self.hear(start, WINDOW_SAMPLES);
        }
        self.waiting
            .iter_mut()
            .for_each(|waiting| drop(waiting.drain(..whole)));
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        for (resampler, waiting) in self.resamplers.iter_mut().zip(&mut self.waiting) {
            resampler.finish(waiting)?;
        }
        let end = self.waiting[0].len();
        for start in (0..end).step_by(WINDOW_SAMPLES) {
            let needed = start + WINDOW_SAMPLES;
            self.waiting
                .iter_mut()
                .for_each(|waiting| waiting.resize(waiting.len().max(needed), 0.0));
            self.hear(start, WINDOW_SAMPLES.min(end - start));
        }
        Ok(())
    }

    /// Hears the window that waits at `start`.
    fn hear(&mut self, start: usize, valid: usize) {
        let range = start..start + WINDOW_SAMPLES;
        match (&mut self.stereo, &self.waiting[..], &mut self.ears[..]) {
            (Some(stereo), [left, right], [left_ear, right_ear]) => {
                stereo.hear(
                    [&left[range.clone()], &right[range]],
                    valid,
                    [left_ear, right_ear],
                );
            }
            (_, waiting, ears) => {
                ears.iter_mut()
                    .zip(waiting)
                    .for_each(|(ear, waiting)| ear.hear(&waiting[range.clone()], valid));
            }
        }
    }

    /// What was heard: the verdict on the channels, and speech and peaks for those that carry speakers.
    fn conclude(mut self, duration_ms: i64) -> (Verdict, Vec<Vec<Span>>, Peaks) {
        let mut verdict = Verdict {
            layout: Layout::Mono,
            source_channel: None,
        };
        let mut chosen: Vec<(Segmenter, PeakCollector)> = Vec::new();
        if let Some(stereo) = self.stereo {
            verdict = stereo
                .evidence
                .verdict([self.ears[0].sound(), self.ears[1].sound()]);
            match (verdict.layout, verdict.source_channel) {
                (Layout::Split, _) => {
                    let peaks = self.ears.into_iter().map(|ear| ear.peaks);
                    chosen.extend(stereo.own_speech.into_iter().zip(peaks));
                }
                (_, Some(channel)) => {
                    let ear = self.ears.swap_remove(channel);
                    chosen.push((ear.speech, ear.peaks));
                }
                (_, None) => chosen.push((stereo.mix.speech, stereo.mix.peaks)),
            }
        } else {
            chosen.extend(self.ears.into_iter().map(|ear| (ear.speech, ear.peaks)));
        }
        let mut speech = Vec::new();
        let mut peaks = Peaks {
            ms_per_point: 0,
            channels: Vec::new(),
        };
        for (segmenter, collector) in chosen {
            speech.push(segmenter.finish(duration_ms));
            let (ms_per_point, values) = collector.finish();
            peaks.ms_per_point = ms_per_point;
            peaks.channels.push(values);
        }
        (verdict, speech, peaks)
    }
}

impl Stereo {
    fn hear(&mut self, windows: [&[f32]; 2], valid: usize, ears: [&mut Ear; 2]) {
        let [left, right] = ears;
        left.hear(windows[0], valid);
        self.identical &= windows[0] == windows[1];
        if self.identical {
            right.note(windows[1], valid, left.heard.scores);
        } else {
            right.hear(windows[1], valid);
        }
        let mixed: Vec<f32> = windows[0]
            .iter()
            .zip(windows[1])
            .map(|(left, right)| 0.5 * (left + right))
            .collect();
        let mut either = left.heard.scores;
        either
            .iter_mut()
            .zip(right.heard.scores)
            .for_each(|(score, other)| *score = score.max(other));
        self.mix.note(&mixed, valid, either);
        let ears = [left, right];
        let speaking = [ears[0].hears_speech(), ears[1].hears_speech()];
        let likeness = (speaking[0] || speaking[1]).then(|| self.comparer.compare(windows[0], windows[1]));
        if let Some(likeness) = likeness {
            self.evidence.add(likeness);
        }
        for (channel, ear) in ears.into_iter().enumerate() {
            let leaks =
                likeness.is_some_and(|likeness| self.is_leak(channel, likeness, speaking[1 - channel]));
            self.leaking[channel] = leaks;
            let mut heard = ear.heard;
            if leaks {
                heard.scores.fill(0.0);
            }
            self.own_speech[channel].push_window(heard);
        }
    }

    /// Whether what `channel` has in this window is the other channel's voice, heard faintly.
    fn is_leak(&self, channel: usize, likeness: Likeness, other_speaks: bool) -> bool {
        let over_other = if channel == 0 {
            likeness.level_db
        } else {
            -likeness.level_db
        };
        let enough = if self.leaking[channel] {
            KEEP_LEAK_LIKENESS
        } else {
            LEAK_LIKENESS
        };
        other_speaks && over_other <= -LEAK_LEVEL_DB && likeness.leak >= enough
    }
}
