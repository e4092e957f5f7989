//! Changing, stopping, repeating and deleting calls.

use axum::extract::State;
use gametape_core::{call::Call, id::CallId};
use gametape_store::CallPatch;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::CallView;
use crate::{
    ApiState,
    access::changeable_call,
    auth::CurrentUser,
    extract::{Id, Json, present},
    precondition::{IfMatch, Versioned},
    problem::Result,
    validate,
};

/// What to change about a call; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateCall {
    /// Another title.
    title: Option<String>,
    /// When the conversation took place, in milliseconds since 1970; null if that is not known.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    #[expect(clippy::option_option, reason = "null and left out mean different things")]
    occurred_at: Option<Option<i64>>,
}

/// How to transcribe a call again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Retranscribe {
    /// Model to use; the worker's default unless given.
    model: Option<String>,
    /// Language, as a two-letter code; detected unless given.
    language: Option<String>,
}

/// Changes a call's details. With If-Match, only if nobody else changed it meanwhile.
#[utoipa::path(
    patch, path = "/calls/{id}", operation_id = "updateCall", tag = "calls",
    params(
        ("id" = String, Path, description = "Id of the call"),
        ("If-Match" = Option<String>, Header, description = "ETag of the call as it was read"),
    ),
    request_body = UpdateCall,
    responses((status = 200, body = CallView))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    IfMatch(if_updated_at): IfMatch,
    Json(body): Json<UpdateCall>,
) -> Result<Versioned<CallView>> {
    changeable_call(&state, &current, &id).await?;
    let title = body
        .title
        .map(|title| validate::line("title", &title, 200))
        .transpose()?;
    if let Some(Some(time)) = body.occurred_at {
        validate::time_ms("occurred_at", time)?;
    }
    let patch = CallPatch {
        title,
        occurred_at: body.occurred_at,
        if_updated_at,
    };
    Ok(answer(StatusCode::OK, state.store.call_update(&id, patch).await?))
}

fn answer(status: StatusCode, call: Call) -> Versioned<CallView> {
    Versioned {
        status,
        version: call.updated_at,
        body: call.into(),
    }
}

/// Deletes a call with its transcript, and its recording unless another call has it too.
#[utoipa::path(
    delete, path = "/calls/{id}", operation_id = "deleteCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<StatusCode> {
    changeable_call(&state, &current, &id).await?;
    state.store.call_delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops the work on a call.
#[utoipa::path(
    post, path = "/calls/{id}/cancel", operation_id = "cancelCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = CallView))
)]
pub(super) async fn cancel(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Versioned<CallView>> {
    changeable_call(&state, &current, &id).await?;
    Ok(answer(StatusCode::OK, state.store.call_cancel(&id).await?))
}

/// Takes up the work on a failed or stopped call again.
#[utoipa::path(
    post, path = "/calls/{id}/retry", operation_id = "retryCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 202, body = CallView))
)]
pub(super) async fn retry(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Versioned<CallView>> {
    changeable_call(&state, &current, &id).await?;
    Ok(answer(StatusCode::ACCEPTED, state.store.call_retry(&id).await?))
}

/// Transcribes a call again; people read the old transcript until the new one is complete.
#[utoipa::path(
    post, path = "/calls/{id}/retranscribe", operation_id = "retranscribeCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    request_body = Retranscribe,
    responses((status = 202, body = CallView))
)]
pub(super) async fn retranscribe(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Json(body): Json<Retranscribe>,
) -> Result<Versioned<CallView>> {
    changeable_call(&state, &current, &id).await?;
    let (model, language) = (validate::model(body.model)?, validate::language(body.language)?);
    Ok(answer(
        StatusCode::ACCEPTED,
        state.store.call_retranscribe(&id, model, language).await?,
    ))
}
