//! Reactions to comments, and whether they are settled.

use axum::extract::State;
use gametape_core::{comment::REACTIONS, id::CommentId};

use super::{answer, seen, view::CommentView};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Ids},
    precondition::Versioned,
    problem::{Problem, Result},
};

async fn set(
    state: &ApiState,
    current: &CurrentUser,
    id: &CommentId,
    reaction: &str,
    given: bool,
) -> Result<Versioned<CommentView>> {
    seen(state, current, id).await?;
    if !REACTIONS.contains(&reaction) {
        return Err(Problem::invalid_value(format!(
            "reaction must be one of {}",
            REACTIONS.join(" ")
        )));
    }
    let who = &current.viewer.user_id;
    answer(state, state.store.comment_react(id, who, reaction, given).await?).await
}

/// Reacts to a comment or an answer, once for each reaction and person.
#[utoipa::path(
    put, path = "/comments/{id}/reactions/{reaction}", operation_id = "addReaction", tag = "comments",
    params(
        ("id" = String, Path, description = "Id of the comment"),
        ("reaction" = String, Path, description = "One of 👍 👏 🎉 💡 🙏 😄 🤔 👀", example = "👍"),
    ),
    responses((status = 200, body = CommentView))
)]
pub(super) async fn react(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, reaction): Ids<CommentId, String>,
) -> Result<Versioned<CommentView>> {
    set(&state, &current, &id, &reaction, true).await
}

/// Takes the caller's own reaction back.
#[utoipa::path(
    delete, path = "/comments/{id}/reactions/{reaction}", operation_id = "removeReaction", tag = "comments",
    params(
        ("id" = String, Path, description = "Id of the comment"),
        ("reaction" = String, Path, description = "One of 👍 👏 🎉 💡 🙏 😄 🤔 👀", example = "👍"),
    ),
    responses((status = 200, body = CommentView))
)]
pub(super) async fn take_back(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, reaction): Ids<CommentId, String>,
) -> Result<Versioned<CommentView>> {
    set(&state, &current, &id, &reaction, false).await
}

/// Says that what a comment asks for is settled; for everybody who sees it.
#[utoipa::path(
    post, path = "/comments/{id}/resolve", operation_id = "resolveComment", tag = "comments",
    params(("id" = String, Path, description = "Id of the comment; answers can't be settled")),
    responses((status = 200, body = CommentView))
)]
pub(super) async fn resolve(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CommentId>,
) -> Result<Versioned<CommentView>> {
    seen(&state, &current, &id).await?;
    let by = Some(&current.viewer.user_id);
    answer(&state, state.store.comment_resolve(&id, by).await?).await
}

/// Says that a comment is open again.
#[utoipa::path(
    post, path = "/comments/{id}/reopen", operation_id = "reopenComment", tag = "comments",
    params(("id" = String, Path, description = "Id of the comment")),
    responses((status = 200, body = CommentView))
)]
pub(super) async fn reopen(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CommentId>,
) -> Result<Versioned<CommentView>> {
    seen(&state, &current, &id).await?;
    answer(&state, state.store.comment_resolve(&id, None).await?).await
}
