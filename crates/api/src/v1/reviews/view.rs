//! How reviews look from outside.

use gametape_core::{
    anchor::{Anchor, AnchorStatus},
    call::Call,
    policy::{self, Viewer},
    review::{Evidence, Rating, Review, ReviewResponse, ReviewState, ReviewStep, Score},
    rubric::{missing, result},
};
use gametape_store::{ReviewDetail, ReviewLine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::result_view::{MissingView, ResultView, value_of};
use crate::v1::rubrics::view::VersionView;

/// Where a review stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewState)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReviewStateName {
    /// Being filled in; its author alone sees it.
    Draft,
    /// Handed to the reviewee, who sees it beside its author.
    Submitted,
    /// Shown to everybody who sees the call.
    Released,
    /// Taken back by its author, who alone still sees it.
    Withdrawn,
}

impl From<ReviewState> for ReviewStateName {
    fn from(state: ReviewState) -> Self {
        match state {
            ReviewState::Draft => Self::Draft,
            ReviewState::Submitted => Self::Submitted,
            ReviewState::Released => Self::Released,
            ReviewState::Withdrawn => Self::Withdrawn,
        }
    }
}

/// What the reviewee says to a review.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewResponse)]
#[serde(rename_all = "snake_case")]
pub(super) enum ResponseName {
    /// I have read it.
    Acknowledge,
    /// It helped me.
    Thank,
    /// I'd like to know more; wants a note.
    Ask,
    /// I see it differently; wants a note with the reason.
    Disagree,
}

impl From<ReviewResponse> for ResponseName {
    fn from(response: ReviewResponse) -> Self {
        match response {
            ReviewResponse::Acknowledge => Self::Acknowledge,
            ReviewResponse::Thank => Self::Thank,
            ReviewResponse::Ask => Self::Ask,
            ReviewResponse::Disagree => Self::Disagree,
        }
    }
}

impl From<ResponseName> for ReviewResponse {
    fn from(name: ResponseName) -> Self {
        match name {
            ResponseName::Acknowledge => Self::Acknowledge,
            ResponseName::Thank => Self::Thank,
            ResponseName::Ask => Self::Ask,
            ResponseName::Disagree => Self::Disagree,
        }
    }
}

/// One person's scorecard for one call, as in lists.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub(super) struct ReviewView {
    /// Which.
    #[schema(example = "review_01JZ8Q4W9V7N3T5K2M6R8X0B1C")]
    id: String,
    /// Of which call.
    call_id: String,
    /// Title of the call.
    call_title: String,
    /// The reviewee: whose call it is.
    call_owner_id: String,
    /// Whose review it is.
    reviewer_id: String,
    /// The rubric that it is made with,
    rubric_id: String,
    /// in this published version, for good,
    rubric_version: i64,
    /// which has this title.
    rubric_title: String,
    /// Where it stands.
    state: ReviewStateName,
    /// What the reviewer says about the call as a whole.
    summary: String,
    /// The result in thousandths, once submitted; null where nothing was scored.
    result_permille: Option<i64>,
    /// What the reviewee says to it.
    response: Option<ResponseView>,
    /// When it was last submitted, in milliseconds since 1970.
    submitted_at: Option<i64>,
    /// When it was released, in milliseconds since 1970.
    released_at: Option<i64>,
    /// When it was taken back, in milliseconds since 1970.
    withdrawn_at: Option<i64>,
    /// Grows with every change; what the `ETag` says.
    version: i64,
    /// When it was begun, in milliseconds since 1970.
    created_at: i64,
}

/// What a reviewee said to a review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GivenResponse)]
pub(super) struct ResponseView {
    /// What they say.
    response: ResponseName,
    /// Their note; may be empty.
    note: String,
    /// When, in milliseconds since 1970.
    at: i64,
}

/// A review with its rubric, scores and result.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewDetail)]
pub(crate) struct ReviewDetailView {
    #[serde(flatten)]
    review: ReviewView,
    /// The version of the rubric that it is made with.
    rubric: VersionView,
    /// What was scored so far, in the order of the rubric.
    scores: Vec<ScoreView>,
    /// What comes of the scores, and how; for a draft, of what is scored so far.
    result: ResultView,
    /// What submitting it still lacks; null for everybody but its author, and once it is submitted.
    missing: Option<Vec<MissingView>>,
    /// What happened to it; null for everybody but its author and the reviewee.
    history: Option<Vec<StepView>>,
}

/// One criterion's line in a review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Score)]
pub(super) struct ScoreView {
    /// Which criterion.
    criterion_id: String,
    /// The level; null for not applicable, and while there is evidence only.
    value: Option<i64>,
    /// Whether the reviewer says that it does not apply to this call.
    not_applicable: bool,
    /// Why, in the reviewer's words.
    note: String,
    /// What it rests on, in the order in which it was added.
    evidence: Vec<EvidenceView>,
    /// When it was last changed, in milliseconds since 1970.
    updated_at: i64,
}

/// A place in the call that a score rests on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evidence)]
pub(super) struct EvidenceView {
    /// Which.
    id: String,
    /// Start, in milliseconds of the recording.
    start_ms: i64,
    /// End, in milliseconds of the recording.
    end_ms: i64,
    /// The channel whose words are meant, counted from 0; null for all of them.
    channel: Option<usize>,
    /// The words that are said there.
    quote: String,
    /// A few words before the quote.
    prefix: String,
    /// A few words behind it.
    suffix: String,
    /// How well it is tied to the transcript that people read.
    status: EvidenceStatus,
}

/// How well a place is tied to the transcript that people read.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EvidenceStatus {
    /// Its words stand there as quoted.
    Exact,
    /// Its words were found, at another time or a little different.
    Moved,
    /// Its words were not found; the time is the old one, and somebody should look.
    Check,
}

/// A step in the life of a review.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewStep)]
pub(super) struct StepView {
    /// Which.
    id: String,
    /// Who took it.
    actor_id: String,
    /// `create`, `submit`, `release`, `withdraw`, `reopen`, or a response: `acknowledge`, `thank`, `ask`,
    /// `disagree`.
    action: String,
    /// Why, where they said so; for responses, the note.
    reason: Option<String>,
    /// When, in milliseconds since 1970.
    created_at: i64,
}

impl ReviewView {
    fn new(review: Review, call_title: String, call_owner_id: String, rubric_title: String) -> Self {
        Self {
            id: review.id.into(),
            call_id: review.call_id.into(),
            call_title,
            call_owner_id,
            reviewer_id: review.reviewer_id.into(),
            rubric_id: review.rubric_id.into(),
            rubric_version: review.rubric_version,
            rubric_title,
            state: review.state.into(),
            summary: review.summary,
            result_permille: review.result_permille,
            response: review.response.map(|(response, note, at)| ResponseView {
                response: response.into(),
                note,
                at,
            }),
            submitted_at: review.submitted_at,
            released_at: review.released_at,
            withdrawn_at: review.withdrawn_at,
            version: review.version,
            created_at: review.created_at,
        }
    }
}

impl From<ReviewLine> for ReviewView {
    fn from(line: ReviewLine) -> Self {
        Self::new(
            line.review,
            line.call_title,
            line.call_owner_id.into(),
            line.rubric_title,
        )
    }
}

impl ReviewDetailView {
    /// The review as `viewer` sees it, who may see it.
    pub(crate) fn new(detail: ReviewDetail, call: &Call, viewer: &Viewer) -> Self {
        let ReviewDetail {
            review,
            rubric,
            scores,
            steps,
        } = detail;
        let is_draft = review.state == ReviewState::Draft;
        let lacks = (is_draft && policy::may_change_review(viewer, &review)).then(|| {
            missing(&rubric.definition, &scores)
                .into_iter()
                .map(Into::into)
                .collect()
        });
        let history = policy::may_see_review_history(viewer, call, &review)
            .then(|| steps.into_iter().map(Into::into).collect());
        let found = result(&rubric.definition, &scores);
        let owner_id = call.owner_id.to_string();
        Self {
            review: ReviewView::new(review, call.title.clone(), owner_id, rubric.title.clone()),
            rubric: rubric.into(),
            scores: scores.into_iter().map(Into::into).collect(),
            result: found.into(),
            missing: lacks,
            history,
        }
    }
}

impl From<Score> for ScoreView {
    fn from(score: Score) -> Self {
        Self {
            criterion_id: score.criterion_id.into(),
            value: value_of(score.rating),
            not_applicable: score.rating == Some(Rating::NotApplicable),
            note: score.note,
            evidence: score.evidence.into_iter().map(Into::into).collect(),
            updated_at: score.updated_at,
        }
    }
}

impl From<Evidence> for EvidenceView {
    fn from(evidence: Evidence) -> Self {
        let Anchor {
            start_ms,
            end_ms,
            channel,
            quote,
            prefix,
            suffix,
            status,
            ..
        } = evidence.anchor;
        Self {
            id: evidence.id.into(),
            start_ms,
            end_ms,
            channel,
            quote,
            prefix,
            suffix,
            status: match status {
                AnchorStatus::Exact => EvidenceStatus::Exact,
                AnchorStatus::Moved => EvidenceStatus::Moved,
                AnchorStatus::Check => EvidenceStatus::Check,
            },
        }
    }
}

impl From<ReviewStep> for StepView {
    fn from(step: ReviewStep) -> Self {
        Self {
            id: step.id.into(),
            actor_id: step.actor_id.into(),
            action: step.action,
            reason: step.reason,
            created_at: step.created_at,
        }
    }
}
