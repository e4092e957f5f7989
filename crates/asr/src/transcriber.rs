//! What every engine gives: one window of sound in, its words with times out.

use std::sync::atomic::AtomicBool;

use crate::AsrError;

/// Samples a second that every engine takes.
pub const SAMPLE_RATE_HZ: usize = 16_000;

/// The longest window. Whisper hears 30 s at a time, but a window of 1,472 encoder positions (29.44 s)
/// keeps attention on the fast matrix path, which wants multiples of 64.
pub const MAX_WINDOW_MS: i64 = 29_440;

/// How one window is to be heard.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Two-letter code; `None` to detect it in this window.
    pub language: Option<String>,
    /// 0 takes the most probable word each time; above that the choice is random, which gets an engine
    /// out of a loop that it would otherwise repeat.
    pub temperature: f32,
    /// Whether to begin as if well written English came before, which a model goes on in the manner of.
    pub after_sentences: bool,
}

/// One word as heard, with times counted from the window's start.
#[derive(Debug, Clone, PartialEq)]
pub struct HeardWord {
    /// With its punctuation, without spaces around it.
    pub text: String,
    /// When it begins.
    pub start_ms: i64,
    /// When it ends.
    pub end_ms: i64,
    /// The model's probability of it, 0 to 1: the mean over its tokens.
    pub confidence: f32,
    /// Whether a space stands between the word before and this one (not in Chinese or Japanese).
    pub spaced: bool,
}

/// What was heard in a window.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// Two-letter code of the language, given or detected.
    pub language: String,
    /// The words, in order.
    pub words: Vec<HeardWord>,
    /// Where the model says that the last phrase ends, if it said so: far before the end of the sound it
    /// has given up early.
    pub last_timestamp_ms: Option<i64>,
    /// Whether the text was cut because it reached the model's limit, as it does in a loop.
    pub cut_off: bool,
}

/// An engine with a model loaded.
pub trait Transcriber: Send {
    /// The model's name, for people.
    fn model(&self) -> &str;

    /// Whether it knows more than English.
    fn is_multilingual(&self) -> bool;

    /// Hears one window of mono sound at 16 kHz, -1 to 1, at most [`MAX_WINDOW_MS`] long.
    ///
    /// Blocks for as long as it computes; setting `cancel` makes it return [`AsrError::Cancelled`] soon.
    fn transcribe(
        &mut self,
        samples: &[f32],
        request: &Request,
        cancel: &AtomicBool,
    ) -> Result<Heard, AsrError>;

    /// How many windows are best heard together: 1 for engines that gain nothing from more.
    fn batch(&self) -> usize {
        1
    }

    /// Hears several windows with one request, in their order. Engines that gain nothing from hearing them
    /// together hear one after the other, as this does.
    fn transcribe_batch(
        &mut self,
        windows: &[&[f32]],
        request: &Request,
        cancel: &AtomicBool,
    ) -> Result<Vec<Heard>, AsrError> {
        windows
            .iter()
            .map(|samples| self.transcribe(samples, request, cancel))
            .collect()
    }
}
