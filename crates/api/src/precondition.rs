//! `ETag` and `If-Match`: so that nobody overwrites another's change unknowingly.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use serde::Serialize;

use crate::{
    extract::Json,
    problem::{Code, Problem, Result},
};

/// The version that `If-Match` names; `None` when the caller wants to write whatever is there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let version = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        // A tag that we can't have given is that of no version at all.
        let version = version.and_then(|text| text.parse().ok());
        version.map(|version| Self(Some(version))).ok_or_else(|| {
            Problem::new(
                Code::PreconditionFailed,
                "If-Match names no version of this: read it again",
            )
        })
    }
}

/// The `ETag` of a version.
pub(crate) fn etag(version: i64) -> Option<HeaderValue> {
    format!("\"{version}\"").parse().ok()
}

/// An answer with a body that has a version.
#[derive(Debug)]
pub(crate) struct Versioned<T> {
    /// The status of the answer.
    pub(crate) status: StatusCode,
    /// What the `ETag` says.
    pub(crate) version: i64,
    /// The body.
    pub(crate) body: T,
}

impl<T> Versioned<T> {
    /// What was asked for.
    pub(crate) fn ok(version: i64, body: T) -> Self {
        Self {
            status: StatusCode::OK,
            version,
            body,
        }
    }

    /// What was made.
    pub(crate) fn created(version: i64, body: T) -> Self {
        Self {
            status: StatusCode::CREATED,
            version,
            body,
        }
    }
}

impl<T: Serialize> IntoResponse for Versioned<T> {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(etag) = etag(self.version) {
            headers.insert(header::ETAG, etag);
        }
        (self.status, headers, Json(self.body)).into_response()
    }
}
