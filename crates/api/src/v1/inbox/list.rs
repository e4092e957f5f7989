//! The inbox itself: reading it, and what was read.

use axum::extract::State;
use gametape_core::{id::NoticeId, inbox::NoticeFilter, policy};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::NoticeView;
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query},
    problem::Result,
};

/// What waits for the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Inbox {
    #[serde(flatten)]
    list: List<NoticeView>,
    /// How much of all of it the caller has not read.
    unread: i64,
}

/// Which part of the inbox.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only what the caller has not read.
    unread: Option<bool>,
    /// Only what still asks something of the caller.
    waiting: Option<bool>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// What the caller is told, the newest first. What is gone, and what they may not see just now, is left out: so
/// is a review that they received while they review the same call themselves.
#[utoipa::path(
    get, path = "/inbox", operation_id = "listInbox", tag = "inbox", params(Wanted),
    responses((status = 200, body = Inbox))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Inbox>> {
    let page = PageQuery {
        limit: wanted.limit,
        after: wanted.after,
    };
    let filter = NoticeFilter {
        unread: wanted.unread.unwrap_or(false),
        waiting: wanted.waiting.unwrap_or(false),
    };
    let me = &current.viewer.user_id;
    let visible = policy::visible_calls(&current.viewer);
    let notices = state
        .store
        .inbox_list(me, &visible, filter, &page.request()?)
        .await?;
    Ok(Json(Inbox {
        list: List::from_page(notices),
        unread: state.store.inbox_unread(me, &visible).await?,
    }))
}

/// Marks a notice as read.
#[utoipa::path(
    put, path = "/inbox/{id}/read", operation_id = "readNotice", tag = "inbox",
    params(("id" = String, Path, description = "Id of the notice")),
    responses((status = 204, description = "It is marked"))
)]
pub(super) async fn read(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<NoticeId>,
) -> Result<StatusCode> {
    let me = &current.viewer.user_id;
    state.store.inbox_set_read(me, &id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks a notice as not read.
#[utoipa::path(
    delete, path = "/inbox/{id}/read", operation_id = "unreadNotice", tag = "inbox",
    params(("id" = String, Path, description = "Id of the notice")),
    responses((status = 204, description = "It is marked"))
)]
pub(super) async fn unread(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<NoticeId>,
) -> Result<StatusCode> {
    let me = &current.viewer.user_id;
    state.store.inbox_set_read(me, &id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks the whole inbox as read.
#[utoipa::path(
    post, path = "/inbox/read-all", operation_id = "readInbox", tag = "inbox",
    responses((status = 204, description = "All of it is marked"))
)]
pub(super) async fn read_all(State(state): State<ApiState>, current: CurrentUser) -> Result<StatusCode> {
    state.store.inbox_read_all(&current.viewer.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
