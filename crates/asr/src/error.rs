//! What can go wrong between samples and words.

use std::path::PathBuf;

/// A transcription that did not come about.
#[derive(Debug, thiserror::Error)]
pub enum AsrError {
    /// The model can't be loaded.
    #[error("the model {path} can't be loaded: {reason}; check it with `gametape model verify`")]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The model does not know the language asked for.
    #[error(
        "the model {model} does not know the language '{language}'; choose a multilingual model such as base"
    )]
    Language {
        /// The model's name.
        model: String,
        /// What was asked for.
        language: String,
    },
    /// More samples than one window holds.
    #[error("a window has {samples} samples, but the model takes {limit} at most")]
    TooLong {
        /// How many there were.
        samples: usize,
        /// How many fit.
        limit: usize,
    },
    /// Somebody asked to stop.
    #[error("the transcription was stopped")]
    Cancelled,
    /// The engine failed.
    #[error("whisper failed: {0}")]
    Engine(String),
}
