//! Writing, changing and deleting comments.

use axum::extract::State;
use gametape_core::{
    comment::CommentText,
    id::{CallId, CommentId},
    policy,
};
use gametape_store::{CommentPatch, NewComment, NewReply};
use http::StatusCode;

use super::{
    answer, author,
    body::{self, CreateComment, CreateReply, UpdateComment},
    seen,
    view::CommentView,
};
use crate::{
    ApiState,
    access::{forbidden, visible_call},
    auth::CurrentUser,
    extract::{Id, Json},
    precondition::{IfMatch, Versioned},
    problem::{Code, Problem, Result},
};

/// Comments on a call, or on a place in it: then the words that are said there are quoted.
#[utoipa::path(
    post, path = "/calls/{id}/comments", operation_id = "createComment", tag = "comments",
    params(("id" = String, Path, description = "Id of the call")),
    request_body = CreateComment,
    responses((status = 201, body = CommentView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Json(body): Json<CreateComment>,
) -> Result<Versioned<CommentView>> {
    let call = visible_call(&state, &current, &id).await?;
    let place = body::place((body.start_ms, body.end_ms, body.channel), &call)?;
    let mentions = body::mentions(&state, &call, None, &body.mentions, &[]).await?;
    body::fits_audience(body.audience.into(), &mentions)?;
    let text = body::text(CommentText {
        kind: body.kind.into(),
        body: body.body,
        situation: body.situation,
        behaviour: body.behaviour,
        impact: body.impact,
    })?;
    let new = NewComment {
        call_id: id,
        author_id: author(&current),
        place,
        text,
        audience: body.audience.into(),
        mentions,
    };
    let comment = state.store.comment_create(new).await?;
    created(&state, comment).await
}

/// Answers a comment. Whoever sees the comment sees the answer.
#[utoipa::path(
    post, path = "/comments/{id}/replies", operation_id = "createReply", tag = "comments",
    params(("id" = String, Path, description = "Id of the comment; answers can't be answered")),
    request_body = CreateReply,
    responses((status = 201, body = CommentView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn reply(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CommentId>,
    Json(body): Json<CreateReply>,
) -> Result<Versioned<CommentView>> {
    let parent = seen(&state, &current, &id).await?;
    let mentions = body::mentions(&state, &parent.call, Some(parent.root()), &body.mentions, &[]).await?;
    let text = body::text(CommentText {
        kind: body.kind.into(),
        body: body.body,
        situation: body.situation,
        behaviour: body.behaviour,
        impact: body.impact,
    })?;
    let new = NewReply {
        parent_id: id,
        author_id: author(&current),
        text,
        mentions,
    };
    let comment = state.store.comment_reply(new).await?;
    created(&state, comment).await
}

async fn created(
    state: &ApiState,
    comment: gametape_core::comment::Comment,
) -> Result<Versioned<CommentView>> {
    let answer = answer(state, comment).await?;
    Ok(Versioned::created(answer.version, answer.body))
}

/// Changes what a comment or an answer says, or where a comment is; for its author. What it said before stays in
/// its history. Put where it is already, a comment that has to be checked is confirmed. With If-Match, only if it was not changed meanwhile.
#[utoipa::path(
    patch, path = "/comments/{id}", operation_id = "updateComment", tag = "comments",
    params(
        ("id" = String, Path, description = "Id of the comment"),
        ("If-Match" = Option<String>, Header, description = "ETag of the comment as it was read"),
    ),
    request_body = UpdateComment,
    responses((status = 200, body = CommentView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CommentId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<UpdateComment>,
) -> Result<Versioned<CommentView>> {
    let it = seen(&state, &current, &id).await?;
    if !policy::may_edit_comment(&current.viewer, &it.comment) {
        return Err(forbidden("only its author may change a comment"));
    }
    if it.comment.deleted_at.is_some() {
        return Err(Problem::new(Code::Conflict, "the comment was deleted"));
    }
    let before = &it.comment.mentions;
    let wanted = body.mentions.as_ref().unwrap_or(before);
    let mentions = body::mentions(&state, &it.call, it.parent.as_ref(), wanted, before).await?;
    if it.parent.is_none() {
        body::fits_audience(it.comment.audience, &mentions)?;
    }
    let place = body::place((body.start_ms, body.end_ms, body.channel), &it.call)?;
    if place.is_some() && it.parent.is_some() {
        return Err(Problem::invalid_value("an answer has no place of its own"));
    }
    let patch = CommentPatch {
        place,
        text: body::text(body.applied_to(&it.comment.text))?,
        mentions,
        // What is left out was taken from this version.
        if_version: Some(if_version.unwrap_or(it.comment.version)),
    };
    answer(&state, state.store.comment_edit(&id, patch).await?).await
}

/// Deletes a comment or an answer; for its author and administrators. What it said is gone; it stays as an empty
/// place while it has answers.
#[utoipa::path(
    delete, path = "/comments/{id}", operation_id = "deleteComment", tag = "comments",
    params(("id" = String, Path, description = "Id of the comment")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CommentId>,
) -> Result<StatusCode> {
    let it = seen(&state, &current, &id).await?;
    if !policy::may_delete_comment(&current.viewer, &it.comment) {
        return Err(forbidden(
            "only its author and administrators may delete a comment",
        ));
    }
    state.store.comment_delete(&id, &current.actor()).await?;
    Ok(StatusCode::NO_CONTENT)
}
