//! Reading calls.

use axum::extract::State;
use gametape_core::{
    call::{CallCursor, CallSort, CallState},
    id::{CallId, TeamId, UserId},
    page::{Order, PageRequest},
    policy,
};
use gametape_store::{Bounds, CallFilter};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    consent::ConsentName,
    details::{DealOutcomeName, VisibilityName},
    view::{CallStateName, CallView},
};
use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query, wrong_cursor},
    precondition::Versioned,
    problem::Result,
    validate::wanted,
};

/// Which calls to list, and in which order. Bounds include both ends, but `until`; a call that lacks a figure
/// is in no bounds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// In this state.
    #[param(value_type = Option<CallStateName>)]
    state: Option<CallState>,
    /// Whose title contains this, without regard to case.
    q: Option<String>,
    /// Of this person.
    #[param(value_type = Option<String>)]
    owner: Option<UserId>,
    /// Of this team.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    /// Seen by these.
    visibility: Option<VisibilityName>,
    /// Whether to list only those that the caller was invited to.
    shared_with_me: Option<bool>,
    /// In which somebody took part whose name contains this, without regard to case.
    participant: Option<String>,
    /// With this label, without regard to case.
    tag: Option<String>,
    /// Whose transcript is in this language, as a two-letter code.
    language: Option<String>,
    /// Whose deal has a name that contains this, without regard to case.
    deal_name: Option<String>,
    /// Whose deal stands here.
    deal_stage: Option<String>,
    /// Whose deal ended like this.
    deal_outcome: Option<DealOutcomeName>,
    /// Whose deal has this id in another system.
    deal_external_id: Option<String>,
    /// Whose deal is worth this or more, in the smallest unit of its currency, whichever that is.
    min_deal_amount_minor: Option<i64>,
    /// Whose deal is worth this or less, in the smallest unit of its currency, whichever that is.
    max_deal_amount_minor: Option<i64>,
    /// As long as this or longer.
    min_duration_ms: Option<i64>,
    /// As long as this or shorter.
    max_duration_ms: Option<i64>,
    /// That took place at this time or later, in milliseconds since 1970.
    occurred_from: Option<i64>,
    /// That took place before this time, in milliseconds since 1970.
    occurred_until: Option<i64>,
    /// Made here at this time or later, in milliseconds since 1970.
    created_from: Option<i64>,
    /// Made here before this time, in milliseconds since 1970.
    created_until: Option<i64>,
    /// In which the rep has this share of the talking or more, in thousandths.
    min_rep_talk_permille: Option<i64>,
    /// In which the rep has this share of the talking or less, in thousandths.
    max_rep_talk_permille: Option<i64>,
    /// In which the rep's longest turn is as long as this or longer.
    min_rep_longest_monologue_ms: Option<i64>,
    /// In which the rep's longest turn is as long as this or shorter.
    max_rep_longest_monologue_ms: Option<i64>,
    /// In which the rep asks this many questions or more.
    min_rep_question_count: Option<i64>,
    /// In which the rep asks this many questions or fewer.
    max_rep_question_count: Option<i64>,
    /// Of whose consent this was noted.
    consent: Option<ConsentName>,
    /// Held, or not.
    held: Option<bool>,
    /// With comments that everybody sees, or without.
    has_comments: Option<bool>,
    /// What they are sorted by; when they were made here unless given. Calls that lack it come last.
    #[param(inline)]
    sort: Option<SortName>,
    /// Which way they are sorted; descending unless given, but ascending by title.
    #[param(inline)]
    order: Option<OrderName>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before, which was sorted the same way.
    after: Option<String>,
}

/// What calls are sorted by.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SortName {
    /// When they were made here.
    Created,
    /// When the conversation took place.
    Occurred,
    /// Their title, without regard to case.
    Title,
    /// Length of the recording.
    Duration,
    /// What their deal is worth, whatever the currency.
    DealAmount,
    /// The rep's share of the talking.
    RepTalk,
    /// Questions that the rep asks.
    Questions,
    /// Comments and answers that everybody sees.
    Comments,
}

impl From<SortName> for CallSort {
    fn from(name: SortName) -> Self {
        match name {
            SortName::Created => Self::Created,
            SortName::Occurred => Self::Occurred,
            SortName::Title => Self::Title,
            SortName::Duration => Self::Duration,
            SortName::DealAmount => Self::DealAmount,
            SortName::RepTalk => Self::RepTalk,
            SortName::Questions => Self::Questions,
            SortName::Comments => Self::Comments,
        }
    }
}

/// Which way a list is sorted.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum OrderName {
    /// The lowest, oldest or first of the alphabet at the top.
    Asc,
    /// The other way round.
    Desc,
}

impl From<OrderName> for Order {
    fn from(name: OrderName) -> Self {
        match name {
            OrderName::Asc => Self::Asc,
            OrderName::Desc => Self::Desc,
        }
    }
}

fn bounds(min: Option<i64>, max: Option<i64>) -> Bounds {
    Bounds { min, max }
}

/// Times are whole milliseconds, so the last one before `until` is one less.
fn period(from: Option<i64>, until: Option<i64>) -> Bounds {
    bounds(from, until.map(|until| until.saturating_sub(1)))
}

impl Filter {
    fn into_parts(self, current: &CurrentUser) -> Result<(CallFilter, PageRequest<CallCursor>)> {
        let sort = self.sort.map(CallSort::from).unwrap_or_default();
        let by_itself = if sort == CallSort::Title {
            Order::Asc
        } else {
            Order::Desc
        };
        let order = self.order.map_or(by_itself, Into::into);
        let page = PageQuery {
            limit: self.limit,
            after: self.after,
        };
        let page: PageRequest<CallCursor> = page.request()?;
        if page.after.as_ref().is_some_and(|after| !after.fits(sort, order)) {
            return Err(wrong_cursor());
        }
        let me = &current.viewer.user_id;
        let filter = CallFilter {
            state: self.state,
            owner: self.owner,
            team: self.team,
            visibility: self.visibility.map(Into::into),
            shared_with: self.shared_with_me.unwrap_or(false).then(|| me.clone()),
            text: wanted("q", self.q, 200)?,
            participant: wanted("participant", self.participant, 100)?,
            tag: wanted("tag", self.tag, 40)?,
            language: wanted("language", self.language, 40)?,
            deal_name: wanted("deal_name", self.deal_name, 200)?,
            deal_stage: wanted("deal_stage", self.deal_stage, 80)?,
            deal_outcome: self.deal_outcome.map(Into::into),
            deal_external_id: wanted("deal_external_id", self.deal_external_id, 200)?,
            deal_amount_minor: bounds(self.min_deal_amount_minor, self.max_deal_amount_minor),
            duration_ms: bounds(self.min_duration_ms, self.max_duration_ms),
            occurred_at: period(self.occurred_from, self.occurred_until),
            created_at: period(self.created_from, self.created_until),
            rep_talk_permille: bounds(self.min_rep_talk_permille, self.max_rep_talk_permille),
            rep_longest_monologue_ms: bounds(
                self.min_rep_longest_monologue_ms,
                self.max_rep_longest_monologue_ms,
            ),
            rep_question_count: bounds(self.min_rep_question_count, self.max_rep_question_count),
            consent: self.consent.map(Into::into),
            held: self.held,
            has_comments: self.has_comments,
            sort,
            order,
        };
        Ok((filter, page))
    }
}

/// The calls that the caller may see, the newest first unless sorted in another way.
#[utoipa::path(
    get, path = "/calls", operation_id = "listCalls", tag = "calls", params(Filter),
    responses((status = 200, body = List<CallView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
    Query(query): Query<Filter>,
) -> Result<Json<List<CallView>>> {
    let (filter, page) = query.into_parts(&current)?;
    let visible = policy::visible_calls(&current.viewer);
    let calls = state.store.call_list(&visible, &filter, &page).await?;
    Ok(Json(List::from_page(calls)))
}

/// A call.
#[utoipa::path(
    get, path = "/calls/{id}", operation_id = "getCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = CallView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Versioned<CallView>> {
    let call = visible_call(&state, &current, &id).await?;
    Ok(Versioned::ok(call.updated_at, call.into()))
}
