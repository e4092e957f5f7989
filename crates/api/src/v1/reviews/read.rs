//! Reading reviews. Who has an open review of a call sees nobody else's of it.

use axum::extract::State;
use gametape_core::{
    id::{CallId, ReviewId, RubricId},
    policy,
    review::ReviewState,
};
use gametape_store::{ReviewFilter, ReviewRelation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    answer,
    view::{ReviewDetailView, ReviewStateName, ReviewView},
};
use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query},
    precondition::Versioned,
    problem::Result,
};

/// Reviews of one call.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallReviews {
    #[serde(flatten)]
    list: List<ReviewView>,
    /// Whether the caller has an open review of this call, so that everybody else's are kept from them.
    blind: bool,
}

/// What the caller has to do with a review.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Relation {
    /// They wrote it.
    ByMe,
    /// It is about a call of theirs.
    OfMe,
}

/// Which reviews to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// That the caller wrote, or that are about calls of theirs; both unless given.
    #[param(inline)]
    relation: Option<Relation>,
    /// In this state.
    #[param(value_type = Option<ReviewStateName>)]
    state: Option<ReviewState>,
    /// Made with this rubric.
    #[param(value_type = Option<String>)]
    rubric_id: Option<RubricId>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Reviews of a call that the caller may see, the newest first.
#[utoipa::path(
    get, path = "/calls/{id}/reviews", operation_id = "listCallReviews", tag = "reviews",
    params(("id" = String, Path, description = "Id of the call"), PageQuery),
    responses((status = 200, body = CallReviews))
)]
pub(super) async fn of_call(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<CallReviews>> {
    visible_call(&state, &current, &id).await?;
    let me = &current.viewer.user_id;
    let blind = state.store.review_is_open(me, &id).await?;
    let filter = ReviewFilter {
        call_id: Some(id),
        ..ReviewFilter::default()
    };
    let visible = policy::visible_calls(&current.viewer);
    let reviews = state
        .store
        .review_list(me, &visible, &filter, &page.request()?)
        .await?;
    Ok(Json(CallReviews {
        list: List::from_page(reviews),
        blind,
    }))
}

/// The caller's reviews, and reviews of their calls that they may see, the newest first.
#[utoipa::path(
    get, path = "/reviews", operation_id = "listReviews", tag = "reviews", params(Filter),
    responses((status = 200, body = List<ReviewView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
    Query(query): Query<Filter>,
) -> Result<Json<List<ReviewView>>> {
    let page = PageQuery {
        limit: query.limit,
        after: query.after,
    };
    let relation = match query.relation {
        Some(Relation::ByMe) => ReviewRelation::By,
        Some(Relation::OfMe) => ReviewRelation::Of,
        None => ReviewRelation::ByOrOf,
    };
    let filter = ReviewFilter {
        call_id: None,
        relation: Some(relation),
        state: query.state,
        rubric_id: query.rubric_id,
    };
    let visible = policy::visible_calls(&current.viewer);
    let me = &current.viewer.user_id;
    let reviews = state
        .store
        .review_list(me, &visible, &filter, &page.request()?)
        .await?;
    Ok(Json(List::from_page(reviews)))
}

/// A review with its rubric, scores, result and history.
#[utoipa::path(
    get, path = "/reviews/{id}", operation_id = "getReview", tag = "reviews",
    params(("id" = String, Path, description = "Id of the review")),
    responses((
        status = 200, body = ReviewDetailView, headers(("ETag" = String, description = "For If-Match"))
    ))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<ReviewId>,
) -> Result<Versioned<ReviewDetailView>> {
    answer(&state, &current, &id).await
}
