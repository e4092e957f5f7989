//! Signing in and out with a browser, and the browsers that are signed in.

use std::net::IpAddr;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use gametape_core::{audit::AuditAction, id::SessionId, user::User};
use gametape_store::{Actor, NewAudit, NewSession, Session, StoreError};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::users::UserView;
use crate::{
    ApiState,
    auth::{Credential, CurrentUser, clear_cookie, csrf, secret::Secret, set_cookie},
    extract::{Id, Json, List},
    problem::{Code, Problem, Result},
    state::ClientAddress,
};

/// How long an address is remembered that somebody signed in from, while their account is being attacked.
const KNOWN_FOR_MS: i64 = 90 * 24 * 3_600_000;

/// Signing in is for those who are not signed in yet.
pub(crate) fn public_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(sign_in))
}

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(sign_out))
        .routes(routes!(list))
        .routes(routes!(end))
}

/// Who wants to sign in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The address of the account.
    email: String,
    /// Its password.
    password: String,
}

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionView {
    /// Which.
    id: String,
    /// The browser, as it names itself.
    user_agent: Option<String>,
    /// Network address that it signed in from.
    address: Option<String>,
    /// When it signed in, in milliseconds since 1970.
    created_at: i64,
    /// When it was last used, give or take a minute.
    last_used_at: i64,
    /// When it ends by itself.
    expires_at: i64,
    /// Whether the request was made with it.
    current: bool,
}

impl SessionView {
    fn of(session: Session, credential: &Credential) -> Self {
        let current = matches!(credential, Credential::Session(id) if *id == session.id);
        Self {
            id: session.id.into(),
            user_agent: session.user_agent,
            address: session.address,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            current,
        }
    }
}

/// Signs a browser in: answers with the person and a cookie.
#[utoipa::path(
    post, path = "/session", operation_id = "signIn", tag = "people", security(()),
    request_body = SignIn,
    responses((status = 201, body = UserView))
)]
pub(super) async fn sign_in(
    State(state): State<ApiState>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> Result<Response> {
    // Otherwise another site could sign a browser in under an account of its own and wait for uploads.
    csrf::check(&headers)?;
    let user = verify(&state, address, body).await?;
    begin(&state, &headers, address, user).await
}

/// Signs a browser in as somebody who has shown that they may.
pub(super) async fn begin(
    state: &ApiState,
    headers: &HeaderMap,
    address: Option<IpAddr>,
    user: User,
) -> Result<Response> {
    let secret = Secret::session();
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let new = NewSession {
        user_id: user.id.clone(),
        token_hash: secret.hash.clone(),
        user_agent: text(header::USER_AGENT).map(|agent| agent.chars().take(256).collect()),
        address: address.map(|address| address.to_string()),
        expires_at: state.now_ms() + state.config.session_ttl_ms,
    };
    state.store.session_create(new).await?;
    let mut answer = HeaderMap::new();
    if let Some(cookie) = set_cookie(
        &secret.text,
        state.config.session_ttl_ms,
        state.config.secure_cookies,
    ) {
        answer.insert(header::SET_COOKIE, cookie);
    }
    Ok((StatusCode::CREATED, answer, Json(UserView::from(user))).into_response())
}

/// The problem of somebody who has tried too often.
pub(super) fn too_many(wait_ms: i64) -> Problem {
    let seconds = wait_ms / 1_000 + 1;
    let problem = Problem::new(Code::TooManyRequests, format!("try again in {seconds} seconds"));
    problem.header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

/// Whether guesses for this account come from everywhere just now, and this may be one of them. They must not
/// lock out whom the account belongs to: that is whoever comes from where its owner has signed in before.
async fn check_everywhere(
    state: &ApiState,
    email: &str,
    user: Option<&User>,
    address: Option<IpAddr>,
) -> Result<()> {
    let now = state.now_ms();
    let Some(wait_ms) = state.throttle.wait_everywhere_ms(email, now) else {
        return Ok(());
    };
    let known = match (user, address) {
        (Some(user), Some(address)) => {
            let since = now - KNOWN_FOR_MS;
            state
                .store
                .audit_signed_in_from(&user.id, &address.to_string(), since)
                .await?
        }
        _ => false,
    };
    if known { Ok(()) } else { Err(too_many(wait_ms)) }
}

/// Notes that somebody was refused. Who it was is written only where there is such an account: people type
/// passwords into the wrong field.
async fn note_refusal(state: &ApiState, user_id: Option<&str>, address: Option<IpAddr>) -> Result<()> {
    let actor = Actor {
        user_id: None,
        address: address.map(|address| address.to_string()),
    };
    let entry = NewAudit::of(AuditAction::SessionRefuse, "user", user_id.unwrap_or("unknown"));
    Ok(state.store.audit_write(&actor, entry).await?)
}

/// Whoever the password belongs to. Unknown, disabled and mistyped look the same and take as long.
async fn verify(state: &ApiState, address: Option<IpAddr>, body: SignIn) -> Result<User> {
    let found = state.store.user_find_by_email(&body.email).await?;
    let user = found.as_ref().map(|(user, _)| user);
    check_everywhere(state, &body.email, user, address).await?;
    let now = state.now_ms();
    if let Some(wait_ms) = state.throttle.wait_ms(&body.email, address, now) {
        return Err(too_many(wait_ms));
    }
    state.throttle.begin(&body.email, address, now);
    let known_id = user.map(|user| user.id.to_string());
    let found = found.filter(|(user, _)| user.disabled_at.is_none());
    let (user, hash) = found.unzip();
    let right = state.passwords.verify(body.password, hash).await?;
    if let Some(user) = user.filter(|_| right) {
        state.throttle.succeeded(&body.email, address);
        return Ok(user);
    }
    note_refusal(state, known_id.as_deref(), address).await?;
    Err(Problem::new(
        Code::WrongCredentials,
        "the email or the password is wrong",
    ))
}

/// Signs a browser out.
#[utoipa::path(
    delete, path = "/session", operation_id = "signOut", tag = "people",
    responses((status = 204, description = "Signed out"))
)]
pub(super) async fn sign_out(State(state): State<ApiState>, current: CurrentUser) -> Result<Response> {
    let Credential::Session(id) = &current.credential else {
        return Err(Problem::new(
            Code::Conflict,
            "there is no session: the request was made with a token",
        ));
    };
    match state
        .store
        .session_delete(&current.actor(), id, &current.viewer.user_id)
        .await
    {
        // Two requests at once: the other one ended it.
        Ok(()) | Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let mut answer = HeaderMap::new();
    if let Some(cookie) = clear_cookie(state.config.secure_cookies) {
        answer.insert(header::SET_COOKIE, cookie);
    }
    Ok((StatusCode::NO_CONTENT, answer).into_response())
}

/// The browsers that the caller is signed in with, the newest first.
#[utoipa::path(
    get, path = "/sessions", operation_id = "listSessions", tag = "people",
    responses((status = 200, body = List<SessionView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
) -> Result<Json<List<SessionView>>> {
    let sessions = state.store.session_list(&current.viewer.user_id).await?;
    let views = sessions
        .into_iter()
        .map(|session| SessionView::of(session, &current.credential));
    Ok(Json(List::whole(views.collect())))
}

/// Signs one of the caller's browsers out.
#[utoipa::path(
    delete, path = "/sessions/{id}", operation_id = "endSession", tag = "people",
    params(("id" = String, Path, description = "Id of the session")),
    responses((status = 204, description = "It is signed out"))
)]
pub(super) async fn end(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<SessionId>,
) -> Result<StatusCode> {
    state
        .store
        .session_delete(&current.actor(), &id, &current.viewer.user_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
