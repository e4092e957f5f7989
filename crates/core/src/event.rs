//! What happens to a call, as people who have it open see it.

use serde::{Deserialize, Serialize};

use crate::{TimeMs, id::CallId, user::names};

/// Kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The call's state changed; data has `state` and `problem`.
    State,
    /// The work went on; data is a progress.
    Progress,
    /// A segment came; data is the segment.
    Segment,
    /// The call's details or speakers changed; data is empty, read the call again.
    Call,
}
names!(
    EventKind,
    "event kind",
    State = "state",
    Progress = "progress",
    Segment = "segment",
    Call = "call",
);

/// An event, numbered without gaps within its call.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Of which call.
    pub call_id: CallId,
    /// Its number within the call, from 1: what `Last-Event-ID` carries.
    pub seq: i64,
    /// Its kind.
    pub kind: EventKind,
    /// What to show, as JSON.
    pub data: serde_json::Value,
    /// When.
    pub created_at: TimeMs,
}
