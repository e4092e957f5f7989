//! From a recording to segments: read it once more, window by window, and hear each window.

use std::{
    collections::{HashSet, VecDeque},
    sync::atomic::{AtomicBool, Ordering},
};

use gametape_asr::{AsrError, Heard, SAMPLE_RATE_HZ, Transcriber};
use gametape_audio::{
    Analysis, AudioError, Pcm16k, Source,
    window::{Piece, WindowPlan, plan_windows},
};
use gametape_store::NewSegment;

use crate::{
    repair::{Flaw, hear_windows},
    segment::segments,
};

const SAMPLES_PER_MS: i64 = SAMPLE_RATE_HZ as i64 / 1_000;

/// A window with less speech than this says too little to settle the language of a whole call.
const LANGUAGE_SPEECH_MS: i64 = 5_000;

/// Why a recording could not be heard.
#[derive(Debug, thiserror::Error)]
pub enum HearError {
    /// Its sound can't be read.
    #[error(transparent)]
    Audio(#[from] AudioError),
    /// The engine failed.
    #[error(transparent)]
    Asr(#[from] AsrError),
}

/// One window's worth of transcript.
#[derive(Debug, Clone)]
pub struct HeardWindow {
    /// Its number in the plan.
    pub index: usize,
    /// What was said, in order.
    pub segments: Vec<NewSegment>,
    /// Language of the window.
    pub language: String,
    /// Milliseconds of speech that were in it.
    pub speech_ms: i64,
    /// Whether it had to be heard again, and why: `loop` or `lost`.
    pub repaired: Option<&'static str>,
}

/// The windows that a recording is heard in, of a length that the engine hears best.
pub fn windows(analysis: &Analysis, window_ms: i64) -> Vec<WindowPlan> {
    plan_windows(&analysis.speech, window_ms)
}

/// What to hear, and with what.
pub struct Hearing<'a> {
    /// The recording.
    pub source: Source,
    /// What is known of it.
    pub analysis: &'a Analysis,
    /// Its windows, from [`windows`].
    pub plans: &'a [WindowPlan],
    /// Numbers of windows that need not be heard again.
    pub done: &'a HashSet<usize>,
    /// Two-letter code; `None` to detect it.
    pub language: Option<String>,
    /// Set it to stop soon, in the middle of a window.
    pub cancel: &'a AtomicBool,
}

impl Hearing<'_> {
    /// Hears windows, as many at a time as the engine likes, and gives each to `on_window`, which says whether to go on.
    ///
    /// Holds no more than the windows under way in memory, however long the recording is.
    pub fn run(
        self,
        transcriber: &mut dyn Transcriber,
        mut on_window: impl FnMut(HeardWindow) -> std::ops::ControlFlow<()>,
    ) -> Result<(), HearError> {
        let pcm = Pcm16k::open(self.source, None, self.analysis.plan())?;
        let todo = self.plans.iter().filter(|plan| !self.done.contains(&plan.index));
        let mut cutter = WindowCutter::new(pcm, todo.cloned().collect());
        let mut language = self.language;
        // One window first, so that there is something to read soon, then as many more each time as the engine likes.
        let mut count = 1;
        loop {
            let windows = cutter.next_windows(count)?;
            if windows.is_empty() {
                return Ok(());
            }
            if self.cancel.load(Ordering::Relaxed) {
                return Err(AsrError::Cancelled.into());
            }
            let heard = hear_windows(transcriber, &windows, language.as_deref(), self.cancel)?;
            for ((plan, _), (heard, flaw)) in windows.iter().zip(heard) {
                if language.is_none() && plan.speech_ms() >= LANGUAGE_SPEECH_MS && !heard.words.is_empty() {
                    language = Some(heard.language.clone());
                }
                if on_window(heard_window(plan, heard, flaw)).is_break() {
                    return Ok(());
                }
            }
            // While the language is open, each window is heard for its own.
            if language.is_some() {
                count = (2 * count).min(transcriber.batch());
            }
        }
    }
}

fn heard_window(plan: &WindowPlan, heard: Heard, flaw: Option<Flaw>) -> HeardWindow {
    HeardWindow {
        index: plan.index,
        segments: segments(plan, &heard.words),
        language: heard.language,
        speech_ms: plan.speech_ms(),
        repaired: flaw.map(Flaw::as_str),
    }
}

/// Cuts windows out of a recording while it is read from start to end.
struct WindowCutter {
    pcm: Pcm16k,
    /// Windows to come, by their end; the samples of those that have begun.
    plans: VecDeque<(WindowPlan, Vec<f32>)>,
    at_end: bool,
}

impl WindowCutter {
    fn new(pcm: Pcm16k, plans: Vec<WindowPlan>) -> Self {
        let plans = plans.into_iter().map(|plan| (plan, Vec::new())).collect();
        Self {
            pcm,
            plans,
            at_end: false,
        }
    }

    /// As many windows as wanted, or those that are left, with their samples.
    fn next_windows(&mut self, count: usize) -> Result<Vec<(WindowPlan, Vec<f32>)>, AudioError> {
        let mut windows = Vec::with_capacity(count);
        while windows.len() < count {
            match self.next_window()? {
                Some(window) => windows.push(window),
                None => break,
            }
        }
        Ok(windows)
    }

    /// The next window that is complete, with its samples; `None` when there are no more.
    fn next_window(&mut self) -> Result<Option<(WindowPlan, Vec<f32>)>, AudioError> {
        loop {
            let read_to = self.pcm.position_samples() as i64;
            let complete = |plan: &WindowPlan| plan.end_ms() * SAMPLES_PER_MS <= read_to;
            if self
                .plans
                .front()
                .is_none_or(|(plan, _)| self.at_end || complete(plan))
            {
                return Ok(self.plans.pop_front().map(|(plan, mut samples)| {
                    samples.resize((plan.length_ms() * SAMPLES_PER_MS) as usize, 0.0);
                    (plan, samples)
                }));
            }
            let Some(block) = self.pcm.next_block()? else {
                self.at_end = true;
                continue;
            };
            for (plan, samples) in &mut self.plans {
                if let Some(channel) = block.get(plan.channel) {
                    plan.pieces
                        .iter()
                        .for_each(|piece| copy_piece(*piece, read_to, channel, samples));
                }
            }
        }
    }
}

/// Copies what a block, which begins at the recording's sample `block_at`, holds of a piece.
fn copy_piece(piece: Piece, block_at: i64, block: &[f32], window: &mut Vec<f32>) {
    let from = (piece.start_ms * SAMPLES_PER_MS).max(block_at);
    let to = (piece.end_ms * SAMPLES_PER_MS).min(block_at + block.len() as i64);
    if from >= to {
        return;
    }
    let window_at = (from - piece.start_ms * SAMPLES_PER_MS + piece.at_ms * SAMPLES_PER_MS) as usize;
    window.resize(window_at, 0.0);
    window.extend_from_slice(&block[(from - block_at) as usize..(to - block_at) as usize]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_out_whole_however_the_blocks_fall() {
        let sound: Vec<f32> = (0..3_200_i16).map(f32::from).collect();
        let pieces = [
            Piece {
                start_ms: 10,
                end_ms: 60,
                at_ms: 0,
            },
            Piece {
                start_ms: 100,
                end_ms: 190,
                at_ms: 80,
            },
        ];
        for block_length in [1, 7, 160, 1_600, 5_000] {
            let mut window = Vec::new();
            for (index, block) in sound.chunks(block_length).enumerate() {
                for piece in pieces {
                    copy_piece(piece, (index * block_length) as i64, block, &mut window);
                }
            }
            let silence = [0.0; 480];
            let expected = [&sound[160..960], &silence, &sound[1_600..3_040]].concat();
            assert_eq!(window, expected, "blocks of {block_length}");
        }
    }
}
