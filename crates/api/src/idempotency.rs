//! `Idempotency-Key`: a request that a client sends again, because it lost the answer, is not done twice.
//!
//! Follows draft-ietf-httpapi-idempotency-key-header: any POST of a signed-in person may carry a key of the
//! client's choice. The first answer, if it was a success, is given again for a day; while it is under way
//! others with the key are told to wait; the key with another request is refused.

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use gametape_core::id::UserId;
use gametape_store::{Idempotency, KeptAnswer, Store, under_key};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::{
    ApiState,
    auth::CurrentUser,
    problem::{Code, Problem, Result},
};

const KEY: &str = "idempotency-key";
/// Marks an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const MAX_KEY_CHARS: usize = 255;
/// Bodies are compared as a whole and have this size at most; files are known by their length.
const MAX_COMPARED_BYTES: usize = 1024 * 1024;
/// Headers that belong to an answer.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Marks an answer whose body holds a secret that is shown this once, and so is not kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShownOnce;

/// The layer; to be placed inside of the one that signs people in.
pub(crate) async fn layer(
    State(state): State<ApiState>,
    current: CurrentUser,
    request: Request,
    next: Next,
) -> Result<Response> {
    let Some(value) = request
        .headers()
        .get(KEY)
        .filter(|_| request.method() == Method::POST)
    else {
        return Ok(next.run(request).await);
    };
    let key = value.to_str().unwrap_or_default().to_owned();
    if key.is_empty() || key.len() > MAX_KEY_CHARS {
        return Err(Problem::new(
            Code::InvalidRequest,
            format!("Idempotency-Key must have 1 to {MAX_KEY_CHARS} visible ASCII characters"),
        ));
    }
    let (request, hash) = hashed(request).await?;
    let user_id = current.user.id;
    // A task of its own goes on when the client hangs up: that the key is taken, what is done under it, and what is
    // kept stay together.
    let task = tokio::spawn(async move {
        match state.store.idempotency_begin(&user_id, &key, &hash).await? {
            Idempotency::Answered(answer) => return replay(answer),
            Idempotency::Running => {
                return Err(Problem::new(
                    Code::Conflict,
                    "the request with this Idempotency-Key is still being answered: try again in a moment",
                )
                .header(header::RETRY_AFTER, HeaderValue::from_static("1")));
            }
            Idempotency::Other => {
                return Err(Problem::invalid_value(
                    "this Idempotency-Key was used for another request: choose a new one",
                ));
            }
            Idempotency::New => {}
        }
        let response = under_key(&user_id, &key, next.run(request)).await;
        keep(&state.store, &user_id, &key, response).await
    });
    task.await.map_err(|error| Problem::internal(&error))?
}

/// The request, and a hash that tells it from others.
async fn hashed(request: Request) -> Result<(Request, String)> {
    let (parts, body) = request.into_parts();
    let mut hash = Sha256::new();
    hash.update(parts.uri.path());
    hash.update([0]);
    hash.update(parts.uri.query().unwrap_or_default());
    hash.update([0]);
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let body = if is_file(&parts.headers) {
        hash.update(length.map_or(&[][..], HeaderValue::as_bytes));
        body
    } else {
        let bytes = to_bytes(body, MAX_COMPARED_BYTES).await;
        let bytes = bytes.map_err(|error| {
            Problem::new(
                Code::TooLarge,
                format!("a request with an Idempotency-Key has 1 MiB at most, or is a file: {error}"),
            )
        })?;
        hash.update(&bytes);
        Body::from(bytes)
    };
    Ok((Request::from_parts(parts, body), hex::encode(hash.finalize())))
}

/// Whether a body is too large to be compared: then it streams through.
fn is_file(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|it| {
        it.to_ascii_lowercase().starts_with(b"multipart/") || it == b"application/offset+octet-stream"
    })
}

/// Keeps a success for the next time; anything else changed nothing and may be tried again.
async fn keep(store: &Store, user_id: &UserId, key: &str, response: Response) -> Result<Response> {
    if !response.status().is_success() {
        if let Err(error) = store.idempotency_forget(user_id, key).await {
            tracing::warn!("could not free an idempotency key: {error}");
        }
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await;
    let bytes = bytes.map_err(|error| Problem::internal(&error))?;
    let headers = KEPT_HEADERS.iter().filter_map(|name| {
        Some((
            name.to_string(),
            parts.headers.get(name)?.to_str().ok()?.to_owned(),
        ))
    });
    let once = parts.extensions.get::<ShownOnce>().is_some();
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        headers: headers.collect(),
        body: (!once).then(|| bytes.to_vec()),
    };
    // It is done, whether or not the answer can be kept; what was made is noted.
    if let Err(error) = store.idempotency_finish(user_id, key, &answer).await {
        tracing::warn!("could not keep the answer to an idempotency key: {error}");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn replay(answer: KeptAnswer) -> Result<Response> {
    let Some(body) = answer.body else {
        return Err(Problem::new(
            Code::Conflict,
            "this was done already, and its answer is not kept: a secret is shown only once (revoke it and make \
             another), and what was deleted since is gone",
        ));
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, Bytes::from(body)).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}
