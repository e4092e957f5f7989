//! API tokens of the caller.

use axum::{Extension, extract::State};
use gametape_core::{id::TokenId, policy, user::Scope};
use gametape_store::{NewToken, Token};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    auth::{CurrentUser, secret::Secret},
    extract::{Id, Json, List},
    idempotency::ShownOnce,
    problem::{Code, Problem, Result},
    validate,
};

/// Tokens of one person that work.
const MAX_TOKENS: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(revoke))
}

/// What a token may do; each includes the ones before it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Scope)]
#[serde(rename_all = "snake_case")]
pub(super) enum ScopeName {
    /// Read everything its owner may see.
    Read,
    /// Change everything its owner may change.
    Write,
    /// Do what only administrators may do, if its owner is one.
    Admin,
}

impl From<Scope> for ScopeName {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Admin => Self::Admin,
        }
    }
}

impl From<ScopeName> for Scope {
    fn from(name: ScopeName) -> Self {
        match name {
            ScopeName::Read => Self::Read,
            ScopeName::Write => Self::Write,
            ScopeName::Admin => Self::Admin,
        }
    }
}

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(super) struct TokenView {
    /// Which.
    id: String,
    /// What it is for.
    name: String,
    /// What it may do.
    scope: ScopeName,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
    /// When it was last used, give or take a minute.
    last_used_at: Option<i64>,
    /// When it stops working; null for never.
    expires_at: Option<i64>,
    /// When it was revoked.
    revoked_at: Option<i64>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.into(),
            name: token.name,
            scope: token.scope.into(),
            created_at: token.created_at,
            last_used_at: token.last_used_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
        }
    }
}

/// A new token with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedToken {
    #[serde(flatten)]
    info: TokenView,
    /// The secret, for `Authorization: Bearer`.
    #[schema(example = "gt_…")]
    token: String,
}

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateToken {
    /// What it is for.
    name: String,
    /// What it may do.
    scope: ScopeName,
    /// When it stops working, in milliseconds since 1970; never unless given.
    expires_at: Option<i64>,
}

/// The caller's tokens, the oldest first.
#[utoipa::path(
    get, path = "/tokens", operation_id = "listTokens", tag = "people",
    responses((status = 200, body = List<TokenView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
) -> Result<Json<List<TokenView>>> {
    let tokens = state.store.token_list(&current.viewer.user_id).await?;
    Ok(Json(List::whole(tokens.into_iter().map(Into::into).collect())))
}

/// Makes a token for the caller.
#[utoipa::path(
    post, path = "/tokens", operation_id = "createToken", tag = "people", request_body = CreateToken,
    responses((status = 201, body = CreatedToken))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<CreateToken>,
) -> Result<(StatusCode, Extension<ShownOnce>, Json<CreatedToken>)> {
    let scope = Scope::from(body.scope);
    if !current.credential.covers(scope) {
        return Err(Problem::new(
            Code::InsufficientScope,
            "a token can't make one that may do more",
        ));
    }
    if scope == Scope::Admin && !policy::may_administer(&current.viewer) {
        return Err(Problem::new(
            Code::Forbidden,
            "only administrators may have tokens with the scope admin",
        ));
    }
    let expires_at = body
        .expires_at
        .map(|time| validate::time_ms("expires_at", time))
        .transpose()?;
    if expires_at.is_some_and(|time| time <= state.now_ms()) {
        return Err(Problem::invalid_value("expires_at is over already"));
    }
    check_count(&state, &current).await?;
    let secret = Secret::api_token();
    let new = NewToken {
        user_id: current.viewer.user_id.clone(),
        name: validate::line("name", &body.name, 100)?,
        token_hash: secret.hash.clone(),
        scope,
        expires_at,
    };
    let token = state.store.token_create(&current.actor(), new).await?;
    let created = CreatedToken {
        info: token.into(),
        token: secret.text,
    };
    Ok((StatusCode::CREATED, Extension(ShownOnce), Json(created)))
}

/// Refuses one more token to somebody who has plenty that work.
async fn check_count(state: &ApiState, current: &CurrentUser) -> Result<()> {
    let now = state.now_ms();
    let tokens = state.store.token_list(&current.viewer.user_id).await?;
    let works = |token: &&Token| token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > now);
    if tokens.iter().filter(works).count() >= MAX_TOKENS {
        return Err(Problem::new(
            Code::Conflict,
            format!("a person has {MAX_TOKENS} tokens at most: revoke one that is not needed"),
        ));
    }
    Ok(())
}

/// Stops a token for good; administrators may stop anybody's.
#[utoipa::path(
    delete, path = "/tokens/{id}", operation_id = "revokeToken", tag = "people",
    params(("id" = String, Path, description = "Id of the token")),
    responses((status = 204, description = "It does not work any more"))
)]
pub(super) async fn revoke(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<TokenId>,
) -> Result<StatusCode> {
    let anybodys = policy::may_administer(&current.viewer) && current.credential.covers(Scope::Admin);
    let owner = Some(&current.viewer.user_id).filter(|_| !anybodys);
    state.store.token_revoke(&current.actor(), &id, owner).await?;
    Ok(StatusCode::NO_CONTENT)
}
