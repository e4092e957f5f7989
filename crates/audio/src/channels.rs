//! What the channels of a stereo file are: two speakers, the same sound twice, or one room.

use std::sync::Arc;

use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};
use serde::{Deserialize, Serialize};

/// How the channels of a recording relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// One channel; or a mix of all voices on several; or several of which one alone sounds.
    Mono,
    /// Two channels with the same sound, perhaps at different levels or a few milliseconds apart.
    DualMono,
    /// Two channels, each with its own speaker.
    Split,
}

/// Samples at 16 kHz in a compared window: 128 ms, eight frames of the speech detector.
pub(crate) const WINDOW_SAMPLES: usize = 2048;
/// The comparison runs at 8 kHz: telephone sound has no more, and it halves the work.
const COMPARED: usize = WINDOW_SAMPLES / 2;
/// Largest time between the channels that counts as the same sound: 20 ms.
const SAME_LAG: usize = 160;
/// Largest time that counts as a leak from one channel to the other: 64 ms.
const LEAK_LAG: usize = 512;

const SIMILARITY_BINS: usize = 21;
const LEVEL_BINS: usize = 81;

/// How alike two windows are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Likeness {
    /// Largest correlation within 20 ms, 0 to 1.
    pub(crate) same: f32,
    /// Largest correlation within 64 ms, 0 to 1.
    pub(crate) leak: f32,
    /// Level of the first over the second, in dB.
    pub(crate) level_db: f32,
}

/// Compares windows by cross-correlation through the Fourier transform.
pub(crate) struct Comparer {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    time: Vec<f32>,
    first: Vec<Complex<f32>>,
    second: Vec<Complex<f32>>,
}

impl Comparer {
    pub(crate) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(COMPARED * 2);
        let inverse = planner.plan_fft_inverse(COMPARED * 2);
        Self {
            time: vec![0.0; COMPARED * 2],
            first: forward.make_output_vec(),
            second: forward.make_output_vec(),
            forward,
            inverse,
        }
    }

    /// Compares two windows of [`WINDOW_SAMPLES`] samples each.
    pub(crate) fn compare(&mut self, first: &[f32], second: &[f32]) -> Likeness {
        let first_energy = prepare(first, &mut self.time);
        let first_ok = self.forward.process(&mut self.time, &mut self.first).is_ok();
        let second_energy = prepare(second, &mut self.time);
        let second_ok = self.forward.process(&mut self.time, &mut self.second).is_ok();
        let level_db = level_db(first, second);
        let scale = (first_energy * second_energy).sqrt() * (COMPARED * 2) as f32;
        if !(first_ok && second_ok) || scale <= f32::MIN_POSITIVE {
            return Likeness {
                same: 0.0,
                leak: 0.0,
                level_db,
            };
        }
        self.first
            .iter_mut()
            .zip(&self.second)
            .for_each(|(a, b)| *a *= b.conj());
        if self.inverse.process(&mut self.first, &mut self.time).is_err() {
            return Likeness {
                same: 0.0,
                leak: 0.0,
                level_db,
            };
        }
        let best = |lag: usize| {
            let (ahead, behind) = (&self.time[..=lag], &self.time[self.time.len() - lag..]);
            let peak = ahead
                .iter()
                .chain(behind)
                .fold(0.0, |peak: f32, value| peak.max(value.abs()));
            (peak / scale).min(1.0)
        };
        Likeness {
            same: best(SAME_LAG),
            leak: best(LEAK_LAG),
            level_db,
        }
    }
}

/// Halves the rate, takes out hum by differences of neighbours, fills up with zeros. Returns the energy.
fn prepare(samples: &[f32], out: &mut [f32]) -> f32 {
    out.fill(0.0);
    let mut before = 0.0;
    let mut energy = 0.0;
    for (out, pair) in out.iter_mut().zip(samples.chunks_exact(2)).take(COMPARED) {
        let sample = 0.5 * (pair[0] + pair[1]);
        *out = sample - 0.6 * before;
        before = sample;
        energy += *out * *out;
    }
    energy
}

fn level_db(first: &[f32], second: &[f32]) -> f32 {
    let energy = |samples: &[f32]| samples.iter().map(|sample| sample * sample).sum::<f32>() + 1e-9;
    10.0 * (energy(first) / energy(second)).log10()
}

/// What was seen of two channels, in the windows in which somebody spoke.
pub(crate) struct Evidence {
    counts: Box<[[u32; LEVEL_BINS]; SIMILARITY_BINS]>,
    windows: u32,
}

/// What is known of one channel on its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sound {
    /// Speech found on it, in milliseconds.
    pub(crate) speech_ms: i64,
    /// Level of its loudest frame.
    pub(crate) loudest: f32,
}

/// The answer: what the channels are, and the one to listen to if one is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) layout: Layout,
    pub(crate) source_channel: Option<usize>,
}

/// A channel is out of use when the other is this many times (20 dB) louder and it has no speech.
const SILENT_RATIO: f32 = 10.0;
/// Windows of speech (about 0.5 s) without which nothing can be told.
const MIN_WINDOWS: u32 = 4;
/// Correlation from which windows are the same sound, noise of two lines or a codec aside.
const SAME_SOUND: f32 = 0.7;
/// Share of windows with the same sound in dual mono.
const SAME_SHARE: f64 = 0.75;
/// How much the level between the channels of dual mono may vary, in dB.
const SAME_LEVEL_SPREAD_DB: i32 = 4;
/// Correlation from which two microphones hear the same voice.
const ROOM_SOUND: f32 = 0.5;
/// Level between channels in dB below which a voice is on both of them.
const ROOM_LEVEL_DB: i32 = 10;
/// Share of windows on both channels in one room or a stereo mix.
const ROOM_SHARE: f64 = 0.6;

impl Evidence {
    pub(crate) fn new() -> Self {
        Self {
            counts: Box::new([[0; LEVEL_BINS]; SIMILARITY_BINS]),
            windows: 0,
        }
    }

    /// Notes a window in which somebody spoke.
    pub(crate) fn add(&mut self, likeness: Likeness) {
        let similarity =
            (likeness.same * (SIMILARITY_BINS - 1) as f32).clamp(0.0, (SIMILARITY_BINS - 1) as f32);
        let level = (likeness.level_db + 40.0)
            .round()
            .clamp(0.0, (LEVEL_BINS - 1) as f32);
        self.counts[similarity as usize][level as usize] += 1;
        self.windows += 1;
    }

    /// Judges the two channels of a stereo file.
    pub(crate) fn verdict(&self, sounds: [Sound; 2]) -> Verdict {
        let louder = usize::from(sounds[1].loudest > sounds[0].loudest);
        let quieter = &sounds[1 - louder];
        if quieter.speech_ms == 0 && quieter.loudest * SILENT_RATIO < sounds[louder].loudest {
            return Verdict {
                layout: Layout::Mono,
                source_channel: Some(louder),
            };
        }
        let same = self.share(SAME_SOUND, i32::MAX);
        if self.windows < MIN_WINDOWS {
            return Verdict {
                layout: Layout::Split,
                source_channel: None,
            };
        }
        if same >= SAME_SHARE && self.level_spread_db() <= SAME_LEVEL_SPREAD_DB {
            return Verdict {
                layout: Layout::DualMono,
                source_channel: Some(louder),
            };
        }
        if self.share(ROOM_SOUND, ROOM_LEVEL_DB) >= ROOM_SHARE {
            return Verdict {
                layout: Layout::Mono,
                source_channel: None,
            };
        }
        Verdict {
            layout: Layout::Split,
            source_channel: None,
        }
    }

    /// Share of windows that are at least so similar and at most so far apart in level.
    fn share(&self, similarity: f32, level_db: i32) -> f64 {
        let first = (similarity * (SIMILARITY_BINS - 1) as f32).round() as usize;
        let matching: u32 = self.counts[first..]
            .iter()
            .flat_map(|levels| levels.iter().zip(-40i32..))
            .filter(|(_, level)| level.abs() < level_db)
            .map(|(count, _)| count)
            .sum();
        f64::from(matching) / f64::from(self.windows.max(1))
    }

    /// The range of levels that the middle six tenths of the windows lie in.
    fn level_spread_db(&self) -> i32 {
        let at = |share: f64| {
            let wanted = (f64::from(self.windows) * share) as u32;
            let mut seen = 0;
            (0..LEVEL_BINS)
                .find(|level| {
                    seen += self.counts.iter().map(|levels| levels[*level]).sum::<u32>();
                    seen > wanted
                })
                .unwrap_or(LEVEL_BINS - 1) as i32
        };
        at(0.8) - at(0.2)
    }
}
