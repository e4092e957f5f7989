//! Reviews: one person's scorecard for one call.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    anchor::Anchor,
    id::{CallId, CriterionId, EvidenceId, ReviewId, ReviewStepId, RubricId, UserId},
    user::names,
};

/// Where a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Being filled in; its author alone sees it.
    Draft,
    /// Handed to the reviewee, who sees it beside its author.
    Submitted,
    /// Shown to everybody who sees the call.
    Released,
    /// Taken back by its author, who alone still sees it.
    Withdrawn,
}
names!(
    ReviewState,
    "review state",
    Draft = "draft",
    Submitted = "submitted",
    Released = "released",
    Withdrawn = "withdrawn"
);

/// What the reviewee says to a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewResponse {
    /// I have read it.
    Acknowledge,
    /// It helped me.
    Thank,
    /// I'd like to know more; wants a note.
    Ask,
    /// I see it differently; wants a note with the reason.
    Disagree,
}
names!(
    ReviewResponse,
    "review response",
    Acknowledge = "acknowledge",
    Thank = "thank",
    Ask = "ask",
    Disagree = "disagree"
);

impl ReviewResponse {
    /// Whether it says nothing without a note.
    pub fn wants_note(self) -> bool {
        matches!(self, Self::Ask | Self::Disagree)
    }
}

/// One person's scorecard for one call. The reviewee is the call's owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// Which.
    pub id: ReviewId,
    /// Of which call.
    pub call_id: CallId,
    /// Whose.
    pub reviewer_id: UserId,
    /// Made with this rubric,
    pub rubric_id: RubricId,
    /// in this published version, for good.
    pub rubric_version: i64,
    /// Where it stands.
    pub state: ReviewState,
    /// What the reviewer says about the call as a whole.
    pub summary: String,
    /// The result in thousandths, once submitted; `None` where nothing was scored.
    pub result_permille: Option<i64>,
    /// What the reviewee says to it: the response, a note, and when.
    pub response: Option<(ReviewResponse, String, TimeMs)>,
    /// When it was last submitted.
    pub submitted_at: Option<TimeMs>,
    /// When it was released.
    pub released_at: Option<TimeMs>,
    /// When it was taken back.
    pub withdrawn_at: Option<TimeMs>,
    /// Grows with every change.
    pub version: i64,
    /// When it was begun.
    pub created_at: TimeMs,
}

/// What a reviewer says about a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rating {
    /// This level of its scale.
    Value(i64),
    /// It could not come up in this call.
    NotApplicable,
}

/// One criterion's line in a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Score {
    /// Which criterion.
    pub criterion_id: CriterionId,
    /// What the reviewer says; `None` while there is evidence only.
    pub rating: Option<Rating>,
    /// Why, in the reviewer's words.
    pub note: String,
    /// What it rests on, in the order in which it was added.
    pub evidence: Vec<Evidence>,
    /// When it was last changed.
    pub updated_at: TimeMs,
}

/// A place that a score rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Which.
    pub id: EvidenceId,
    /// Where.
    pub anchor: Anchor,
}

/// A step in the life of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewStep {
    /// Which.
    pub id: ReviewStepId,
    /// Who took it.
    pub actor_id: UserId,
    /// What they did: `create`, `submit`, `release`, `withdraw`, `reopen`, or a response: `acknowledge`,
    /// `thank`, `ask`, `disagree`.
    pub action: String,
    /// Why, where they said so; for responses, the note.
    pub reason: Option<String>,
    /// When.
    pub created_at: TimeMs,
}
