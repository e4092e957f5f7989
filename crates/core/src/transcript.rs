//! The words of a call. This is the one shape that serialises as it stands: the API and
//! `gametape transcribe --format json` answer with it.

use serde::{Deserialize, Serialize};

use crate::{id::SegmentId, user::names};

/// Which side of the conversation somebody is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeakerRole {
    /// Sells.
    Rep,
    /// Is sold to.
    Customer,
    /// Anybody else, or not known.
    Other,
}
names!(
    SpeakerRole,
    "speaker role",
    Rep = "rep",
    Customer = "customer",
    Other = "other"
);

/// Who speaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Speaker {
    /// Their side.
    pub role: SpeakerRole,
    /// Their name, or a stand-in such as `Speaker 1`.
    pub name: String,
}

impl Speaker {
    /// Who speaks on `channel` as long as nobody says otherwise. On recordings with a channel for each
    /// side the first is the rep's by the convention of telephone systems; a mono recording mixes all.
    pub fn default_for(channel: usize, channels: usize) -> Self {
        let (role, name) = match (channels, channel) {
            (0 | 1, _) => (SpeakerRole::Other, "Speaker".to_owned()),
            (_, 0) => (SpeakerRole::Rep, "Rep".to_owned()),
            (_, 1) => (SpeakerRole::Customer, "Customer".to_owned()),
            (_, n) => (SpeakerRole::Other, format!("Speaker {}", n + 1)),
        };
        Self { role, name }
    }
}

/// One word with the time at which it is heard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording.
    pub end_ms: i64,
    /// The word with its punctuation, without spaces around it.
    pub text: String,
    /// The model's probability of it, 0 to 1.
    pub confidence: f32,
}

/// One speaker's stretch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Which; `None` where no database is at hand.
    pub id: Option<SegmentId>,
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording.
    pub end_ms: i64,
    /// Channel, counted from 0.
    pub channel: usize,
    /// Who speaks.
    pub speaker: Speaker,
    /// The words as a sentence.
    pub text: String,
    /// The words one by one, in order.
    pub words: Vec<Word>,
    /// Whether somebody corrected it; left out of JSON where nobody did.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
}

/// The words of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// Language, as a two-letter code.
    pub language: Option<String>,
    /// Length of the recording.
    pub duration_ms: i64,
    /// Model that made it.
    pub model: String,
    /// Whether more segments are still to come.
    pub complete: bool,
    /// Segments ordered by `start_ms`, then channel.
    pub segments: Vec<Segment>,
}
