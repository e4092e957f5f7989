//! Moments: what coaches browse.

use axum::extract::State;
use gametape_core::{
    call::DealOutcome,
    comment::CommentKind,
    id::{CallId, CriterionId, MomentId, TeamId, UserId},
    moment::{ItemKind, Moment, MomentCall, MomentScore, MomentSort, ShownItem, seek_path},
    policy,
    rubric::Scale,
    search::Query as Words,
};
use gametape_store::MomentFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::names::{CommentKindName, DealOutcomeName, MomentSortName, ScaleName};
use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query},
    problem::{Problem, Result},
    validate,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// Which moments to list, and how. What is given must all hold.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// `newest` unless given. `highest` and `lowest` list moments with scores only, and where a criterion or a
    /// range of scores is given, they go by these scores.
    #[param(value_type = Option<MomentSortName>)]
    sort: Option<MomentSort>,
    /// Of this call.
    #[param(value_type = Option<String>)]
    call: Option<CallId>,
    /// Of this rep's calls.
    #[param(value_type = Option<String>)]
    rep: Option<UserId>,
    /// Of this team's calls.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    /// Of calls with this tag, without regard to case.
    tag: Option<String>,
    /// Of calls whose deal stands there.
    deal_stage: Option<String>,
    /// Of calls whose deal ended like this.
    #[param(value_type = Option<DealOutcomeName>)]
    deal_outcome: Option<DealOutcome>,
    /// Of calls with this deal, by its id in another system.
    deal_id: Option<String>,
    /// With a score of this criterion.
    #[param(value_type = Option<String>)]
    criterion: Option<CriterionId>,
    /// With a score of at least this: a level where a criterion is given, else thousandths of the scale.
    min_score: Option<i64>,
    /// With a score of at most this, in the same measure; both are about the same score.
    max_score: Option<i64>,
    /// With a comment of this kind.
    #[param(value_type = Option<CommentKindName>)]
    kind: Option<CommentKind>,
    /// With a comment or a score of this person; where a kind, a criterion or a score is given too, the very
    /// comment or score is theirs.
    #[param(value_type = Option<String>)]
    author: Option<UserId>,
    /// Where these words stand in the excerpt, in the language of the search.
    q: Option<String>,
    /// Where reviewers differ by two levels or more on one criterion.
    disputed: Option<bool>,
    /// Where something was last said or shown at this time or later, in milliseconds since 1970.
    from: Option<i64>,
    /// Where something was last said or shown before this time.
    until: Option<i64>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

impl Filter {
    fn checked(self) -> Result<MomentFilter> {
        let line =
            |what: &str, text: Option<String>| text.map(|text| validate::line(what, &text, 200)).transpose();
        let time = |what: &str, time: Option<i64>| time.map(|time| validate::time_ms(what, time)).transpose();
        if let (Some(min), Some(max)) = (self.min_score, self.max_score)
            && min > max
        {
            return Err(Problem::invalid_value("min_score must not be above max_score"));
        }
        Ok(MomentFilter {
            call_id: self.call,
            owner_id: self.rep,
            team_id: self.team,
            tag: line("tag", self.tag)?,
            deal_stage: line("deal_stage", self.deal_stage)?,
            deal_outcome: self.deal_outcome,
            deal_external_id: line("deal_id", self.deal_id)?,
            criterion_id: self.criterion,
            min_score: self.min_score,
            max_score: self.max_score,
            comment_kind: self.kind,
            author_id: self.author,
            words: self.q.as_deref().map(words).transpose()?,
            disputed: self.disputed.unwrap_or(false),
            from: time("from", self.from)?,
            until: time("until", self.until)?,
        })
    }
}

/// A query as people write it.
pub(super) fn words(text: &str) -> Result<Words> {
    if text.chars().count() > 200 {
        return Err(Problem::invalid_value("q must have 200 characters at most"));
    }
    Words::parse(text).map_err(|error| Problem::invalid_value(format!("q: {error}")))
}

/// The call of a moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MomentCall)]
pub(super) struct MomentCallView {
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
pub(super) struct CommentCountsView {
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

/// A score that rests on a moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MomentScore)]
pub(super) struct MomentScoreView {
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
pub(super) struct MomentView {
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
pub(super) struct MomentItemView {
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
pub(super) struct MomentDetail {
    #[serde(flatten)]
    moment: MomentView,
    /// Its comments and evidence, in order of their starts.
    items: Vec<MomentItemView>,
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

fn item(call_id: &CallId, shown: ShownItem) -> MomentItemView {
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

/// Moments of the calls that the caller may see. While they review a call themselves, they see those that its
/// comments make, and no trace of other people's scores.
#[utoipa::path(
    get, path = "/moments", operation_id = "listMoments", tag = "moments", params(Filter),
    responses((status = 200, body = List<MomentView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
    Query(query): Query<Filter>,
) -> Result<Json<List<MomentView>>> {
    let page = PageQuery {
        limit: query.limit,
        after: query.after.clone(),
    };
    let (page, sort) = (page.request()?, query.sort.unwrap_or_default());
    let filter = query.checked()?;
    let visible = policy::visible_calls(&current.viewer);
    let viewer = &current.viewer.user_id;
    let moments = state
        .store
        .moment_list(&visible, viewer, &filter, sort, &page)
        .await?;
    Ok(Json(List::from_page(moments)))
}

/// A moment with what it is made of.
#[utoipa::path(
    get, path = "/moments/{id}", operation_id = "getMoment", tag = "moments",
    params(("id" = String, Path, description = "Id of the moment")),
    responses((status = 200, body = MomentDetail))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<MomentId>,
) -> Result<Json<MomentDetail>> {
    let visible = policy::visible_calls(&current.viewer);
    let found = state
        .store
        .moment_get(&visible, &current.viewer.user_id, &id)
        .await?;
    let (moment, items) = found.ok_or_else(|| Problem::not_found("moment"))?;
    // Notes the look of an administrator, as everywhere.
    let call_id = visible_call(&state, &current, &moment.call.id).await?.id;
    Ok(Json(MomentDetail {
        moment: moment.into(),
        items: items.into_iter().map(|shown| item(&call_id, shown)).collect(),
    }))
}
