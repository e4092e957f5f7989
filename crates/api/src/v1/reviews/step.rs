//! The life of a review: handed over, shown, taken back, taken up again, answered.

use axum::extract::State;
use gametape_core::{id::ReviewId, policy, review::ReviewResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    answer,
    view::{ResponseName, ReviewDetailView},
};
use crate::{
    ApiState,
    access::{changeable_review, forbidden, visible_review},
    auth::CurrentUser,
    extract::{Id, Json},
    precondition::{IfMatch, Versioned},
    problem::{Problem, Result},
    validate,
};

/// Characters of a reason or a note.
const MAX_REASON_CHARS: usize = 2_000;

/// Why a review is taken up again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReopenReview {
    /// The reason; the reviewee reads it.
    #[schema(min_length = 1, max_length = 2000)]
    reason: String,
}

/// What the reviewee says to a review.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RespondToReview {
    /// What they say.
    response: ResponseName,
    /// A note; `ask` and `disagree` need one.
    #[serde(default)]
    #[schema(max_length = 2000)]
    note: String,
}

/// Hands a draft to the reviewee. One that still lacks something is refused as `incomplete`; `missing` of the
/// review lists what.
#[utoipa::path(
    post, path = "/reviews/{id}/submit", operation_id = "submitReview", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn submit(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<ReviewId>,
    IfMatch(if_version): IfMatch,
) -> Result<Versioned<ReviewDetailView>> {
    changeable_review(&state, &current, &id).await?;
    state
        .store
        .review_submit(&current.actor(), &id, if_version)
        .await?;
    answer(&state, &current, &id).await
}

/// Shows a submitted review to everybody who sees the call; only the reviewee may.
#[utoipa::path(
    post, path = "/reviews/{id}/release", operation_id = "releaseReview", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn release(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<ReviewId>,
    IfMatch(if_version): IfMatch,
) -> Result<Versioned<ReviewDetailView>> {
    require_reviewee(&state, &current, &id).await?;
    state
        .store
        .review_release(&current.actor(), &id, if_version)
        .await?;
    answer(&state, &current, &id).await
}

/// Takes a review back for good; only its author sees it from now on.
#[utoipa::path(
    post, path = "/reviews/{id}/withdraw", operation_id = "withdrawReview", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn withdraw(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<ReviewId>,
    IfMatch(if_version): IfMatch,
) -> Result<Versioned<ReviewDetailView>> {
    changeable_review(&state, &current, &id).await?;
    state
        .store
        .review_withdraw(&current.actor(), &id, if_version)
        .await?;
    answer(&state, &current, &id).await
}

/// Takes up a review again that was submitted or released; until it is submitted again only its author sees it,
/// and everybody else's reviews of the call are kept from them.
#[utoipa::path(
    post, path = "/reviews/{id}/reopen", operation_id = "reopenReview", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    request_body = ReopenReview,
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn reopen(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<ReviewId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<ReopenReview>,
) -> Result<Versioned<ReviewDetailView>> {
    changeable_review(&state, &current, &id).await?;
    let reason = validate::text("reason", &body.reason, MAX_REASON_CHARS)?;
    if reason.is_empty() {
        return Err(Problem::invalid_value(
            "reason must say why the review is taken up again",
        ));
    }
    state
        .store
        .review_reopen(&current.actor(), &id, &reason, if_version)
        .await?;
    answer(&state, &current, &id).await
}

/// Answers a submitted or released review, in place of what was answered before; only the reviewee may.
#[utoipa::path(
    post, path = "/reviews/{id}/respond", operation_id = "respondToReview", tag = "reviews",
    params(
        ("id" = String, Path, description = "Id of the review"),
        ("If-Match" = Option<String>, Header, description = "ETag of the review as it was read"),
    ),
    request_body = RespondToReview,
    responses((status = 200, body = ReviewDetailView))
)]
pub(super) async fn respond(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<ReviewId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<RespondToReview>,
) -> Result<Versioned<ReviewDetailView>> {
    require_reviewee(&state, &current, &id).await?;
    let response = ReviewResponse::from(body.response);
    let note = validate::text("note", &body.note, MAX_REASON_CHARS)?;
    if note.is_empty() && response.wants_note() {
        return Err(Problem::invalid_value(format!("{response} needs a note")));
    }
    state
        .store
        .review_respond(&current.actor(), &id, response, &note, if_version)
        .await?;
    answer(&state, &current, &id).await
}

async fn require_reviewee(state: &ApiState, current: &CurrentUser, id: &ReviewId) -> Result<()> {
    let (_, call) = visible_review(state, current, id).await?;
    if policy::may_release_reviews(&current.viewer, &call) {
        Ok(())
    } else {
        Err(forbidden("only the reviewee may do this"))
    }
}
