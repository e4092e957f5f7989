//! The transcriber, whisper, and the model files: get, verify, convert, list.

mod engine;
mod error;
pub mod model;
#[cfg(feature = "native")]
mod native;
mod tokens;
mod transcriber;
mod whisper;

pub use engine::{Engine, UnknownEngine};
pub use error::AsrError;
#[cfg(feature = "native")]
pub use native::{Native, Times};
pub use transcriber::{Heard, HeardWord, MAX_WINDOW_MS, Request, SAMPLE_RATE_HZ, Transcriber};
pub use whisper::Whisper;
