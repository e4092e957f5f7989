//! Moments as the API shows them.

use gametape_core::{
    call::DealOutcome,
    comment::CommentKind,
    id::CallId,
    moment::{ItemKind, Moment, MomentCall, MomentScore, MomentTurn, ShownItem, seek_path},
    rubric::Scale,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::v1::{
    calls::view::SpeakerView,
    names::{CommentKindName, DealOutcomeName, ScaleName},
};

/// The call of a moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MomentCall)]
pub(crate) struct MomentCallView {
    /// Which.
    id: String,
    /// As shown in lists.
    title: String,
    /// The rep whose call it is.
    owner_id: String,
    /// When the conversation took place, in milliseconds since 1970.
    occurred_at: Option<i64>,
    /// Labels.
    tags: Vec<String>,
    /// Where the deal stands.
    deal_stage: Option<String>,
    /// How it ended.
    #[schema(value_type = Option<DealOutcomeName>)]
    deal_outcome: Option<&'static str>,
}

/// How many comments of each kind there are.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = CommentCounts)]
pub(crate) struct CommentCountsView {
    /// This went well.
    praise: i64,
    /// This could go better.
    improve: i64,
    /// What was behind this?
    question: i64,
    /// Anything else.
    note: i64,
    /// Answers to all of them.
    replies: i64,
}

/// What one speaker says in a moment until another one does.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MomentTurn)]
pub(crate) struct MomentTurnView {
    /// Who.
    speaker: SpeakerView,
    /// What.
    text: String,
}

/// A score that rests on a moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MomentScore)]
pub(crate) struct MomentScoreView {
    /// Of which review.
    review_id: String,
    /// Whose.
    reviewer_id: String,
    /// Which criterion.
    criterion_id: String,
    /// Its title in the version of the rubric that the review was made with.
    criterion_title: String,
    /// The level; null for not applicable.
    value: Option<i64>,
    /// The levels it is out of.
    #[schema(value_type = Option<ScaleName>)]
    scale: Option<&'static str>,
}

/// A stretch of a call that carries comments or scores.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Moment)]
pub(crate) struct MomentView {
    /// Which. It lasts while something of the moment is left.
    id: String,
    /// Of which call.
    call: MomentCallView,
    /// Start, in milliseconds of the recording.
    start_ms: i64,
    /// End, in milliseconds of the recording.
    end_ms: i64,
    /// Path of the call's page at this stretch.
    #[schema(example = "/calls/call_01JZ8Q4W9V7N3T5K2M6R8X0B1C?t=61.500,72.000")]
    url: String,
    /// What is said there, shortened.
    excerpt: String,
    /// The same by speaker, in order; empty where it is not known who speaks.
    turns: Vec<MomentTurnView>,
    /// Ids of those who wrote its comments and scores.
    people: Vec<String>,
    /// Its comments.
    comments: CommentCountsView,
    /// Its scores.
    scores: Vec<MomentScoreView>,
    /// The lowest score as a share of its scale, in thousandths; null without scores.
    lowest_permille: Option<i64>,
    /// The highest score as a share of its scale, in thousandths; null without scores.
    highest_permille: Option<i64>,
    /// Whether reviewers differ by two levels or more on one criterion.
    disputed: bool,
    /// Comments, answers and scores together.
    discussion_count: i64,
    /// When something was last said or shown there, in milliseconds since 1970.
    newest_at: i64,
}

/// A comment or a place that a score rests on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MomentItem)]
pub(crate) struct MomentItemView {
    /// Id of the comment or of the evidence.
    id: String,
    /// Who wrote it.
    author_id: String,
    /// Start, in milliseconds of the recording.
    start_ms: i64,
    /// End, in milliseconds of the recording.
    end_ms: i64,
    /// Path of the call's page at this stretch.
    url: String,
    /// The comment, or the note to the score, shortened.
    text: String,
    /// The comment's kind; null for evidence.
    #[schema(value_type = Option<CommentKindName>)]
    comment_kind: Option<&'static str>,
    /// How many answers the comment has.
    reply_count: i64,
    /// The score; null for comments.
    score: Option<MomentScoreView>,
}

/// A moment with what it is made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MomentDetail {
    #[serde(flatten)]
    pub(super) moment: MomentView,
    /// Its comments and evidence, in order of their starts.
    pub(super) items: Vec<MomentItemView>,
}

impl From<MomentCall> for MomentCallView {
    fn from(call: MomentCall) -> Self {
        Self {
            id: call.id.into(),
            title: call.title,
            owner_id: call.owner_id.into(),
            occurred_at: call.occurred_at,
            tags: call.tags,
            deal_stage: call.deal_stage,
            deal_outcome: call.deal_outcome.map(DealOutcome::as_str),
        }
    }
}

impl From<MomentTurn> for MomentTurnView {
    fn from(turn: MomentTurn) -> Self {
        Self {
            speaker: turn.speaker.into(),
            text: turn.text,
        }
    }
}

impl From<MomentScore> for MomentScoreView {
    fn from(score: MomentScore) -> Self {
        Self {
            review_id: score.review_id.into(),
            reviewer_id: score.reviewer_id.into(),
            criterion_id: score.criterion_id.into(),
            criterion_title: score.criterion_title,
            value: score.value,
            scale: score.scale.map(Scale::as_str),
        }
    }
}

impl From<Moment> for MomentView {
    fn from(moment: Moment) -> Self {
        let mut comments = CommentCountsView {
            replies: moment.reply_count,
            ..CommentCountsView::default()
        };
        for (kind, count) in moment.comments {
            match kind {
                CommentKind::Praise => comments.praise = count,
                CommentKind::Improve => comments.improve = count,
                CommentKind::Question => comments.question = count,
                CommentKind::Note => comments.note = count,
            }
        }
        Self {
            id: moment.id.into(),
            url: seek_path(&moment.call.id, moment.start_ms, moment.end_ms),
            call: moment.call.into(),
            start_ms: moment.start_ms,
            end_ms: moment.end_ms,
            excerpt: moment.excerpt,
            turns: moment.turns.into_iter().map(Into::into).collect(),
            people: moment.people.into_iter().map(Into::into).collect(),
            comments,
            scores: moment.scores.into_iter().map(Into::into).collect(),
            lowest_permille: moment.permilles.map(|(lowest, _)| lowest),
            highest_permille: moment.permilles.map(|(_, highest)| highest),
            disputed: moment.disputed,
            discussion_count: moment.discussion_count,
            newest_at: moment.newest_at,
        }
    }
}

pub(super) fn item(call_id: &CallId, shown: ShownItem) -> MomentItemView {
    let item = shown.item;
    let author_id: String = item.author_id.into();
    let (comment_kind, reply_count, score) = match item.kind {
        ItemKind::Comment { kind, replies } => (Some(kind.as_str()), replies, None),
        ItemKind::Evidence {
            review_id,
            criterion_id,
            value,
            scale,
        } => {
            let score = MomentScoreView {
                review_id: review_id.into(),
                reviewer_id: author_id.clone(),
                criterion_id: criterion_id.into(),
                criterion_title: shown.criterion_title,
                value,
                scale: scale.map(Scale::as_str),
            };
            (None, 0, Some(score))
        }
    };
    MomentItemView {
        id: item.id,
        author_id,
        start_ms: item.start_ms,
        end_ms: item.end_ms,
        url: seek_path(call_id, item.start_ms, item.end_ms),
        text: shown.text,
        comment_kind,
        reply_count,
        score,
    }
}
