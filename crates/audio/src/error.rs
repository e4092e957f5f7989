//! Why a recording can't be used, in words for the person who uploaded it.

use std::io;

/// Result of this crate.
pub type Result<T> = std::result::Result<T, AudioError>;

/// Why a recording can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file has no bytes.
    #[error("the file is empty: export or copy it again, then upload it")]
    EmptyFile,
    /// Neither sound nor video that is known here.
    #[error("the file is not a recording that can be read: upload wav, mp3, m4a, mp4, flac, ogg or webm")]
    NotMedia,
    /// A video or container without sound.
    #[error("the file has no audio track: upload the recording that has the sound")]
    NoAudioTrack,
    /// A known container with a codec that can't be decoded.
    #[error("the sound is encoded in a way that can't be read ({codec}): convert it to mp3, m4a or wav")]
    UnknownCodec {
        /// What is known about the codec.
        codec: String,
    },
    /// Longer than the installation accepts.
    #[error("the recording is longer than {} minutes, which is the limit: cut it and upload the parts", .max_ms / 60_000)]
    TooLong {
        /// The limit in milliseconds.
        max_ms: i64,
    },
    /// The container or most of its packets make no sense.
    #[error("the recording is damaged ({what}): export or copy it again, then upload it")]
    Damaged {
        /// What makes no sense.
        what: String,
    },
    /// The container is fine and holds not one sample.
    #[error("the recording holds no sound at all: check that it was recorded, then upload it again")]
    NoAudio,
    /// A clip that lies outside of the recording.
    #[error("there is no sound from {start_ms} ms to {end_ms} ms: choose a range inside the recording")]
    InvalidRange {
        /// Start asked for, in milliseconds.
        start_ms: i64,
        /// End asked for, in milliseconds.
        end_ms: i64,
    },
    /// The bytes could not be read; trying again may help.
    #[error("the recording could not be read from storage: {0}")]
    Io(#[from] io::Error),
    /// The caller stopped the work.
    #[error("the work on the recording was stopped")]
    Cancelled,
}

impl AudioError {
    /// A stable name, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyFile => "empty_file",
            Self::NotMedia => "not_media",
            Self::NoAudioTrack => "no_audio_track",
            Self::UnknownCodec { .. } => "unknown_codec",
            Self::TooLong { .. } => "too_long",
            Self::Damaged { .. } => "damaged",
            Self::NoAudio => "no_audio",
            Self::InvalidRange { .. } => "invalid_range",
            Self::Io(_) => "io",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether trying again with the same bytes can't help.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Io(_) | Self::Cancelled)
    }

    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }
}
