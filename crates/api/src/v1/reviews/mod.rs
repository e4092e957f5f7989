//! Reviews: scorecards that people fill in for calls.

mod change;
mod export;
mod read;
mod result_view;
mod score;
mod step;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::view::ReviewDetailView;
use crate::{ApiState, access::visible_review, auth::CurrentUser, precondition::Versioned, problem::Result};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(read::of_call, change::create))
        .routes(routes!(read::list))
        .routes(routes!(export::csv))
        .routes(routes!(read::get, change::update))
        .routes(routes!(score::set, score::unset))
        .routes(routes!(score::add_evidence))
        .routes(routes!(score::remove_evidence))
        .routes(routes!(step::submit))
        .routes(routes!(step::release))
        .routes(routes!(step::withdraw))
        .routes(routes!(step::reopen))
        .routes(routes!(step::respond))
}

/// A review as the caller sees it after they changed it.
async fn answer(
    state: &ApiState,
    current: &CurrentUser,
    id: &gametape_core::id::ReviewId,
) -> Result<Versioned<ReviewDetailView>> {
    let (detail, call) = visible_review(state, current, id).await?;
    let version = detail.review.version;
    Ok(Versioned::ok(
        version,
        ReviewDetailView::new(detail, &call, &current.viewer),
    ))
}
