//! Erasures: what was deleted for good, so that an older backup does not bring it back.

use serde::{Deserialize, Serialize};

use crate::{TimeMs, user::names};

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureKind {
    /// A call with all that belongs to it.
    Call,
    /// The recording of a call.
    Recording,
    /// What names a person.
    Person,
}
names!(
    ErasureKind,
    "erasure kind",
    Call = "call",
    Recording = "recording",
    Person = "person"
);

/// Something that was deleted for good. It says nothing about what that was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erasure {
    /// The call or the person; for a recording the call that it belonged to.
    pub id: String,
    /// What of it.
    pub kind: ErasureKind,
    /// When.
    pub erased_at: TimeMs,
}
