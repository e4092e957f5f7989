//! How notices and requests for reviews look from outside.

use gametape_core::inbox::{Notice, NoticeKind, RequestState, ReviewRequest};
use serde::Serialize;
use utoipa::ToSchema;

/// Why the caller is told something.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = NoticeKind)]
#[serde(rename_all = "snake_case")]
pub(super) enum NoticeKindName {
    /// Somebody asked the caller for a review; `note` is what they said.
    ReviewRequested,
    /// Whom the caller asked for a review handed that back; `note` is why.
    ReviewHandedBack,
    /// The caller has begun a review and not handed it over yet. Never unread.
    ReviewDraft,
    /// A review of a call of the caller's was handed to them.
    ReviewReceived,
    /// The reviewee answered the caller's review; `note` is what they wrote beside.
    ReviewAnswered,
    /// A comment or an answer mentions the caller.
    Mention,
    /// An answer to a comment that the caller wrote or answered, too.
    Reply,
    /// A comment on a call of the caller's.
    Comment,
    /// A call of the caller's can be read.
    CallReady,
    /// A call of the caller's could not be transcribed.
    CallFailed,
    /// A call of the caller's, or its recording, is deleted soon, by a rule: `GET /calls/{id}/retention` says when.
    CallLeaving,
}

impl From<NoticeKind> for NoticeKindName {
    fn from(kind: NoticeKind) -> Self {
        match kind {
            NoticeKind::ReviewRequested => Self::ReviewRequested,
            NoticeKind::ReviewHandedBack => Self::ReviewHandedBack,
            NoticeKind::ReviewDraft => Self::ReviewDraft,
            NoticeKind::ReviewReceived => Self::ReviewReceived,
            NoticeKind::ReviewAnswered => Self::ReviewAnswered,
            NoticeKind::Mention => Self::Mention,
            NoticeKind::Reply => Self::Reply,
            NoticeKind::Comment => Self::Comment,
            NoticeKind::CallReady => Self::CallReady,
            NoticeKind::CallFailed => Self::CallFailed,
            NoticeKind::CallLeaving => Self::CallLeaving,
        }
    }
}

/// The call that a notice is about.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NoticeCall {
    /// Which.
    id: String,
    /// What it is called.
    title: String,
}

/// Something that the caller is told, as things stand now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notice)]
pub(super) struct NoticeView {
    /// Which.
    id: String,
    /// Why.
    kind: NoticeKindName,
    /// When it happened, in milliseconds since 1970.
    at: i64,
    /// When the caller read it, in milliseconds since 1970.
    read_at: Option<i64>,
    /// Whether it still asks something of the caller: a review to do or to finish, one to answer, a question or
    /// a mention that is neither settled nor answered.
    waiting: bool,
    /// By when, in milliseconds since 1970, where somebody said so.
    due_at: Option<i64>,
    /// Whose doing it is; null for the program's.
    actor_id: Option<String>,
    /// The call it is about.
    call: NoticeCall,
    /// The comment or the answer it is about.
    comment_id: Option<String>,
    /// The review it is about.
    review_id: Option<String>,
    /// The request for a review it is about.
    request_id: Option<String>,
    /// Where the comment, or what it answers, begins in the recording, in milliseconds.
    start_ms: Option<i64>,
    /// The beginning of what the comment says, in one line of up to 200 characters.
    excerpt: Option<String>,
    /// What was said beside it, as `kind` has it.
    note: Option<String>,
}

impl From<Notice> for NoticeView {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id.into(),
            kind: notice.kind.into(),
            at: notice.created_at,
            read_at: notice.read_at,
            waiting: notice.waiting,
            due_at: notice.due_at,
            actor_id: notice.actor_id.map(Into::into),
            call: NoticeCall {
                id: notice.call_id.into(),
                title: notice.call_title,
            },
            comment_id: notice.comment_id.map(Into::into),
            review_id: notice.review_id.map(Into::into),
            request_id: notice.request_id.map(Into::into),
            start_ms: notice.start_ms,
            excerpt: notice.excerpt,
            note: notice.note,
        }
    }
}

/// Where a request for a review stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = RequestState)]
#[serde(rename_all = "snake_case")]
pub(super) enum RequestStateName {
    /// To be done.
    Open,
    /// The person asked handed over a review of the call.
    Done,
    /// The person asked said no.
    HandedBack,
}

/// A person asked for a review of a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewRequest)]
pub(super) struct RequestView {
    /// Which.
    id: String,
    /// Of which call.
    call_id: String,
    /// Who asks.
    asker_id: String,
    /// Whom.
    user_id: String,
    /// What to look at, in the asker's words.
    note: Option<String>,
    /// By when, in milliseconds since 1970.
    due_at: Option<i64>,
    /// Where it stands.
    state: RequestStateName,
    /// Why it was handed back.
    reason: Option<String>,
    /// When it was done or handed back, in milliseconds since 1970.
    ended_at: Option<i64>,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
}

impl From<ReviewRequest> for RequestView {
    fn from(request: ReviewRequest) -> Self {
        Self {
            id: request.id.into(),
            call_id: request.call_id.into(),
            asker_id: request.asker_id.into(),
            user_id: request.asked_id.into(),
            note: request.note,
            due_at: request.due_at,
            state: match request.state {
                RequestState::Open => RequestStateName::Open,
                RequestState::Done => RequestStateName::Done,
                RequestState::HandedBack => RequestStateName::HandedBack,
            },
            reason: request.reason,
            ended_at: request.ended_at,
            created_at: request.created_at,
        }
    }
}
