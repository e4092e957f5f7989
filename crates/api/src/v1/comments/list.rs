//! Reading comments, in the form that is asked for.

use std::collections::HashMap;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use gametape_core::{
    call::Call,
    comment::Thread,
    comment_export::CommentExport,
    id::{CallId, CommentId, UserId},
    page::{Page, PageRequest},
};
use gametape_store::MAX_COMMENTS;
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    answer, seen,
    view::{CommentVersionView, CommentView, ThreadView},
};
use crate::{
    ApiState,
    accept::preferred,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query},
    precondition::Versioned,
    problem::{Problem, Result},
};

const DEFAULT_LIMIT: u32 = 200;
const JSON_LD: &str = "application/ld+json; profile=\"http://www.w3.org/ns/anno.jsonld\"";

/// Which comments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// The most comments to return, 1 to 2,000, answers not counted; 200 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

impl Wanted {
    fn request(self) -> Result<PageRequest> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_COMMENTS).contains(&limit) {
            return Err(Problem::invalid_value(format!(
                "limit must be between 1 and {MAX_COMMENTS}"
            )));
        }
        let after = self.after;
        let page = PageQuery { limit: None, after }.request()?;
        Ok(PageRequest { limit, ..page })
    }
}

/// Forms of a list of comments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Vtt,
    JsonLd,
}

/// Comments of a call that the caller may see, the oldest first, each with its answers. As `WebVTT` (a metadata
/// track with JSON in its cues) and as W3C Web Annotations they come all at once.
#[utoipa::path(
    get, path = "/calls/{id}/comments", operation_id = "listComments", tag = "comments",
    params(
        ("id" = String, Path, description = "Id of the call"), Wanted,
        ("Accept" = Option<String>, Header, description = "application/json, text/vtt or application/ld+json"),
    ),
    responses((status = 200, content(
        (List<ThreadView> = "application/json"), (String = "text/vtt"), (Object = "application/ld+json"),
    )))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response> {
    let call = visible_call(&state, &current, &id).await?;
    let offered = [("text/vtt", Form::Vtt), ("application/ld+json", Form::JsonLd)];
    let page = wanted.request()?;
    let mut response = match preferred(&headers, &offered, Form::Json) {
        Form::Json => {
            let viewer = &current.viewer.user_id;
            let page = state.store.comment_list(&id, viewer, &page).await?;
            let names = names(&state, &page.items).await?;
            let threads = page
                .items
                .into_iter()
                .map(|thread| ThreadView::new(thread, &names));
            let page = Page {
                items: threads.collect(),
                next: page.next,
            };
            Json(List::<ThreadView>::from_page(page)).into_response()
        }
        form => export(&state, &current, &call, form).await?,
    };
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().append(header::VARY, vary);
    Ok(response)
}

/// What the authors of these comments are called.
async fn names(state: &ApiState, threads: &[Thread]) -> Result<HashMap<UserId, String>> {
    let comments = threads
        .iter()
        .flat_map(|thread| std::iter::once(&thread.comment).chain(&thread.replies));
    let mut ids: Vec<UserId> = comments.map(|comment| comment.author_id.clone()).collect();
    ids.sort();
    ids.dedup();
    Ok(state.store.user_names(&ids).await?)
}

/// All comments of a call that somebody may see who sees the call.
async fn all_threads(state: &ApiState, viewer: &UserId, call_id: &CallId) -> Result<Vec<Thread>> {
    let mut threads = Vec::new();
    let mut page = PageRequest {
        after: None,
        limit: MAX_COMMENTS,
    };
    loop {
        let found = state.store.comment_list(call_id, viewer, &page).await?;
        threads.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return Ok(threads);
        }
    }
}

/// The same as answers.
pub(crate) async fn all_views(
    state: &ApiState,
    viewer: &UserId,
    call_id: &CallId,
) -> Result<Vec<ThreadView>> {
    let threads = all_threads(state, viewer, call_id).await?;
    let names = names(state, &threads).await?;
    let views = threads.into_iter().map(|thread| ThreadView::new(thread, &names));
    Ok(views.collect())
}

/// All comments that the caller may see, for another program.
async fn export(state: &ApiState, current: &CurrentUser, call: &Call, form: Form) -> Result<Response> {
    let threads = all_threads(state, &current.viewer.user_id, &call.id).await?;
    let export = CommentExport {
        call_url: &format!("/api/v1/calls/{}", call.id),
        title: &call.title,
        threads: &threads,
        names: &names(state, &threads).await?,
    };
    let (body, content_type) = match form {
        Form::Vtt => (export.to_vtt(), "text/vtt; charset=utf-8"),
        Form::Json | Form::JsonLd => (export.to_json_ld().to_string(), JSON_LD),
    };
    Ok(([(header::CONTENT_TYPE, content_type)], body).into_response())
}

/// A comment or an answer.
#[utoipa::path(
    get, path = "/comments/{id}", operation_id = "getComment", tag = "comments",
    params(("id" = String, Path, description = "Id of the comment")),
    responses((status = 200, body = CommentView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CommentId>,
) -> Result<Versioned<CommentView>> {
    let it = seen(&state, &current, &id).await?;
    answer(&state, it.comment).await
}

/// What a comment or an answer said, the oldest first, up to what it says now; nothing once it is deleted.
#[utoipa::path(
    get, path = "/comments/{id}/versions", operation_id = "listCommentVersions", tag = "comments",
    params(("id" = String, Path, description = "Id of the comment")),
    responses((status = 200, body = List<CommentVersionView>))
)]
pub(super) async fn versions(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CommentId>,
) -> Result<Json<List<CommentVersionView>>> {
    seen(&state, &current, &id).await?;
    let versions = state.store.comment_versions(&id).await?;
    Ok(Json(List::whole(versions.into_iter().map(Into::into).collect())))
}
