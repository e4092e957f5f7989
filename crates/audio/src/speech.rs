//! Whether somebody speaks: earshot's small network scores frames of 16 ms.

use earshot::{DefaultPredictor, Detector};
use serde::{Deserialize, Serialize};

use crate::{channels::WINDOW_SAMPLES, resample::SAMPLE_RATE_HZ};

/// Frames in a window, which is what the channels are compared in.
pub(crate) const WINDOW_FRAMES: usize = WINDOW_SAMPLES / FRAME_SAMPLES;
/// Samples in a frame of the detector.
pub(crate) const FRAME_SAMPLES: usize = 256;
/// Length of a frame in milliseconds.
pub(crate) const FRAME_MS: i64 = FRAME_SAMPLES as i64 * 1000 / SAMPLE_RATE_HZ as i64;
/// Score from which a frame is speech.
pub(crate) const SPEECH_SCORE: f32 = 0.5;
/// Root mean square that loud frames are brought to at least. Down to -60 dB the network hears by itself, below that
/// it begins to miss words.
const TARGET_LEVEL: f32 = 0.02;
/// Root mean square that loud frames are brought to at most. Loud noise is taken for speech above that.
const MAX_LEVEL: f32 = 0.1;
/// Bound of the amplification, 26 dB.
const MAX_GAIN: f32 = 20.0;
/// What the measured level loses with each frame: half in about 11 s.
const LEVEL_DECAY: f32 = 0.999;
/// Below this a sample is silence (-80 dB).
const SILENCE: f32 = 1e-4;
/// Silent frames after which the network need not be asked.
const SILENT_FRAMES: u32 = 16;

/// A stretch of time in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// Start in milliseconds.
    pub start_ms: i64,
    /// End in milliseconds, exclusive.
    pub end_ms: i64,
}

impl Span {
    /// Length in milliseconds.
    pub fn duration_ms(self) -> i64 {
        self.end_ms - self.start_ms
    }
}

/// Scores frames of one channel.
pub(crate) struct VoiceDetector {
    detector: Box<Detector<DefaultPredictor>>,
    level: f32,
    silent_frames: u32,
}

impl VoiceDetector {
    pub(crate) fn new() -> Self {
        Self {
            detector: Detector::default_boxed(),
            level: 0.0,
            silent_frames: 0,
        }
    }

    /// How likely somebody speaks in `frame`, 0 to 1; it has [`FRAME_SAMPLES`] samples.
    pub(crate) fn score(&mut self, frame: &[f32]) -> f32 {
        let peak = frame.iter().fold(0.0, |peak: f32, sample| peak.max(sample.abs()));
        self.silent_frames = if peak < SILENCE { self.silent_frames + 1 } else { 0 };
        if self.silent_frames > SILENT_FRAMES {
            return 0.0;
        }
        let mut amplified = [0.0; FRAME_SAMPLES];
        self.level = (self.level * LEVEL_DECAY).max(level(frame));
        let level = self.level.max(f32::MIN_POSITIVE);
        let gain = (TARGET_LEVEL / level).clamp(1.0, MAX_GAIN).min(MAX_LEVEL / level);
        for (amplified, sample) in amplified.iter_mut().zip(frame) {
            *amplified = (sample * gain).clamp(-1.0, 1.0);
        }
        self.detector.predict_f32(&amplified)
    }
}

/// Root mean square.
pub(crate) fn level(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32).sqrt()
}
