//! Asking people for reviews.

use axum::extract::State;
use gametape_core::{
    call::Call,
    id::{CallId, RequestId, UserId},
    inbox::ReviewRequest,
    policy,
};
use gametape_store::NewRequest;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::RequestView;
use crate::{
    ApiState,
    access::{forbidden, visible_call},
    auth::CurrentUser,
    extract::{Id, Json, List},
    problem::{Code, Problem, Result},
    validate,
};

/// Characters of a note or a reason.
const MAX_NOTE_CHARS: usize = 2_000;

/// Whom to ask for a review.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateReviewRequest {
    /// Id of the person, who has to see the call.
    #[schema(value_type = String)]
    user_id: UserId,
    /// What to look at.
    #[schema(max_length = 2000)]
    note: Option<String>,
    /// By when, in milliseconds since 1970.
    due_at: Option<i64>,
}

/// Why a request is handed back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HandBackRequest {
    /// The reason; whoever asked reads it.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// Requests for reviews of a call, the oldest first: all of them for its owner, for others those that they made or
/// that are for them.
#[utoipa::path(
    get, path = "/calls/{id}/review-requests", operation_id = "listReviewRequests", tag = "reviews",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = List<RequestView>))
)]
pub(super) async fn of_call(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Json<List<RequestView>>> {
    let call = visible_call(&state, &current, &id).await?;
    let mut requests = state.store.request_list(&id).await?;
    requests.retain(|request| policy::may_see_request(&current.viewer, &call, request));
    Ok(Json(List::whole(requests.into_iter().map(Into::into).collect())))
}

/// Asks somebody for a review of a call, which anybody may who sees it. It is done when they submit one.
#[utoipa::path(
    post, path = "/calls/{id}/review-requests", operation_id = "createReviewRequest", tag = "reviews",
    params(("id" = String, Path, description = "Id of the call")),
    request_body = CreateReviewRequest,
    responses((status = 201, body = RequestView))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Json(body): Json<CreateReviewRequest>,
) -> Result<(StatusCode, Json<RequestView>)> {
    let call = visible_call(&state, &current, &id).await?;
    may_be_asked(&state, &current, &call, &body.user_id).await?;
    let note = body
        .note
        .map(|note| validate::text("note", &note, MAX_NOTE_CHARS))
        .transpose()?;
    let new = NewRequest {
        call_id: id,
        asker_id: current.viewer.user_id.clone(),
        asked_id: body.user_id,
        note: note.filter(|note| !note.is_empty()),
        due_at: body
            .due_at
            .map(|due_at| validate::time_ms("due_at", due_at))
            .transpose()?,
    };
    let request = state.store.request_create(new).await?;
    Ok((StatusCode::CREATED, Json(request.into())))
}

/// Whether the caller may ask this person for a review of `call`.
async fn may_be_asked(state: &ApiState, current: &CurrentUser, call: &Call, user_id: &UserId) -> Result<()> {
    if *user_id == current.viewer.user_id {
        return Err(Problem::invalid_value(
            "ask somebody else: to review the call yourself, begin a review",
        ));
    }
    let viewers = state.store.viewer_list(std::slice::from_ref(user_id)).await?;
    let Some(viewer) = viewers.first() else {
        return Err(Problem::invalid_value(
            "they can't be asked: there is no such person, or their account is shut",
        ));
    };
    if policy::may_see_call(viewer, call) {
        return Ok(());
    }
    Err(Problem::invalid_value(
        "they can't be asked: they don't see this call. Its owner can invite them to it, or share it with their team",
    ))
}

/// Hands a request back, which the person asked may; who asked is told why.
#[utoipa::path(
    post, path = "/review-requests/{id}/hand-back", operation_id = "handBackReviewRequest", tag = "reviews",
    params(("id" = String, Path, description = "Id of the request")),
    request_body = HandBackRequest,
    responses((status = 200, body = RequestView))
)]
pub(super) async fn hand_back(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<RequestId>,
    Json(body): Json<HandBackRequest>,
) -> Result<Json<RequestView>> {
    let request = seen(&state, &current, &id).await?;
    if !policy::may_hand_back_request(&current.viewer, &request) {
        return Err(forbidden("only the person asked may hand a request back"));
    }
    let reason = validate::text("reason", &body.reason, MAX_NOTE_CHARS)?;
    if reason.is_empty() {
        return Err(Problem::invalid_value("reason must say why it is handed back"));
    }
    let request = state.store.request_hand_back(&id, &reason).await?;
    Ok(Json(request.into()))
}

/// Takes a request back, which the person who asked may.
#[utoipa::path(
    delete, path = "/review-requests/{id}", operation_id = "deleteReviewRequest", tag = "reviews",
    params(("id" = String, Path, description = "Id of the request")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<RequestId>,
) -> Result<StatusCode> {
    let request = seen(&state, &current, &id).await?;
    if !policy::may_withdraw_request(&current.viewer, &request) {
        return Err(forbidden("only the person who asked may take a request back"));
    }
    state.store.request_delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The request, if the caller may see it.
async fn seen(state: &ApiState, current: &CurrentUser, id: &RequestId) -> Result<ReviewRequest> {
    let missing = || Problem::not_found("request");
    let request = state.store.request_get(id).await?.ok_or_else(missing)?;
    let call = visible_call(state, current, &request.call_id).await;
    let call = call.map_err(|problem| match problem.code() {
        Code::NotFound => missing(),
        _ => problem,
    })?;
    if policy::may_see_request(&current.viewer, &call, &request) {
        Ok(request)
    } else {
        Err(missing())
    }
}
