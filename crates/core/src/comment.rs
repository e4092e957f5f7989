//! Comments: notes on a call, answers to them, and templates for them.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    anchor::Anchor,
    id::{CallId, CommentId, TemplateId, UserId},
    user::names,
};

/// What a comment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommentKind {
    /// This went well.
    Praise,
    /// This could go better.
    Improve,
    /// What was behind this?
    Question,
    /// Anything else.
    Note,
}
names!(
    CommentKind,
    "comment kind",
    Praise = "praise",
    Improve = "improve",
    Question = "question",
    Note = "note"
);

/// Who sees a comment and its answers, among those who see the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// All of them.
    Call,
    /// Its author and the people it mentions.
    Mentioned,
    /// Its author alone.
    Author,
}
names!(
    Audience,
    "audience",
    Call = "call",
    Mentioned = "mentioned",
    Author = "author"
);

/// What somebody says in a comment. Situation, behaviour and impact are three questions that make feedback
/// easier to act on (the SBI model of the Center for Creative Leadership); each may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentText {
    /// What it is for.
    pub kind: CommentKind,
    /// The words, as Markdown; may be empty when one of the parts below is there.
    pub body: String,
    /// When and where it happened.
    pub situation: Option<String>,
    /// What was said or done.
    pub behaviour: Option<String>,
    /// What came of it.
    pub impact: Option<String>,
}

/// The reactions that there are: few, so that they say something.
pub const REACTIONS: &[&str] = &["👍", "👏", "🎉", "💡", "🙏", "😄", "🤔", "👀"];

/// A reaction of one word, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Which, e.g. `👍`.
    pub reaction: String,
    /// Who, in the order in which they came.
    pub user_ids: Vec<UserId>,
}

/// A note on a call, or an answer to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Which.
    pub id: CommentId,
    /// On which call.
    pub call_id: CallId,
    /// The comment that it answers.
    pub parent_id: Option<CommentId>,
    /// Whose.
    pub author_id: UserId,
    /// Where; `None` for the call as a whole, and for answers.
    pub anchor: Option<Anchor>,
    /// What it says; empty once it is deleted.
    pub text: CommentText,
    /// Who sees it; that of its parent for answers.
    pub audience: Audience,
    /// Who is mentioned in it; for answers, only those whom the answer itself mentions.
    pub mentions: Vec<UserId>,
    /// Reactions, in the order in which they first came.
    pub reactions: Vec<Reaction>,
    /// Who settled it, and when.
    pub resolved: Option<(UserId, TimeMs)>,
    /// Grows with every edit.
    pub version: i64,
    /// When its text was last edited.
    pub edited_at: Option<TimeMs>,
    /// When it was deleted. It keeps its place for the sake of its answers.
    pub deleted_at: Option<TimeMs>,
    /// When it was written.
    pub created_at: TimeMs,
}

/// A comment with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The comment.
    pub comment: Comment,
    /// Its answers, the oldest first.
    pub replies: Vec<Comment>,
}

/// What a comment said before it was edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentVersion {
    /// Its number, from 1.
    pub version: i64,
    /// What it said.
    pub text: CommentText,
    /// When that was written.
    pub created_at: TimeMs,
}

/// A comment that somebody writes often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentTemplate {
    /// Which.
    pub id: TemplateId,
    /// Whose.
    pub owner_id: UserId,
    /// Whether everybody may use it.
    pub shared: bool,
    /// As shown in the list of templates.
    pub title: String,
    /// What comments made of it say.
    pub text: CommentText,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub created_at: TimeMs,
}
