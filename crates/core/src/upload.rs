//! A file on its way in: parts of bounded size, so that a lost client or server costs one part at most.

use crate::{
    TimeMs,
    id::{UploadId, UserId},
};

/// A file on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Which.
    pub id: UploadId,
    /// Who uploads.
    pub owner_id: UserId,
    /// Length of the whole file in bytes; `None` until the client says (tus deferred length, forms).
    pub size_bytes: Option<i64>,
    /// Bytes that are safely stored.
    pub offset_bytes: i64,
    /// State of the running SHA-256 over those bytes, as the `sha2` crate serialises it.
    pub hash_state: Vec<u8>,
    /// The name the file had on the uploader's machine.
    pub filename: String,
    /// The client's metadata, as it sent it (`Upload-Metadata`).
    pub metadata: String,
    /// When all bytes were there and a recording was made of them.
    pub completed_at: Option<TimeMs>,
    /// After this it is thrown away unless complete.
    pub expires_at: TimeMs,
    /// When it was begun.
    pub created_at: TimeMs,
}

/// One stored piece of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// Offset of its first byte in the file.
    pub offset_bytes: i64,
    /// Its length in bytes.
    pub size_bytes: i64,
    /// The object that holds it.
    pub media_key: String,
}
