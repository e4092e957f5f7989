//! Forgetting a person; for administrators.

use axum::extract::State;
use gametape_core::{id::UserId, page::PageRequest, policy::VisibleCalls};
use gametape_store::{CallFilter, UserPatch};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Json},
    problem::{Code, Problem, Result},
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(erase))
}

/// What becomes of the calls of somebody who is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[schema(as = ErasedCalls)]
#[serde(rename_all = "snake_case")]
enum Calls {
    /// They are deleted, with their recordings and all that was said about them.
    Delete,
    /// They stay, without the person's name; the recording still holds their voice.
    Keep,
}

/// How to forget a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EraseUser {
    /// What becomes of their calls.
    calls: Calls,
}

/// Forgets a person, for good: their name, address, sessions, tokens, notes to themselves, drafts and reactions are
/// deleted; comments and reviews that others saw keep their place without a name.
#[utoipa::path(
    post, path = "/users/{id}/erase", operation_id = "eraseUser", tag = "people",
    params(("id" = String, Path, description = "Id of the person")),
    request_body = EraseUser,
    responses((status = 204, description = "They are forgotten"))
)]
pub(super) async fn erase(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<UserId>,
    Json(body): Json<EraseUser>,
) -> Result<StatusCode> {
    if id == current.viewer.user_id {
        return Err(Problem::new(
            Code::Conflict,
            "nobody can erase their own account: ask another administrator",
        ));
    }
    let actor = current.actor();
    let missing = || Problem::not_found("user");
    let user = state.store.user_get(&id).await?.ok_or_else(missing)?;
    if body.calls == Calls::Delete {
        let held = CallFilter {
            owner: Some(id.clone()),
            held: Some(true),
            ..CallFilter::default()
        };
        let page = PageRequest::default();
        if let Some(call) = state
            .store
            .call_list(&VisibleCalls::All, &held, &page)
            .await?
            .items
            .first()
        {
            return Err(Problem::new(
                Code::CallHeld,
                format!(
                    "calls of theirs are held, {} among them: release them first, or keep the calls",
                    call.id
                ),
            ));
        }
    }
    // First of all they are kept out, so that nothing new comes while the rest goes.
    if user.disabled_at.is_none() {
        let patch = UserPatch {
            disabled: Some(true),
            ..UserPatch::default()
        };
        state.store.user_update(&actor, &id, patch).await?;
    }
    if body.calls == Calls::Delete {
        let filter = CallFilter {
            owner: Some(id.clone()),
            ..CallFilter::default()
        };
        loop {
            let page = state
                .store
                .call_list(&VisibleCalls::All, &filter, &PageRequest::default())
                .await?;
            if page.items.is_empty() {
                break;
            }
            for call in page.items {
                state.store.call_delete(&actor, &call.id).await?;
            }
        }
    }
    state.store.person_erase(&id, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
