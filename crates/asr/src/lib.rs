//! The transcriber, whisper, and the model files: get, verify, convert, list.

mod error;
pub mod model;
mod tokens;
mod transcriber;
mod whisper;

pub use error::AsrError;
pub use transcriber::{Heard, HeardWord, MAX_WINDOW_MS, Request, SAMPLE_RATE_HZ, Transcriber};
pub use whisper::Whisper;
