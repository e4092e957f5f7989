//! Errors as people and scripts see them: RFC 9457 problem details with a stable `code`.

use std::{borrow::Cow, fmt::Write as _};

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use gametape_media::MediaError;
use gametape_store::{Limit, StoreError};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// Kinds of problems. Their text forms are stable: scripts branch on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidRequest,
    Unauthenticated,
    WrongCredentials,
    CrossSite,
    InsufficientScope,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    ClientGone,
    Conflict,
    NotReady,
    CallHeld,
    RecordingDeleted,
    OffsetMismatch,
    PreconditionFailed,
    UnsupportedTusVersion,
    TooLarge,
    QuotaExceeded,
    AddressTooLong,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    InvalidValue,
    Incomplete,
    EmptyFile,
    /// The recording itself can't be used; carries the code of `gametape-audio`.
    Recording(&'static str),
    ChecksumMismatch,
    TooManyRequests,
    TooManyUploads,
    HeadersTooLarge,
    Internal,
    Unavailable,
}

impl Code {
    /// Status, stable name and title.
    fn parts(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::InvalidRequest => (400, "invalid_request", "The request can't be understood"),
            Self::Unauthenticated => (401, "unauthenticated", "Sign in first"),
            Self::WrongCredentials => (401, "wrong_credentials", "Wrong email or password"),
            Self::CrossSite => (403, "cross_site", "The request comes from another site"),
            Self::InsufficientScope => (403, "insufficient_scope", "The token's scope doesn't cover this"),
            Self::Forbidden => (403, "forbidden", "You may not do this"),
            Self::NotFound => (404, "not_found", "There is no such thing"),
            Self::MethodNotAllowed => (405, "method_not_allowed", "This can't be done here"),
            Self::ClientGone => (408, "client_gone", "The request broke off"),
            Self::Conflict => (409, "conflict", "Its state doesn't allow this"),
            Self::NotReady => (409, "not_ready", "It isn't there yet"),
            Self::CallHeld => (409, "call_held", "The call is held"),
            Self::RecordingDeleted => (410, "recording_deleted", "The recording was deleted"),
            Self::OffsetMismatch => (409, "offset_mismatch", "The upload stands at another offset"),
            Self::PreconditionFailed => (412, "precondition_failed", "Somebody else changed it"),
            Self::UnsupportedTusVersion => (412, "unsupported_tus_version", "Another version of tus"),
            Self::TooLarge => (413, "too_large", "Too large"),
            Self::QuotaExceeded => (413, "quota_exceeded", "There is no room left for this"),
            Self::AddressTooLong => (414, "address_too_long", "The address is too long"),
            Self::UnsupportedMediaType => (415, "unsupported_media_type", "Wrong content type"),
            Self::RangeNotSatisfiable => (416, "range_not_satisfiable", "There is nothing in that range"),
            Self::InvalidValue => (422, "invalid_value", "A value isn't allowed"),
            Self::Incomplete => (422, "incomplete", "Something is still missing"),
            Self::EmptyFile => (422, "empty_file", "The file is empty"),
            Self::Recording(code) => (422, code, "The recording can't be used"),
            Self::ChecksumMismatch => (460, "checksum_mismatch", "The bytes don't match their checksum"),
            Self::TooManyRequests => (429, "too_many_requests", "Too many tries"),
            Self::TooManyUploads => (429, "too_many_uploads", "Too many uploads at a time"),
            Self::HeadersTooLarge => (431, "headers_too_large", "The headers are too long"),
            Self::Internal => (500, "internal", "Something went wrong here"),
            Self::Unavailable => (503, "unavailable", "Out of reach just now"),
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        StatusCode::from_u16(self.parts().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// An error on its way to the client. What caused it goes to the log, never to the client.
#[derive(Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    detail: Cow<'static, str>,
    headers: HeaderMap,
}

pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            headers: HeaderMap::new(),
        }))
    }

    /// Adds a header to the answer.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("there is no such {what}, or you may not see it"),
        )
    }

    pub(crate) fn invalid_value(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidValue, detail)
    }

    /// What can't be handed over before more is done; names the first of `reasons`, which may be many.
    fn incomplete(what: &str, reasons: &[String]) -> Self {
        const SHOWN: usize = 40;
        let mut detail = format!("the {what} is not complete: ");
        detail.push_str(&reasons[..reasons.len().min(SHOWN)].join("; "));
        if reasons.len() > SHOWN {
            let _ = write!(detail, "; and {} more", reasons.len() - SHOWN);
        }
        Self::new(Code::Incomplete, detail)
    }

    /// A limit that was set for a person or a team.
    fn full(limit: Limit, most: i64, used: i64) -> Self {
        match limit {
            Limit::OpenUploads => Self::new(
                Code::TooManyUploads,
                format!("{used} of your uploads are under way, and no more than {most} may be: finish or delete some"),
            )
            .header(header::RETRY_AFTER, HeaderValue::from_static("60")),
            Limit::PersonBytes => Self::no_room("your recordings", most, used),
            Limit::TeamBytes => Self::no_room("the recordings of this team", most, used),
        }
    }

    fn no_room(whose: &str, most: i64, used: i64) -> Self {
        Self::new(
            Code::QuotaExceeded,
            format!(
                "{whose} take {used} of the {most} bytes that they may take: delete calls that nobody needs, or ask \
                 an administrator for more room"
            ),
        )
    }

    /// A fault of ours: the log gets `error` with its causes, the client the request id to ask about.
    pub(crate) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %Chain(error), "a request failed");
        Self::new(Code::Internal, "the log has the reason under this request id")
    }

    /// Like [`internal`](Self::internal) for what may work later.
    pub(crate) fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %Chain(error), "a request failed, but may work later");
        Self::new(
            Code::Unavailable,
            "try again in a while; the log has the reason under this request id",
        )
        .header(header::RETRY_AFTER, HeaderValue::from_static("5"))
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }
}

/// An error with all its causes on one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, .. } => Self::not_found(what),
            StoreError::Conflict { what, detail } => {
                Self::new(Code::Conflict, format!("the {what} doesn't allow this: {detail}"))
            }
            StoreError::Held { reason } => Self::new(
                Code::CallHeld,
                format!("the call is held ({reason}), so nobody can delete it: release it first"),
            ),
            StoreError::Incomplete { what, reasons } => Self::incomplete(what, &reasons),
            StoreError::Stale { what } => Self::new(
                Code::PreconditionFailed,
                format!("the {what} was changed meanwhile: read it again"),
            ),
            StoreError::Full { limit, most, used } => Self::full(limit, most, used),
            StoreError::Unavailable(_) => Self::unavailable(&error),
            StoreError::LeaseLost { .. }
            | StoreError::Connect { .. }
            | StoreError::Address { .. }
            | StoreError::Database(_)
            | StoreError::Inconsistent { .. }
            | StoreError::Migration(_) => Self::internal(&error),
        }
    }
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        match error {
            MediaError::Backend { .. } | MediaError::Source { .. } | MediaError::Changed { .. } => {
                Self::unavailable(&error)
            }
            MediaError::NotFound { .. }
            | MediaError::InvalidKey { .. }
            | MediaError::InvalidUrl { .. }
            | MediaError::MissingKey { .. }
            | MediaError::Damaged { .. } => Self::internal(&error),
        }
    }
}

/// Problem details (RFC 9457), as `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView {
    /// `urn:gametape:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The kind of problem in words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened this time, and what to do.
    detail: String,
    /// Stable name of the kind of problem.
    code: &'static str,
    /// Id of the request, as in the log and the `X-Request-Id` header.
    request_id: String,
}

impl IntoResponse for Problem {
    /// The body is made by [`render`], which knows the request id.
    fn into_response(self) -> Response {
        let (status, code, title) = self.0.code.parts();
        let mut response = self.0.code.status().into_response();
        response.headers_mut().extend(self.0.headers);
        response.extensions_mut().insert(ProblemView {
            kind: format!("urn:gametape:problem:{code}"),
            title,
            status,
            detail: self.0.detail.into_owned(),
            code,
            request_id: String::new(),
        });
        response
    }
}

/// Writes the body of a problem; leaves other responses as they are.
pub(crate) fn render(mut response: Response, request_id: &str) -> Response {
    let Some(mut view) = response.extensions_mut().remove::<ProblemView>() else {
        return response;
    };
    request_id.clone_into(&mut view.request_id);
    let body = Json(view).into_response();
    *response.body_mut() = body.into_body();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The body of a problem outside of a request, for tests and the panic handler.
pub(crate) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> http::Response<Body> {
    tracing::error!("a request handler panicked");
    Problem::new(Code::Internal, "the log has the reason under this request id").into_response()
}
