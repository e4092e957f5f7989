//! A person's own data, for themselves and, when they ask for it, through an administrator.

use axum::{extract::State, response::Response};
use gametape_core::{audit::AuditAction, id::UserId, policy::Viewer, policy::VisibleCalls, user::User};
use gametape_store::{CallFilter, MAX_COMMENTS, NewAudit, ReviewFilter, ReviewRelation};
use serde::Serialize;
use utoipa::ToSchema;

use super::{file, first_page, reviews};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::Id,
    problem::{Problem, Result},
    v1::{calls::view::CallView, comments::CommentView, reviews::ReviewDetailView, users::UserView},
};

/// What is kept of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonExport {
    /// When it was exported, in milliseconds since 1970.
    exported_at: i64,
    /// Their account.
    user: UserView,
    /// The teams that they are in.
    team_ids: Vec<String>,
    /// Their calls. The words of each are at `/calls/{id}/export`, its recording at `/calls/{id}/audio`.
    calls: Vec<CallView>,
    /// Comments and answers that they wrote, the oldest first.
    comments: Vec<CommentView>,
    /// Reviews that they wrote, and reviews of their calls that they may see, the newest first.
    reviews: Vec<ReviewDetailView>,
}

/// The caller's own data as one file.
#[utoipa::path(
    get, path = "/me/export", operation_id = "exportMe", tag = "people",
    responses((status = 200, body = PersonExport))
)]
pub(super) async fn me(State(state): State<ApiState>, current: CurrentUser) -> Result<Response> {
    let user = current.user.clone();
    export(&state, &current, user).await
}

/// A person's data as one file, as they would get it themselves; for administrators.
#[utoipa::path(
    get, path = "/users/{id}/export", operation_id = "exportUser", tag = "people",
    params(("id" = String, Path, description = "Id of the person")),
    responses((status = 200, body = PersonExport))
)]
pub(super) async fn user(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<UserId>,
) -> Result<Response> {
    let found = state.store.user_get(&id).await?;
    let user = found.ok_or_else(|| Problem::not_found("user"))?;
    export(&state, &current, user).await
}

async fn export(state: &ApiState, current: &CurrentUser, user: User) -> Result<Response> {
    let entry = NewAudit::of(AuditAction::UserExport, "user", user.id.as_str());
    state.store.audit_write(&current.actor(), entry).await?;
    let viewer = Viewer {
        team_ids: state.store.user_team_ids(&user.id).await?,
        user_id: user.id.clone(),
        role: user.role,
    };
    let theirs = ReviewFilter {
        relation: Some(ReviewRelation::ByOrOf),
        ..ReviewFilter::default()
    };
    let name = user.id.to_string();
    let export = PersonExport {
        exported_at: state.now_ms(),
        calls: calls(state, &user.id).await?,
        comments: comments(state, &user).await?,
        reviews: reviews(state, &viewer, &theirs).await?,
        team_ids: viewer.team_ids.into_iter().map(Into::into).collect(),
        user: user.into(),
    };
    Ok(file(&name, export))
}

async fn calls(state: &ApiState, owner: &UserId) -> Result<Vec<CallView>> {
    let filter = CallFilter {
        owner: Some(owner.clone()),
        ..CallFilter::default()
    };
    let mut views = Vec::new();
    let mut page = first_page();
    loop {
        let found = state.store.call_list(&VisibleCalls::All, &filter, &page).await?;
        views.extend(found.items.into_iter().map(CallView::from));
        page.after = found.next;
        if page.after.is_none() {
            return Ok(views);
        }
    }
}

async fn comments(state: &ApiState, author: &User) -> Result<Vec<CommentView>> {
    let names = [(author.id.clone(), author.name.clone())].into();
    let mut views = Vec::new();
    let mut page = first_page();
    page.limit = MAX_COMMENTS;
    loop {
        let found = state.store.comment_by_author(&author.id, &page).await?;
        views.extend(found.items.into_iter().map(|it| CommentView::new(it, &names)));
        page.after = found.next;
        if page.after.is_none() {
            return Ok(views);
        }
    }
}
