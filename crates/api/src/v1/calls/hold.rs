//! Holding calls so that nobody deletes them, and what becomes of those that nobody holds.

use axum::extract::State;
use gametape_core::{
    id::CallId,
    policy,
    retention::{Hold, HoldReason},
};
use gametape_store::{DueAt, Leaving, NewHold};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::CallView;
use crate::{
    ApiState,
    access::{forbidden, visible_call},
    auth::CurrentUser,
    extract::{Id, Json},
    precondition::Versioned,
    problem::{Problem, Result},
    validate,
};

/// Why a call is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = HoldReason)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HoldReasonName {
    /// Others learn from it.
    Library,
    /// The law, or a dispute, wants it kept; for administrators.
    Legal,
}

impl From<HoldReason> for HoldReasonName {
    fn from(reason: HoldReason) -> Self {
        match reason {
            HoldReason::Library => Self::Library,
            HoldReason::Legal => Self::Legal,
        }
    }
}

impl From<HoldReasonName> for HoldReason {
    fn from(name: HoldReasonName) -> Self {
        match name {
            HoldReasonName::Library => Self::Library,
            HoldReasonName::Legal => Self::Legal,
        }
    }
}

/// What keeps a call from being deleted.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Hold)]
pub(crate) struct HoldView {
    /// Why.
    reason: HoldReasonName,
    /// More about it.
    note: Option<String>,
    /// Whose doing it is; null where their account is gone.
    held_by: Option<String>,
    /// Since when, in milliseconds since 1970.
    held_at: i64,
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        Self {
            reason: hold.reason.into(),
            note: hold.note,
            held_by: hold.held_by.map(Into::into),
            held_at: hold.held_at,
        }
    }
}

/// A hold to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetHold {
    /// Why.
    reason: HoldReasonName,
    /// More about it; 500 characters at most.
    note: Option<String>,
}

/// When something goes, and by which rule.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetentionDue)]
pub(crate) struct DueView {
    /// Not before this time, in milliseconds since 1970.
    at: i64,
    /// The rule that decides; null for one that is only supposed.
    rule_id: Option<String>,
}

impl From<DueAt> for DueView {
    fn from(due: DueAt) -> Self {
        Self {
            at: due.at,
            rule_id: due.rule_id.map(Into::into),
        }
    }
}

/// What becomes of a call by the rules.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CallRetention)]
pub(super) struct CallRetentionView {
    /// Whether it is held: then nothing of it goes until it is released.
    held: bool,
    /// Whether the caller may hold it for others to learn from, and release it.
    may_hold: bool,
    /// When its recording goes; null where that stays for as long as the call.
    recording: Option<DueView>,
    /// When the whole call goes; null where it stays.
    call: Option<DueView>,
}

impl CallRetentionView {
    fn new(leaving: Leaving, may_hold: bool) -> Self {
        Self {
            held: leaving.held,
            may_hold,
            recording: leaving.recording.map(Into::into),
            call: leaving.call.map(Into::into),
        }
    }
}

const NOT_THEIRS: &str = "only coaches of the call's team, and administrators, may hold it and release it";
const LEGAL: &str = "only administrators may hold a call for legal reasons, and release it";

fn why_not(reason: HoldReason) -> Problem {
    forbidden(match reason {
        HoldReason::Library => NOT_THEIRS,
        HoldReason::Legal => LEGAL,
    })
}

/// Holds a call: neither people nor rules delete it until it is released. Sets another reason where it is held already.
#[utoipa::path(
    put, path = "/calls/{id}/hold", operation_id = "holdCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    request_body = SetHold,
    responses((status = 200, body = CallView))
)]
pub(super) async fn hold(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Json(body): Json<SetHold>,
) -> Result<Versioned<CallView>> {
    let call = visible_call(&state, &current, &id).await?;
    let reason = body.reason.into();
    // Who sets another reason also ends the one before.
    for reason in [Some(reason), call.hold.as_ref().map(|hold| hold.reason)]
        .into_iter()
        .flatten()
    {
        if !policy::may_hold_call(&current.viewer, &call, reason) {
            return Err(why_not(reason));
        }
    }
    let new = NewHold {
        reason,
        note: body
            .note
            .map(|note| validate::text("note", &note, 500))
            .transpose()?
            .filter(|note| !note.is_empty()),
    };
    let call = state.store.call_hold(&current.actor(), &id, &new).await?;
    Ok(Versioned::ok(call.updated_at, call.into()))
}

/// Lets a call be deleted again. One that nobody holds stays as it is.
#[utoipa::path(
    delete, path = "/calls/{id}/hold", operation_id = "releaseCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 204, description = "Nobody holds it"))
)]
pub(super) async fn release(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<StatusCode> {
    let call = visible_call(&state, &current, &id).await?;
    let reason = call.hold.as_ref().map_or(HoldReason::Library, |hold| hold.reason);
    if !policy::may_hold_call(&current.viewer, &call, reason) {
        return Err(why_not(reason));
    }
    state.store.call_release(&current.actor(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// When a call and its recording go by the rules for how long calls are kept, as things stand.
#[utoipa::path(
    get, path = "/calls/{id}/retention", operation_id = "getCallRetention", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = CallRetentionView))
)]
pub(super) async fn retention(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Json<CallRetentionView>> {
    let call = visible_call(&state, &current, &id).await?;
    let may_hold = policy::may_hold_call(&current.viewer, &call, HoldReason::Library);
    let leaving = state.store.retention_of_call(&id).await?;
    let leaving = leaving.ok_or_else(|| Problem::not_found("call"))?;
    Ok(Json(CallRetentionView::new(leaving, may_hold)))
}
