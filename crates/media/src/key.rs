//! Names of objects. They can only be made from ids, or from text that was made from ids.

use std::fmt;

use gametape_core::id::{RecordingId, UploadId};

use crate::MediaError;

const UPLOADS: &str = "uploads";
const RECORDINGS: &str = "recordings";

/// The name of one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaKey(String);

/// The name under which all objects of one upload or recording stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaPrefix(String);

impl MediaKey {
    /// A piece of an upload that begins at `offset_bytes`. Two clients may send the same piece at once;
    /// `random` keeps their objects apart until one of them wins.
    pub fn upload_part(upload: &UploadId, offset_bytes: u64, random: u64) -> Self {
        Self(format!("{UPLOADS}/{upload}/{offset_bytes:016}-{random:016x}"))
    }

    /// The file as it was uploaded.
    pub fn recording_original(recording: &RecordingId) -> Self {
        Self(format!("{RECORDINGS}/{recording}/original"))
    }

    /// The waveform of a recording.
    pub fn recording_peaks(recording: &RecordingId) -> Self {
        Self(format!("{RECORDINGS}/{recording}/peaks"))
    }

    /// A recording with silence where numbers are said, made for one version of what was found. Each version has an
    /// object of its own: one that is written never changes.
    pub fn recording_redacted(recording: &RecordingId, version: i64) -> Self {
        Self(format!("{RECORDINGS}/{recording}/redacted-{}", version.max(0)))
    }

    /// Reads back what [`as_str`](Self::as_str) gave, e.g. from the database. Anything else is refused.
    pub fn from_stored(text: &str) -> Result<Self, MediaError> {
        let valid = match text.split('/').collect::<Vec<_>>()[..] {
            [UPLOADS, id, part] => id.parse::<UploadId>().is_ok() && is_part(part),
            [RECORDINGS, id, name] => id.parse::<RecordingId>().is_ok() && is_of_recording(name),
            _ => false,
        };
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid(text))
        }
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl MediaPrefix {
    /// All pieces of an upload.
    pub fn upload(upload: &UploadId) -> Self {
        Self(format!("{UPLOADS}/{upload}"))
    }

    /// Everything stored about a recording.
    pub fn recording(recording: &RecordingId) -> Self {
        Self(format!("{RECORDINGS}/{recording}"))
    }

    /// Reads back what [`as_str`](Self::as_str) gave, with or without a slash at the end. Anything else
    /// is refused: a prefix that is too short would delete other people's recordings.
    pub fn from_stored(text: &str) -> Result<Self, MediaError> {
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let valid = match trimmed.split('/').collect::<Vec<_>>()[..] {
            [UPLOADS, id] => id.parse::<UploadId>().is_ok(),
            [RECORDINGS, id] => id.parse::<RecordingId>().is_ok(),
            _ => false,
        };
        if valid {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(invalid(text))
        }
    }

    /// The text form, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MediaPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a recording has.
fn is_of_recording(name: &str) -> bool {
    let is_version = |text: &str| (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    matches!(name, "original" | "peaks") || name.strip_prefix("redacted-").is_some_and(is_version)
}

/// 16 digits, a dash, and up to 64 letters or digits.
fn is_part(name: &str) -> bool {
    name.split_once('-').is_some_and(|(offset, random)| {
        offset.len() == 16
            && offset.bytes().all(|b| b.is_ascii_digit())
            && (1..=64).contains(&random.len())
            && random.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

fn invalid(text: &str) -> MediaError {
    MediaError::InvalidKey {
        text: text.chars().take(128).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_their_text() {
        let (upload, recording) = (UploadId::new(1), RecordingId::new(1));
        for key in [
            MediaKey::upload_part(&upload, 0, 7),
            MediaKey::upload_part(&upload, 1 << 40, u64::MAX),
            MediaKey::recording_original(&recording),
            MediaKey::recording_peaks(&recording),
            MediaKey::recording_redacted(&recording, 12),
        ] {
            assert_eq!(MediaKey::from_stored(key.as_str()).unwrap(), key);
        }
        let prefix = MediaPrefix::recording(&recording);
        assert_eq!(MediaPrefix::from_stored(prefix.as_str()).unwrap(), prefix);
        assert_eq!(MediaPrefix::from_stored(&format!("{prefix}/")).unwrap(), prefix);
    }

    #[test]
    fn parts_sort_by_their_offset() {
        let upload = UploadId::new(1);
        assert!(MediaKey::upload_part(&upload, 9, u64::MAX) < MediaKey::upload_part(&upload, 10, 0));
    }

    #[test]
    fn text_from_elsewhere_is_refused() {
        let recording = RecordingId::new(1);
        for text in [
            "",
            "/",
            "..",
            "recordings",
            "recordings/",
            "recordings/../x",
            "/etc/passwd",
            &format!("recordings/{recording}/../original"),
            &format!("recordings/{recording}/original/x"),
            &format!("recordings/{recording}/original#1"),
            &format!("recordings/{recording}/redacted-"),
            &format!("recordings/{recording}/redacted-1x"),
            &format!("uploads/{recording}/0000000000000000-1"),
            "uploads/upload_01H/0000000000000000-1",
        ] {
            assert!(MediaKey::from_stored(text).is_err(), "{text}");
            assert!(MediaPrefix::from_stored(text).is_err(), "{text}");
        }
    }
}
