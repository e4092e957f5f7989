//! How soon the work on a call is done.

use axum::extract::State;
use gametape_core::{id::CallId, job::Priority, policy};
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
};

/// How soon the work on a call is done.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Priority)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PriorityName {
    /// Before everything else. For coaches of the call's team, and administrators.
    High,
    /// In turn: each team that waits gets a call done, then the next one.
    Normal,
    /// One call for eight of every other team.
    Low,
}

impl From<Priority> for PriorityName {
    fn from(priority: Priority) -> Self {
        match priority {
            Priority::High => Self::High,
            Priority::Normal => Self::Normal,
            Priority::Low => Self::Low,
        }
    }
}

impl From<PriorityName> for Priority {
    fn from(name: PriorityName) -> Self {
        match name {
            PriorityName::High => Self::High,
            PriorityName::Normal => Self::Normal,
            PriorityName::Low => Self::Low,
        }
    }
}

/// The priority to give to the work on a call.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetPriority {
    /// How soon it is done.
    priority: PriorityName,
}

/// Lets a call that is not ready go before others, or after them. A conflict when no work is left to do on it.
#[utoipa::path(
    put, path = "/calls/{id}/priority", operation_id = "prioritizeCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    request_body = SetPriority,
    responses((status = 200, body = CallView))
)]
pub(super) async fn put(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Json(body): Json<SetPriority>,
) -> Result<Versioned<CallView>> {
    let call = visible_call(&state, &current, &id).await?;
    let priority = body.priority.into();
    if !policy::may_prioritize_call(&current.viewer, &call, priority) {
        return Err(too_urgent());
    }
    let call = state
        .store
        .call_prioritize(&current.actor(), &id, priority)
        .await?;
    Ok(Versioned {
        status: StatusCode::OK,
        version: call.updated_at,
        body: call.into(),
    })
}

/// What is said to whoever asks for more than they may.
pub(super) fn too_urgent() -> Problem {
    forbidden(
        "only a coach of the call's team and administrators may let it go before all others, and only its owner and \
         they may change its priority",
    )
}
