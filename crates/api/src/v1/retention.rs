//! Rules for how long calls are kept, and what they would take; for administrators.

use axum::extract::State;
use gametape_core::{
    id::{RetentionRuleId, TeamId},
    page::Cursor,
    retention::{DAY_MS, MAX_KEEP_DAYS, RetentionRule, RetentionTarget},
};
use gametape_store::{Leaving, NewRetentionRule, PreviewTotals, WhatIf};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::calls::hold::DueView;
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query, present},
    precondition::{IfMatch, Versioned},
    problem::{Problem, Result},
    validate,
};

/// How far a preview looks ahead unless told, in days.
const DEFAULT_WITHIN_DAYS: i64 = 30;

pub(crate) fn admin_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, delete))
        .routes(routes!(preview))
}

/// What goes when its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RetentionTarget)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TargetName {
    /// The recording with its waveform; transcript, comments and reviews stay.
    Recording,
    /// The call with all that belongs to it.
    Call,
}

impl From<RetentionTarget> for TargetName {
    fn from(target: RetentionTarget) -> Self {
        match target {
            RetentionTarget::Recording => Self::Recording,
            RetentionTarget::Call => Self::Call,
        }
    }
}

impl From<TargetName> for RetentionTarget {
    fn from(name: TargetName) -> Self {
        match name {
            TargetName::Recording => Self::Recording,
            TargetName::Call => Self::Call,
        }
    }
}

/// How long some calls are kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetentionRule)]
pub(super) struct RuleView {
    /// Which.
    id: String,
    /// For the calls of this team; null for all.
    team_id: Option<String>,
    /// With this label; null for any and none.
    tag: Option<String>,
    /// What goes.
    what: TargetName,
    /// After how many days from when the call was made here; null keeps it for good.
    keep_days: Option<i64>,
    /// Nothing goes by it before this time, in milliseconds since 1970: a day after the last change to any rule.
    effective_at: i64,
    /// Grows with every change; the `ETag` says it, too.
    version: i64,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
}

impl From<RetentionRule> for RuleView {
    fn from(rule: RetentionRule) -> Self {
        Self {
            id: rule.id.into(),
            team_id: rule.team_id.map(Into::into),
            tag: rule.tag,
            what: rule.target.into(),
            keep_days: rule.keep_days,
            effective_at: rule.effective_at,
            version: rule.version,
            created_at: rule.created_at,
        }
    }
}

/// A rule to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateRetentionRule {
    /// For the calls of this team; of all unless given.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// With this label, without regard to case, of 40 characters at most; with any and none unless given.
    tag: Option<String>,
    /// What goes.
    what: TargetName,
    /// After how many days from when the call was made here, 1 to 36,525; null keeps it for good, whatever less
    /// specific rules say.
    #[schema(minimum = 1, maximum = 36525)]
    keep_days: Option<i64>,
}

/// What to change about a rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "null and left out mean different things")]
pub(super) struct UpdateRetentionRule {
    /// After how many days, 1 to 36,525; null keeps it for good.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 36525)]
    keep_days: Option<Option<i64>>,
}

fn days(days: Option<i64>) -> Result<Option<i64>> {
    days.map(|days| validate::number("keep_days", days, 1, MAX_KEEP_DAYS))
        .transpose()
}

async fn new_rule(
    state: &ApiState,
    team_id: Option<TeamId>,
    tag: Option<&str>,
    what: TargetName,
    keep_days: Option<i64>,
) -> Result<NewRetentionRule> {
    if let Some(team_id) = &team_id
        && state.store.team_get(team_id).await?.is_none()
    {
        return Err(Problem::invalid_value(format!("there is no team {team_id}")));
    }
    Ok(NewRetentionRule {
        team_id,
        tag: validate::opt_line("tag", tag, 40)?,
        target: what.into(),
        keep_days: days(keep_days)?,
    })
}

/// The rules for how long calls are kept, the oldest first. Rules for recordings and for whole calls don't stand in each
/// other's way. Among those of one kind the most specific one that a call meets decides: team and label, then label,
/// then team, then all; of two that are equally specific the one that keeps it for less time.
#[utoipa::path(
    get, path = "/retention/rules", operation_id = "listRetentionRules", tag = "operation",
    responses((status = 200, body = List<RuleView>))
)]
pub(super) async fn list(State(state): State<ApiState>) -> Result<Json<List<RuleView>>> {
    let rules = state.store.retention_list().await?;
    Ok(Json(List::whole(rules.into_iter().map(Into::into).collect())))
}

/// Makes a rule. For a day after any change to the rules nothing goes by them.
#[utoipa::path(
    post, path = "/retention/rules", operation_id = "createRetentionRule", tag = "operation",
    request_body = CreateRetentionRule,
    responses((status = 201, body = RuleView))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<CreateRetentionRule>,
) -> Result<Versioned<RuleView>> {
    let new = new_rule(
        &state,
        body.team_id,
        body.tag.as_deref(),
        body.what,
        body.keep_days,
    )
    .await?;
    let rule = state.store.retention_create(&current.actor(), &new).await?;
    Ok(answer(StatusCode::CREATED, rule))
}

fn answer(status: StatusCode, rule: RetentionRule) -> Versioned<RuleView> {
    Versioned {
        status,
        version: rule.version,
        body: rule.into(),
    }
}

/// Changes how long a rule keeps calls. With If-Match, only if nobody else changed it meanwhile.
#[utoipa::path(
    patch, path = "/retention/rules/{id}", operation_id = "updateRetentionRule", tag = "operation",
    params(
        ("id" = String, Path, description = "Id of the rule"),
        ("If-Match" = Option<String>, Header, description = "ETag of the rule as it was read"),
    ),
    request_body = UpdateRetentionRule,
    responses((status = 200, body = RuleView))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<RetentionRuleId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<UpdateRetentionRule>,
) -> Result<Versioned<RuleView>> {
    let Some(keep_days) = body.keep_days else {
        return Err(Problem::invalid_value(
            "keep_days is missing: nothing else of a rule can be changed",
        ));
    };
    let (actor, keep_days) = (current.actor(), days(keep_days)?);
    let rule = state
        .store
        .retention_update(&actor, &id, keep_days, if_version)
        .await?;
    Ok(answer(StatusCode::OK, rule))
}

/// Takes a rule away. What it kept for longer is up to the other rules then, after a day.
#[utoipa::path(
    delete, path = "/retention/rules/{id}", operation_id = "deleteRetentionRule", tag = "operation",
    params(("id" = String, Path, description = "Id of the rule")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<RetentionRuleId>,
) -> Result<StatusCode> {
    state.store.retention_delete(&current.actor(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What to look ahead at. With `what`, a rule of these values is supposed, in place of the one for the same calls.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PreviewQuery {
    /// What goes within so many days, 1 to 36,525; 30 unless given.
    #[param(minimum = 1, maximum = 36525)]
    within_days: Option<i64>,
    /// Suppose a rule: what goes by it.
    what: Option<TargetName>,
    /// Suppose a rule: for the calls of this team.
    #[param(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// Suppose a rule: for calls with this label.
    tag: Option<String>,
    /// Suppose a rule: after how many days; for good unless given.
    #[param(minimum = 1, maximum = 36525)]
    keep_days: Option<i64>,
    /// Suppose that there is no such rule: its id.
    #[param(value_type = Option<String>)]
    without: Option<RetentionRuleId>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// A call of which something goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeavingCall)]
pub(super) struct LeavingView {
    /// Which.
    call_id: String,
    /// What it is called.
    title: String,
    /// Whose it is.
    owner_id: String,
    /// Whose team's.
    team_id: Option<String>,
    /// When it was made here, in milliseconds since 1970.
    created_at: i64,
    /// Bytes of its recording.
    size_bytes: Option<i64>,
    /// Whether it is held: then nothing of it goes until it is released.
    held: bool,
    /// When its recording goes, if that is before the call.
    recording: Option<DueView>,
    /// When the whole call goes.
    call: Option<DueView>,
}

impl From<Leaving> for LeavingView {
    fn from(leaving: Leaving) -> Self {
        Self {
            call_id: leaving.call_id.into(),
            title: leaving.title,
            owner_id: leaving.owner_id.into(),
            team_id: leaving.team_id.map(Into::into),
            created_at: leaving.created_at,
            size_bytes: leaving.size_bytes,
            held: leaving.held,
            recording: leaving.recording.map(Into::into),
            call: leaving.call.map(Into::into),
        }
    }
}

/// All that goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetentionTotals)]
pub(super) struct TotalsView {
    /// Calls that go as a whole.
    calls: i64,
    /// Calls of which the recording alone goes.
    recordings: i64,
    /// Bytes of the recordings of both, each counted once.
    bytes: i64,
    /// Calls that would go, in whole or in part, and are held.
    held: i64,
    /// Whether all calls were looked at; with very many of them these are the oldest 200,000.
    complete: bool,
}

impl From<PreviewTotals> for TotalsView {
    fn from(totals: PreviewTotals) -> Self {
        Self {
            calls: totals.calls,
            recordings: totals.recordings,
            bytes: totals.bytes,
            held: totals.held,
            complete: totals.complete,
        }
    }
}

/// What goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetentionPreview)]
pub(super) struct PreviewView {
    /// Calls of which something goes, the oldest first; held ones among them, which stay.
    #[serde(flatten)]
    list: List<LeavingView>,
    /// All that goes; null but for the first page.
    totals: Option<TotalsView>,
}

/// What goes by the rules within some days, and when: by those that there are, with another one, or without one of them.
#[utoipa::path(
    get, path = "/retention/preview", operation_id = "previewRetention", tag = "operation",
    params(PreviewQuery),
    responses((status = 200, body = PreviewView))
)]
pub(super) async fn preview(
    State(state): State<ApiState>,
    Query(query): Query<PreviewQuery>,
) -> Result<Json<PreviewView>> {
    let within_days = query.within_days.unwrap_or(DEFAULT_WITHIN_DAYS);
    let within_days = validate::number("within_days", within_days, 1, MAX_KEEP_DAYS)?;
    let describes_a_rule = query.team_id.is_some() || query.tag.is_some() || query.keep_days.is_some();
    let what_if = match (query.what, query.without) {
        (Some(_), Some(_)) => {
            return Err(Problem::invalid_value(
                "what and without can't be supposed at once",
            ));
        }
        (None, _) if describes_a_rule => {
            return Err(Problem::invalid_value("what is missing: recording or call"));
        }
        (None, None) => WhatIf::AsIs,
        (None, Some(id)) => WhatIf::Without(id),
        (Some(what), None) => {
            let rule = new_rule(&state, query.team_id, query.tag.as_deref(), what, query.keep_days);
            WhatIf::With(rule.await?)
        }
    };
    let page = PageQuery {
        limit: query.limit,
        after: query.after,
    };
    let page = page.request::<Cursor>()?;
    let until = state.now_ms() + within_days * DAY_MS;
    let found = state.store.retention_preview(&what_if, until, &page).await?;
    Ok(Json(PreviewView {
        list: List::from_page(gametape_core::page::Page {
            items: found.items,
            next: found.next,
        }),
        totals: found.totals.map(Into::into),
    }))
}
