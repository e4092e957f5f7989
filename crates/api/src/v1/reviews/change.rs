//! Beginning reviews, and what they say about the call as a whole.

use axum::extract::State;
use gametape_core::{
    id::{CallId, ReviewId, RubricId},
    rubric::default_rubric_id,
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{answer, view::ReviewDetailView};
use crate::{
    ApiState,
    access::{changeable_review, visible_call},
    auth::CurrentUser,
    extract::{Id, Json},
    precondition::{IfMatch, Versioned},
    problem::Result,
    validate,
};

/// Characters of a summary.
const MAX_SUMMARY_CHARS: usize = 10_000;

/// A review to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateReview {
    /// The rubric to use, in its current version; the default rubric unless given.
    #[schema(value_type = Option<String>)]
    rubric_id: Option<RubricId>,
}

/// What to change about a draft.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateReview {
    /// What the reviewer says about the call as a whole; may be empty.
    #[schema(max_length = 10000)]
    summary: String,
}

/// Begins a review of a call, which anybody may who sees the call, its owner too. Until it is submitted or
/// withdrawn, everybody else's reviews of the call are kept from the caller.
#[utoipa::path(
    post, path = "/calls/{id}/reviews", operation_id = "createReview", tag = "reviews",
    params(("id" = String, Path, description = "Id of the call")),
    request_body = CreateReview,
    responses((
        status = 201, body = ReviewDetailView, headers(("ETag" = String, description = "For If-Match"))
    ))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Json(body): Json<CreateReview>,
) -> Result<Versioned<ReviewDetailView>> {
    visible_call(&state, &current, &id).await?;
    let rubric_id = body.rubric_id.unwrap_or_else(default_rubric_id);
    let me = &current.viewer.user_id;
    let review = state.store.review_create(me, &id, &rubric_id).await?;
    let mut made = answer(&state, &current, &review.id).await?;
    made.status = StatusCode::CREATED;
    Ok(made)
}

/// Changes what a draft says about the call as a whole.
#[utoipa::path(
    patch, path = "/reviews/{id}", operation_id = "updateReview", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    request_body = UpdateReview,
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<ReviewId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<UpdateReview>,
) -> Result<Versioned<ReviewDetailView>> {
    changeable_review(&state, &current, &id).await?;
    let summary = validate::text("summary", &body.summary, MAX_SUMMARY_CHARS)?;
    state.store.review_set_summary(&id, &summary, if_version).await?;
    answer(&state, &current, &id).await
}
