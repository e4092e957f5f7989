//! Reading calls.

use axum::extract::State;
use gametape_core::{
    call::CallState,
    id::{CallId, UserId},
    policy,
};
use gametape_store::CallFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{CallStateName, CallView};
use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query},
    precondition::Versioned,
    problem::{Code, Problem, Result},
};

/// Which calls to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// In this state.
    #[param(value_type = Option<CallStateName>)]
    state: Option<CallState>,
    /// Whose title contains this, without regard to case.
    q: Option<String>,
    /// Of this person.
    #[param(value_type = Option<String>)]
    owner: Option<UserId>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// The calls that the caller may see, the newest first.
#[utoipa::path(
    get, path = "/calls", operation_id = "listCalls", tag = "calls", params(Filter),
    responses((status = 200, body = List<CallView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
    Query(query): Query<Filter>,
) -> Result<Json<List<CallView>>> {
    let page = PageQuery {
        limit: query.limit,
        after: query.after,
    };
    let text = query
        .q
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| text.chars().count() > 200) {
        return Err(Problem::new(
            Code::InvalidValue,
            "q must have 200 characters at most",
        ));
    }
    let filter = CallFilter {
        state: query.state,
        owner: query.owner,
        text,
    };
    let visible = policy::visible_calls(&current.viewer);
    let calls = state.store.call_list(&visible, &filter, &page.request()?).await?;
    Ok(Json(List::from_page(calls)))
}

/// A call.
#[utoipa::path(
    get, path = "/calls/{id}", operation_id = "getCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = CallView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Versioned<CallView>> {
    let call = visible_call(&state, &current, &id).await?;
    Ok(Versioned::ok(call.updated_at, call.into()))
}
