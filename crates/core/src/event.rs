//! What happens to a call, as people who have it open see it.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    id::{CallId, UserId},
    user::names,
};

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
    /// A comment or an answer was written, changed, settled, reacted to or deleted; data has its `id`, and
    /// the `parent_id` of an answer.
    Comment,
    /// A review was submitted, released, taken back, answered; data has its `id` and `state`. Or somebody was
    /// asked for one, did it, handed it back, or is not asked any more; data has the `request_id`.
    Review,
    /// A correction of the transcript was made or taken back; data is empty, read the transcript again.
    Edit,
}
names!(
    EventKind,
    "event kind",
    State = "state",
    Progress = "progress",
    Segment = "segment",
    Call = "call",
    Comment = "comment",
    Review = "review",
    Edit = "edit",
);

/// Who an event is for, among those who may see the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventAudience {
    /// All of them.
    Everyone,
    /// These.
    People(Vec<UserId>),
    /// All but those who review the call themselves just now: it tells about scores. The reviewer whose
    /// scores they are is told in any case.
    Scores {
        /// Whose scores.
        reviewer_id: UserId,
    },
}

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
    /// Who it is for.
    pub audience: EventAudience,
    /// When.
    pub created_at: TimeMs,
}
