//! What the first reading collects of one channel: speech, waveform, levels.

use crate::{
    channels::Sound,
    peaks::PeakCollector,
    segment::{Heard, SURE_SCORE, Segmenter},
    speech::{FRAME_SAMPLES, VoiceDetector, WINDOW_FRAMES, level},
    steady::SteadySound,
};

/// Level of a frame below which there is nothing, -100 dB.
const NO_LEVEL: f32 = 1e-5;

/// Collects what there is to know of one channel, or of a mix.
pub(crate) struct Ear {
    detector: VoiceDetector,
    pub(crate) speech: Segmenter,
    pub(crate) peaks: PeakCollector,
    loudest: f32,
    steady: SteadySound,
    /// The last window.
    pub(crate) heard: Heard,
}

impl Ear {
    pub(crate) fn new() -> Self {
        Self {
            detector: VoiceDetector::new(),
            speech: Segmenter::default(),
            peaks: PeakCollector::new(),
            loudest: 0.0,
            steady: SteadySound::new(),
            heard: Heard::default(),
        }
    }

    /// Hears a window of which the first `valid` samples are sound.
    pub(crate) fn hear(&mut self, window: &[f32], valid: usize) {
        let mut scores = [0.0; WINDOW_FRAMES];
        for (frame, score) in window.chunks_exact(FRAME_SAMPLES).zip(&mut scores) {
            *score = self.detector.score(frame);
        }
        self.note(window, valid, scores);
    }

    /// Takes a window whose scores are known.
    pub(crate) fn note(&mut self, window: &[f32], valid: usize, scores: [f32; WINDOW_FRAMES]) {
        self.peaks.push(&window[..valid]);
        self.heard.scores = scores;
        for (frame, level_db) in window.chunks_exact(FRAME_SAMPLES).zip(&mut self.heard.levels_db) {
            let level = level(frame);
            self.loudest = self.loudest.max(level);
            *level_db = 20.0 * level.max(NO_LEVEL).log10();
        }
        self.heard.goes_on = self.steady.goes_on(window);
        self.speech.push_window(self.heard);
    }

    pub(crate) fn hears_speech(&self) -> bool {
        !self.heard.goes_on && self.heard.scores.iter().any(|score| *score >= SURE_SCORE)
    }

    pub(crate) fn sound(&self) -> Sound {
        Sound {
            speech_ms: self.speech.speech_ms(),
            loudest: self.loudest,
        }
    }
}
