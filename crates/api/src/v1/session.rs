//! Signing in and out with a browser.

use std::net::IpAddr;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use gametape_core::user::User;
use gametape_store::NewSession;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::users::UserView;
use crate::{
    ApiState,
    auth::{Credential, CurrentUser, clear_cookie, csrf, secret::Secret, set_cookie},
    extract::Json,
    problem::{Code, Problem, Result},
    state::ClientAddress,
};

/// Signing in is for those who are not signed in yet.
pub(crate) fn public_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(sign_in))
}

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(sign_out))
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

/// Whoever the password belongs to. Unknown, disabled and mistyped look the same and take as long.
async fn verify(state: &ApiState, address: Option<IpAddr>, body: SignIn) -> Result<User> {
    let now = state.now_ms();
    if let Some(wait_ms) = state.throttle.wait_ms(&body.email, address, now) {
        let seconds = wait_ms / 1_000 + 1;
        let problem = Problem::new(Code::TooManyRequests, format!("try again in {seconds} seconds"));
        return Err(problem.header(header::RETRY_AFTER, HeaderValue::from(seconds)));
    }
    state.throttle.begin(&body.email, address, now);
    let found = state.store.user_find_by_email(&body.email).await?;
    let found = found.filter(|(user, _)| user.disabled_at.is_none());
    let (user, hash) = found.unzip();
    let right = state.passwords.verify(body.password, hash).await?;
    match user.filter(|_| right) {
        Some(user) => {
            state.throttle.succeeded(&body.email, address);
            Ok(user)
        }
        None => Err(Problem::new(
            Code::WrongCredentials,
            "the email or the password is wrong",
        )),
    }
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
    state.store.session_delete(id).await?;
    let mut answer = HeaderMap::new();
    if let Some(cookie) = clear_cookie(state.config.secure_cookies) {
        answer.insert(header::SET_COOKIE, cookie);
    }
    Ok((StatusCode::NO_CONTENT, answer).into_response())
}
