//! Who asks: sessions of browsers, tokens of scripts.

mod cookie;
pub(crate) mod csrf;
pub(crate) mod password;
pub(crate) mod secret;
pub(crate) mod throttle;

use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::Response,
};
use gametape_core::{
    id::{SessionId, TokenId},
    policy::{self, Viewer},
    user::{Scope, User},
};
use gametape_store::{Actor, StoreError};
use http::{HeaderMap, HeaderValue, Method, header, request::Parts};

pub(crate) use cookie::{clear_cookie, set_cookie};

use crate::{
    ApiState,
    problem::{Code, Problem, Result},
    rate::Asker,
    state::ClientAddress,
};

/// Who asks, and by what right.
#[derive(Debug, Clone)]
pub(crate) struct CurrentUser {
    pub(crate) user: User,
    pub(crate) viewer: Viewer,
    pub(crate) credential: Credential,
    /// Hash of the cookie or token that was shown.
    secret_hash: String,
    address: Option<String>,
}

/// What somebody showed to be let in.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    Session(SessionId),
    Token { id: TokenId, scope: Scope },
}

impl Credential {
    /// Whether it covers `scope`. A session covers all that its person may do.
    pub(crate) fn covers(&self, scope: Scope) -> bool {
        match self {
            Self::Session(_) => true,
            Self::Token { scope: own, .. } => own.covers(scope),
        }
    }
}

impl CurrentUser {
    async fn load(
        state: &ApiState,
        user: User,
        credential: Credential,
        secret_hash: String,
    ) -> Result<Self, StoreError> {
        let viewer = Viewer {
            team_ids: state.store.user_team_ids(&user.id).await?,
            user_id: user.id.clone(),
            role: user.role,
        };
        Ok(Self {
            user,
            viewer,
            credential,
            secret_hash,
            address: None,
        })
    }

    async fn by_token(state: &ApiState, secret_hash: String) -> Result<Option<Self>, StoreError> {
        let Some((token, user)) = state.store.token_authenticate(&secret_hash).await? else {
            return Ok(None);
        };
        let credential = Credential::Token {
            id: token.id,
            scope: token.scope,
        };
        Self::load(state, user, credential, secret_hash).await.map(Some)
    }

    async fn by_session(state: &ApiState, secret_hash: String) -> Result<Option<Self>, StoreError> {
        let Some((session, user)) = state.store.session_authenticate(&secret_hash).await? else {
            return Ok(None);
        };
        Self::load(state, user, Credential::Session(session.id), secret_hash)
            .await
            .map(Some)
    }

    /// The same person as they stand now, for answers that take long: `None` once the session or token has
    /// ended or the account is shut.
    pub(crate) async fn again(&self, state: &ApiState) -> Result<Option<Self>, StoreError> {
        let hash = self.secret_hash.clone();
        let found = match self.credential {
            Credential::Session(_) => Self::by_session(state, hash).await?,
            Credential::Token { .. } => Self::by_token(state, hash).await?,
        };
        Ok(found.map(|fresh| Self {
            address: self.address.clone(),
            ..fresh
        }))
    }

    /// Who does what is being done, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            user_id: Some(self.user.id.clone()),
            address: self.address.clone(),
        }
    }
}

/// Lets in whoever shows a valid session or token, and remembers who it is. It stands before all routes
/// but the public ones, so no handler can forget it.
pub(crate) async fn authenticate(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Result<Response> {
    let address = ClientAddress::of(request.extensions());
    let mut current = match identify(&state, request.headers()).await {
        Ok(current) => current,
        Err(problem) => {
            if problem.code() == Code::Unauthenticated {
                state.rates.take(Asker::unknown(address), state.now_ms())?;
            }
            return Err(problem);
        }
    };
    if let Credential::Token { id, .. } = &current.credential {
        state.rates.take(Asker::Token(id.clone()), state.now_ms())?;
    }
    let account = Asker::Account(current.user.id.clone());
    state.rates.take(account, state.now_ms())?;
    current.address = address.map(|address| address.to_string());
    let safe = is_safe(request.method());
    if !safe && matches!(current.credential, Credential::Session(_)) {
        csrf::check(request.headers())?;
    }
    require_scope(&current, if safe { Scope::Read } else { Scope::Write })?;
    tracing::Span::current().record("user.id", current.user.id.as_str());
    request.extensions_mut().insert(current);
    Ok(next.run(request).await)
}

/// Lets only administrators through; to be layered inside of [`authenticate`].
pub(crate) async fn require_admin(current: CurrentUser, request: Request, next: Next) -> Result<Response> {
    if !policy::may_administer(&current.viewer) {
        return Err(Problem::new(Code::Forbidden, "only administrators may do this"));
    }
    require_scope(&current, Scope::Admin)?;
    Ok(next.run(request).await)
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn require_scope(current: &CurrentUser, scope: Scope) -> Result<()> {
    if current.credential.covers(scope) {
        return Ok(());
    }
    Err(Problem::new(
        Code::InsufficientScope,
        format!("this needs a token with the scope {scope}"),
    ))
}

async fn identify(state: &ApiState, headers: &HeaderMap) -> Result<CurrentUser> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = bearer(value).ok_or_else(|| unauthenticated("write `Authorization: Bearer gt_…`"))?;
        return CurrentUser::by_token(state, secret::hash(token))
            .await?
            .ok_or_else(|| unauthenticated("the token is unknown, revoked or expired"));
    }
    for value in cookie::session_cookies(headers, state.config.secure_cookies) {
        if let Some(current) = CurrentUser::by_session(state, secret::hash(value)).await? {
            return Ok(current);
        }
    }
    Err(unauthenticated(
        "sign in, or send an API token as `Authorization: Bearer gt_…`",
    ))
}

pub(crate) fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthenticated(detail: &'static str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        // Absent only on a route outside of `authenticate`; then nobody is signed in.
        let current = parts.extensions.get::<Self>().cloned();
        current.ok_or_else(|| unauthenticated("this route lets nobody in"))
    }
}
