//! axum's extractors with rejections as problems.

use std::{error::Error, str::FromStr};

use axum::{
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{JsonRejection, QueryRejection},
    },
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use gametape_core::page::{DEFAULT_LIMIT, MAX_LIMIT, Page, PageRequest};
use http::{StatusCode, request::Parts};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use crate::problem::{Code, Problem, Result};

/// A JSON body, in and out.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        match axum::Json::from_request(request, state).await {
            Ok(axum::Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(match &rejection {
                JsonRejection::JsonDataError(error) => Problem::new(Code::InvalidValue, reason(error)),
                JsonRejection::JsonSyntaxError(error) => {
                    let detail = format!("the body is no JSON: {}", reason(error));
                    Problem::new(Code::InvalidRequest, detail)
                }
                JsonRejection::MissingJsonContentType(_) => {
                    Problem::new(Code::UnsupportedMediaType, rejection.body_text())
                }
                other if other.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                    Problem::new(Code::TooLarge, rejection.body_text())
                }
                _ => Problem::new(Code::InvalidRequest, rejection.body_text()),
            }),
        }
    }
}

/// Which field is wrong, and why. A rejection itself begins with the types of this program, which tell its users nothing.
pub(crate) fn reason(rejection: &impl Error) -> String {
    rejection
        .source()
        .map_or_else(|| rejection.to_string(), ToString::to_string)
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// A query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let query: Result<_, QueryRejection> = axum::extract::Query::from_request_parts(parts, state).await;
        match query {
            Ok(axum::extract::Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::new(Code::InvalidRequest, reason(&rejection))),
        }
    }
}

/// The id in a path with one id. Text that can't be an id names nothing that exists.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<S: Send + Sync, T: FromStr> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        path.ok()
            .and_then(|axum::extract::Path(text)| text.parse().ok())
            .map(Self)
            .ok_or_else(|| Problem::not_found("thing"))
    }
}

/// The ids in a path with two of them, in order.
#[derive(Debug)]
pub(crate) struct Ids<A, B>(pub(crate) A, pub(crate) B);

impl<S: Send + Sync, A: FromStr, B: FromStr> FromRequestParts<S> for Ids<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let path = axum::extract::Path::<(String, String)>::from_request_parts(parts, state).await;
        path.ok()
            .and_then(|axum::extract::Path((a, b))| Some(Self(a.parse().ok()?, b.parse().ok()?)))
            .ok_or_else(|| Problem::not_found("thing"))
    }
}

/// Tells a null from a field that is left out: `#[serde(default, deserialize_with = "present")]`.
#[expect(clippy::option_option, reason = "null and left out mean different things")]
pub(crate) fn present<'de, T, D>(deserializer: D) -> std::result::Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The most items to return, 1 to 200; 50 unless given.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
}

impl PageQuery {
    pub(crate) fn request<C: DeserializeOwned>(&self) -> Result<PageRequest<C>> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Problem::invalid_value(format!(
                "limit must be between 1 and {MAX_LIMIT}"
            )));
        }
        let after = self.after.as_deref().map(decode_cursor).transpose()?;
        Ok(PageRequest { after, limit })
    }
}

fn decode_cursor<C: DeserializeOwned>(text: &str) -> Result<C> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(wrong_cursor)
}

/// The problem of a cursor that this list did not give.
pub(crate) fn wrong_cursor() -> Problem {
    Problem::new(
        Code::InvalidRequest,
        "after is no cursor of this list: pass on what `next` of the page before said, and sort as before",
    )
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T: ToSchema> {
    /// The items, in order.
    items: Vec<T>,
    /// What to pass as `after` for the next page; null on the last one.
    next: Option<String>,
}

impl<T: ToSchema> List<T> {
    pub(crate) fn from_page<U: Into<T>, C: Serialize>(page: Page<U, C>) -> Self {
        let next = page.next.and_then(|cursor| serde_json::to_vec(&cursor).ok());
        Self {
            items: page.items.into_iter().map(Into::into).collect(),
            next: next.map(|json| BASE64_URL_SAFE_NO_PAD.encode(json)),
        }
    }

    /// A list that always comes whole.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

#[cfg(test)]
mod tests {
    use gametape_core::page::Cursor;

    use super::*;

    #[test]
    fn cursors_come_back_and_nonsense_is_refused() {
        let cursor = Cursor {
            key: -5,
            id: "call_1".to_owned(),
        };
        let text = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap());
        assert_eq!(decode_cursor::<Cursor>(&text).unwrap(), cursor);
        for nonsense in ["", "x", "e30", "ä", &"A".repeat(5_000)] {
            let refused = decode_cursor::<Cursor>(nonsense).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidRequest);
        }
    }
}
