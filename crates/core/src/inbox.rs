//! What people are told, and what they ask of each other.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    id::{CallId, CommentId, NoticeId, RequestId, ReviewId, UserId},
    user::names,
};

/// Why somebody is told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Somebody asked me for a review.
    ReviewRequested,
    /// The person whom I asked for a review handed that back.
    ReviewHandedBack,
    /// I have begun a review and not handed it over yet. Never unread: it is my own doing.
    ReviewDraft,
    /// A review of a call of mine was handed to me.
    ReviewReceived,
    /// The reviewee answered my review.
    ReviewAnswered,
    /// A comment or an answer mentions me.
    Mention,
    /// An answer to a comment that I wrote or answered, too.
    Reply,
    /// A comment on a call of mine.
    Comment,
    /// A call of mine can be read.
    CallReady,
    /// A call of mine could not be transcribed.
    CallFailed,
    /// A call of mine, or its recording, is deleted soon, by a rule.
    CallLeaving,
}
names!(
    NoticeKind,
    "notice kind",
    ReviewRequested = "review_requested",
    ReviewHandedBack = "review_handed_back",
    ReviewDraft = "review_draft",
    ReviewReceived = "review_received",
    ReviewAnswered = "review_answered",
    Mention = "mention",
    Reply = "reply",
    Comment = "comment",
    CallReady = "call_ready",
    CallFailed = "call_failed",
    CallLeaving = "call_leaving",
);

/// Something that somebody is told, as things stand now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Which.
    pub id: NoticeId,
    /// Why.
    pub kind: NoticeKind,
    /// About which call.
    pub call_id: CallId,
    /// What that is called.
    pub call_title: String,
    /// The comment or answer it is about.
    pub comment_id: Option<CommentId>,
    /// The review it is about.
    pub review_id: Option<ReviewId>,
    /// The request for a review it is about.
    pub request_id: Option<RequestId>,
    /// Whose doing it is; `None` for the program's.
    pub actor_id: Option<UserId>,
    /// Where the comment, or what it answers, begins in the recording.
    pub start_ms: Option<i64>,
    /// The beginning of what the comment says.
    pub excerpt: Option<String>,
    /// What was said beside it: with a request, when handing one back, in answer to a review.
    pub note: Option<String>,
    /// Whether it still asks something of the person.
    pub waiting: bool,
    /// By when.
    pub due_at: Option<TimeMs>,
    /// When the person read it.
    pub read_at: Option<TimeMs>,
    /// When it happened.
    pub created_at: TimeMs,
}

/// Which of the things that somebody is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// Those they have not read.
    pub unread: bool,
    /// Those that still ask something of them.
    pub waiting: bool,
}

/// What changes when somebody is told something, or reads it: cheap to ask for, to be compared with the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboxMark {
    /// How much is unread, whether or not they may see it just now.
    pub count: i64,
    /// The newest of it.
    pub newest: Option<String>,
}

/// Where a request for a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// To be done.
    Open,
    /// The person asked handed over a review.
    Done,
    /// The person asked said no.
    HandedBack,
}
names!(
    RequestState,
    "request state",
    Open = "open",
    Done = "done",
    HandedBack = "handed_back"
);

/// A person asked for a review of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRequest {
    /// Which.
    pub id: RequestId,
    /// Of which call.
    pub call_id: CallId,
    /// Who asks.
    pub asker_id: UserId,
    /// Whom.
    pub asked_id: UserId,
    /// What to look at, in the asker's words.
    pub note: Option<String>,
    /// By when.
    pub due_at: Option<TimeMs>,
    /// Where it stands.
    pub state: RequestState,
    /// Why it was handed back.
    pub reason: Option<String>,
    /// When it was done or handed back.
    pub ended_at: Option<TimeMs>,
    /// When it was made.
    pub created_at: TimeMs,
}
