//! Taking data along: a call with all that was said about it, a person's own data.

mod call;
mod person;

use axum::response::{IntoResponse, Response};
use gametape_core::{
    call::Call,
    page::{MAX_LIMIT, PageRequest},
    policy::{self, Viewer},
};
use gametape_store::ReviewFilter;
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use super::reviews::ReviewDetailView;
use crate::{ApiState, extract::Json, problem::Result, wrap::compressed};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(call::call).layer(compressed()))
        .routes(routes!(person::me).layer(compressed()))
}

/// For administrators.
pub(crate) fn admin_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(person::user).layer(compressed()))
}

/// The first page of as many as a list gives at once.
fn first_page<C>() -> PageRequest<C> {
    PageRequest {
        after: None,
        limit: MAX_LIMIT,
    }
}

/// All reviews that `viewer` may see and that the filter lets through, as they see them.
async fn reviews(state: &ApiState, viewer: &Viewer, filter: &ReviewFilter) -> Result<Vec<ReviewDetailView>> {
    let visible = policy::visible_calls(viewer);
    let mut views = Vec::new();
    let mut known: Option<Call> = None;
    let mut page = first_page();
    loop {
        let found = state
            .store
            .review_list(&viewer.user_id, &visible, filter, &page)
            .await?;
        for line in found.items {
            let call_id = &line.review.call_id;
            if known.as_ref().is_none_or(|call| call.id != *call_id) {
                known = state.store.call_get(call_id).await?;
            }
            // What was deleted while the list was read is left out.
            let detail = state.store.review_read(&line.review.id).await?;
            if let (Some(call), Some(detail)) = (&known, detail) {
                views.push(ReviewDetailView::new(detail, call, viewer));
            }
        }
        page.after = found.next;
        if page.after.is_none() {
            return Ok(views);
        }
    }
}

/// An answer that a browser saves as a file.
fn file(name: &str, body: impl Serialize) -> Response {
    let mut response = Json(body).into_response();
    // The name is made of letters, digits and a few signs alone.
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}.json\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
