//! Comments on calls, answers to them, and templates.

mod body;
mod list;
mod react;
mod templates;
mod view;
mod write;

use gametape_core::{
    call::Call,
    comment::Comment,
    id::{CommentId, UserId},
    policy,
};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

pub(crate) use list::all_views;
pub(crate) use view::{AnchorStatusName, CommentView, ThreadView};

use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    precondition::Versioned,
    problem::{Code, Problem, Result},
    wrap::compressed,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, write::create).layer(compressed()))
        .routes(routes!(list::get, write::update, write::delete))
        .routes(routes!(list::versions))
        .routes(routes!(write::reply))
        .routes(routes!(react::react, react::take_back))
        .routes(routes!(react::resolve))
        .routes(routes!(react::reopen))
        .routes(routes!(templates::list, templates::create))
        .routes(routes!(templates::update, templates::delete))
}

/// A comment or an answer that the caller may see.
struct Seen {
    call: Call,
    comment: Comment,
    /// The comment that an answer belongs to.
    parent: Option<Comment>,
}

impl Seen {
    /// The comment that decides who sees this.
    fn root(&self) -> &Comment {
        self.parent.as_ref().unwrap_or(&self.comment)
    }
}

/// The comment, if the caller may see it.
async fn seen(state: &ApiState, current: &CurrentUser, id: &CommentId) -> Result<Seen> {
    let missing = || Problem::not_found("comment");
    let comment = state.store.comment_get(id).await?.ok_or_else(missing)?;
    let call = visible_call(state, current, &comment.call_id).await;
    let call = call.map_err(|problem| match problem.code() {
        Code::NotFound => missing(),
        _ => problem,
    })?;
    let parent = match &comment.parent_id {
        Some(parent_id) => Some(state.store.comment_get(parent_id).await?.ok_or_else(missing)?),
        None => None,
    };
    let seen = Seen {
        call,
        comment,
        parent,
    };
    if policy::may_see_comment(&current.viewer, seen.root()) {
        Ok(seen)
    } else {
        Err(missing())
    }
}

/// The caller, without whom nothing here is written.
fn author(current: &CurrentUser) -> UserId {
    current.viewer.user_id.clone()
}

/// A comment as an answer.
async fn answer(state: &ApiState, comment: Comment) -> Result<Versioned<CommentView>> {
    let names = state
        .store
        .user_names(std::slice::from_ref(&comment.author_id))
        .await?;
    Ok(Versioned::ok(comment.version, CommentView::new(comment, &names)))
}
