//! How comments look from outside.

use std::collections::HashMap;

use gametape_core::{
    anchor::{Anchor, AnchorStatus},
    comment::{Audience, Comment, CommentKind, CommentVersion, Thread},
    id::UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a comment is for.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = CommentKind)]
#[serde(rename_all = "snake_case")]
pub(super) enum KindName {
    /// This went well.
    Praise,
    /// This could go better.
    Improve,
    /// What was behind this?
    Question,
    /// Anything else.
    #[default]
    Note,
}

impl From<CommentKind> for KindName {
    fn from(kind: CommentKind) -> Self {
        match kind {
            CommentKind::Praise => Self::Praise,
            CommentKind::Improve => Self::Improve,
            CommentKind::Question => Self::Question,
            CommentKind::Note => Self::Note,
        }
    }
}

impl From<KindName> for CommentKind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Praise => Self::Praise,
            KindName::Improve => Self::Improve,
            KindName::Question => Self::Question,
            KindName::Note => Self::Note,
        }
    }
}

/// Who sees a comment and its answers, among those who see the call.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[schema(as = Audience)]
#[serde(rename_all = "snake_case")]
pub(super) enum AudienceName {
    /// All of them.
    #[default]
    Call,
    /// Its author and the people it mentions.
    Mentioned,
    /// Its author alone.
    Author,
}

impl From<Audience> for AudienceName {
    fn from(audience: Audience) -> Self {
        match audience {
            Audience::Call => Self::Call,
            Audience::Mentioned => Self::Mentioned,
            Audience::Author => Self::Author,
        }
    }
}

impl From<AudienceName> for Audience {
    fn from(name: AudienceName) -> Self {
        match name {
            AudienceName::Call => Self::Call,
            AudienceName::Mentioned => Self::Mentioned,
            AudienceName::Author => Self::Author,
        }
    }
}

/// How well a place is tied to the transcript that people read.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = AnchorStatus)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnchorStatusName {
    /// Its words stand there as quoted.
    Exact,
    /// Its words were found, at another time or a little different.
    Moved,
    /// Its words were not found in the newest transcript; the time is the old one, and somebody should look.
    Check,
}

impl From<AnchorStatus> for AnchorStatusName {
    fn from(status: AnchorStatus) -> Self {
        match status {
            AnchorStatus::Exact => Self::Exact,
            AnchorStatus::Moved => Self::Moved,
            AnchorStatus::Check => Self::Check,
        }
    }
}

/// A place in a call, and the words that are said there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Anchor)]
pub(super) struct AnchorView {
    /// Start, in milliseconds of the recording.
    start_ms: i64,
    /// End, in milliseconds of the recording.
    end_ms: i64,
    /// The channel whose words are meant, counted from 0; null for all of them.
    channel: Option<usize>,
    /// The words that are said there; empty where nobody speaks.
    quote: String,
    /// A few words before.
    prefix: String,
    /// A few words behind.
    suffix: String,
    /// How well it is tied to the transcript.
    status: AnchorStatusName,
}

impl From<Anchor> for AnchorView {
    fn from(anchor: Anchor) -> Self {
        Self {
            start_ms: anchor.start_ms,
            end_ms: anchor.end_ms,
            channel: anchor.channel,
            quote: anchor.quote,
            prefix: anchor.prefix,
            suffix: anchor.suffix,
            status: anchor.status.into(),
        }
    }
}

/// A reaction, and who gave it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reaction)]
pub(super) struct ReactionView {
    /// Which.
    #[schema(example = "👍")]
    reaction: String,
    /// Who, in the order in which they came.
    user_ids: Vec<String>,
}

/// A note on a call, or an answer to one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
pub(crate) struct CommentView {
    /// Which.
    id: String,
    /// On which call.
    call_id: String,
    /// The comment that it answers; null for a comment of its own.
    parent_id: Option<String>,
    /// Whose.
    author_id: String,
    /// What its author is called; null for somebody who asked to be forgotten.
    author_name: Option<String>,
    /// What it is for.
    kind: KindName,
    /// The words, as Markdown; empty once it is deleted.
    body: String,
    /// When and where it happened.
    situation: Option<String>,
    /// What was said or done.
    behaviour: Option<String>,
    /// What came of it.
    impact: Option<String>,
    /// Who sees it; as its parent for answers.
    audience: AudienceName,
    /// Ids of the people it mentions.
    mentions: Vec<String>,
    /// Where; null for the call as a whole, and for answers.
    anchor: Option<AnchorView>,
    /// Reactions, in the order in which they first came.
    reactions: Vec<ReactionView>,
    /// When it was settled, in milliseconds since 1970.
    resolved_at: Option<i64>,
    /// Who settled it.
    resolved_by: Option<String>,
    /// Grows with every edit; in quotes it is the `ETag`.
    version: i64,
    /// When its text was last edited, in milliseconds since 1970.
    edited_at: Option<i64>,
    /// When it was deleted, in milliseconds since 1970: then it is here only for its answers' sake.
    deleted_at: Option<i64>,
    /// When it was written, in milliseconds since 1970.
    created_at: i64,
}

impl CommentView {
    pub(crate) fn new(comment: Comment, names: &HashMap<UserId, String>) -> Self {
        let (resolved_by, resolved_at) = comment.resolved.unzip();
        let reactions = comment.reactions.into_iter().map(|it| ReactionView {
            reaction: it.reaction,
            user_ids: it.user_ids.into_iter().map(Into::into).collect(),
        });
        Self {
            id: comment.id.into(),
            call_id: comment.call_id.into(),
            parent_id: comment.parent_id.map(Into::into),
            author_name: names.get(&comment.author_id).cloned(),
            author_id: comment.author_id.into(),
            kind: comment.text.kind.into(),
            body: comment.text.body,
            situation: comment.text.situation,
            behaviour: comment.text.behaviour,
            impact: comment.text.impact,
            audience: comment.audience.into(),
            mentions: comment.mentions.into_iter().map(Into::into).collect(),
            anchor: comment.anchor.map(Into::into),
            reactions: reactions.collect(),
            resolved_at,
            resolved_by: resolved_by.map(Into::into),
            version: comment.version,
            edited_at: comment.edited_at,
            deleted_at: comment.deleted_at,
            created_at: comment.created_at,
        }
    }
}

/// A comment with its answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommentThread)]
pub(crate) struct ThreadView {
    #[serde(flatten)]
    comment: CommentView,
    /// Its answers, the oldest first.
    replies: Vec<CommentView>,
}

impl ThreadView {
    pub(super) fn new(thread: Thread, names: &HashMap<UserId, String>) -> Self {
        let replies = thread.replies.into_iter();
        Self {
            comment: CommentView::new(thread.comment, names),
            replies: replies.map(|reply| CommentView::new(reply, names)).collect(),
        }
    }
}

/// What a comment said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CommentVersion)]
pub(super) struct CommentVersionView {
    /// Its number; the last one is what the comment says now.
    version: i64,
    /// What it was for.
    kind: KindName,
    /// The words, as Markdown.
    body: String,
    /// When and where it happened.
    situation: Option<String>,
    /// What was said or done.
    behaviour: Option<String>,
    /// What came of it.
    impact: Option<String>,
    /// When that was written, in milliseconds since 1970.
    created_at: i64,
}

impl From<CommentVersion> for CommentVersionView {
    fn from(version: CommentVersion) -> Self {
        Self {
            version: version.version,
            kind: version.text.kind.into(),
            body: version.text.body,
            situation: version.text.situation,
            behaviour: version.text.behaviour,
            impact: version.text.impact,
            created_at: version.created_at,
        }
    }
}
