//! The caller's own account.

use axum::extract::State;
use gametape_core::user::Scope;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{session, tokens::ScopeName, users::UserView};
use crate::{
    ApiState,
    auth::{Credential, CurrentUser},
    extract::Json,
    problem::{Code, Problem, Result},
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(me))
        .routes(routes!(set_password))
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    #[serde(flatten)]
    user: UserView,
    /// The teams that the person is in.
    team_ids: Vec<String>,
    /// What the credential allows: a session everything that the person may do.
    scope: ScopeName,
}

/// Who asks, and what they may do.
#[utoipa::path(
    get, path = "/me", operation_id = "getMe", tag = "people",
    responses((status = 200, body = Me))
)]
pub(super) async fn me(current: CurrentUser) -> Json<Me> {
    let scope = match current.credential {
        Credential::Session(_) => Scope::Admin,
        Credential::Token { scope, .. } => scope,
    };
    Json(Me {
        user: current.user.into(),
        team_ids: current.viewer.team_ids.into_iter().map(Into::into).collect(),
        scope: scope.into(),
    })
}

/// Another password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    /// The password so far.
    old_password: String,
    /// The password from now on: 10 to 256 characters.
    new_password: String,
}

/// Changes the caller's password; all their browsers are signed out.
#[utoipa::path(
    put, path = "/me/password", operation_id = "changePassword", tag = "people",
    request_body = ChangePassword,
    responses((status = 204, description = "Changed; sign in again"))
)]
pub(super) async fn set_password(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode> {
    if !matches!(current.credential, Credential::Session(_)) {
        return Err(Problem::new(
            Code::Forbidden,
            "sign in with a browser to change a password",
        ));
    }
    let account = current.user.email.as_str();
    if let Some(wait_ms) = state.throttle.wait_ms(account, None, state.now_ms()) {
        return Err(session::too_many(wait_ms));
    }
    state.throttle.begin(account, None, state.now_ms());
    let found = state.store.user_find_by_email(account).await?;
    let hash = found.map(|(_, hash)| hash);
    if !state.passwords.verify(body.old_password, hash).await? {
        return Err(Problem::new(Code::Forbidden, "old_password is wrong"));
    }
    state.throttle.succeeded(account, None);
    let hash = state.passwords.hash(body.new_password).await?;
    state
        .store
        .user_set_password(&current.actor(), &current.user.id, &hash)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
