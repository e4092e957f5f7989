//! Moments: what coaches browse.

mod view;

use axum::extract::State;
use gametape_core::{
    call::DealOutcome,
    comment::CommentKind,
    id::{CallId, CriterionId, MomentId, TeamId, UserId},
    moment::MomentSort,
    policy,
    search::Query as Words,
};
use gametape_store::MomentFilter;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::view::{MomentDetail, MomentView, item};
use super::names::{CommentKindName, DealOutcomeName, MomentSortName};
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
