//! Decode, resample, speech detection, peaks and clips: pure and synchronous.
//!
//! [`analyze`] reads a recording once and tells what it is; [`Pcm16k`] reads it again as the samples that a
//! speech model takes; [`analyze_head`] tells beforehand what a long one seems to be; [`cut_clip`] cuts a range out of
//! it. All of them stream: memory does not grow with the length of a recording, apart from a few bytes a second for
//! spans and peaks.

mod analysis;
mod channels;
mod clip;
mod container;
mod decode;
mod decoder;
mod ear;
mod ending;
mod error;
mod mp4;
mod packets;
mod pcm;
mod peaks;
mod probe;
mod resample;
mod segment;
mod silenced;
mod source;
mod speech;
mod steady;
mod timeline;
mod wav;
pub mod window;

pub use analysis::{Analysis, Limits, analyze, analyze_head};
pub use channels::Layout;
pub use clip::cut_clip;
pub use decode::{Block, MediaInfo};
pub use decoder::Decoder;
pub use error::{AudioError, Result};
pub use pcm::{ChannelPlan, Pcm16k};
pub use peaks::{InvalidPeaks, Peaks, PeaksJson};
pub use resample::SAMPLE_RATE_HZ;
pub use segment::PAD_BEFORE_MS;
pub use silenced::Silenced;
pub use source::Source;
pub use speech::Span;
pub use wav::wav_file;
