//! Resumable uploads: tus 1.0.0 (<https://tus.io/protocols/resumable-upload>) with creation,
//! creation-with-upload, creation-defer-length, checksum, expiration and termination.

mod checksum;
mod create;
mod metadata;
mod patch;
mod status;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use gametape_core::{id::UploadId, upload::Upload};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use checksum::Checksum;

use crate::{
    ApiState,
    auth::CurrentUser,
    problem::{Code, Problem, Result},
    time::http_date,
};

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str =
    "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// Media type of bytes that are sent at an offset.
const OFFSET_STREAM: &str = "application/offset+octet-stream";

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(status::options, create::create))
        .routes(routes!(
            status::head,
            patch::patch,
            status::terminate,
            patch::post_override
        ))
        .layer(axum::middleware::from_fn(speak_tus))
}

/// Checks the version that the client speaks, and says ours in every answer, errors included.
async fn speak_tus(request: Request, next: Next) -> Response {
    let wanted = request.headers().get(&TUS_RESUMABLE);
    let mut response = if request.method() == Method::OPTIONS || wanted.is_some_and(|v| v == VERSION) {
        next.run(request).await
    } else {
        Problem::new(
            Code::UnsupportedTusVersion,
            "send the header `Tus-Resumable: 1.0.0`",
        )
        .header(TUS_VERSION, HeaderValue::from_static(VERSION))
        .into_response()
    };
    response
        .headers_mut()
        .insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

/// The upload, if it is the caller's own. Others' uploads are nobody's business, not even admins'.
async fn own_upload(state: &ApiState, current: &CurrentUser, id: &UploadId) -> Result<Upload> {
    let upload = state.store.upload_get(id).await?;
    upload
        .filter(|upload| upload.owner_id == current.viewer.user_id)
        .filter(|upload| upload.completed_at.is_some() || upload.expires_at > state.now_ms())
        .ok_or_else(|| Problem::not_found("upload"))
}

/// A header that holds a count of bytes.
fn count(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let number = value
        .to_str()
        .ok()
        .filter(|text| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|text| text.parse::<u64>().ok())
        .filter(|number| i64::try_from(*number).is_ok());
    number
        .map(Some)
        .ok_or_else(|| Problem::new(Code::InvalidRequest, format!("{name} must be a count of bytes")))
}

fn is_offset_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == OFFSET_STREAM)
}

fn content_length(headers: &HeaderMap) -> u64 {
    count(headers, &header::CONTENT_LENGTH)
        .ok()
        .flatten()
        .unwrap_or(0)
}

/// Where an upload stands, as headers.
fn standing(upload: &Upload) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(UPLOAD_OFFSET, HeaderValue::from(upload.offset_bytes));
    if upload.completed_at.is_none()
        && let Ok(expires) = http_date(upload.expires_at).parse()
    {
        headers.insert(UPLOAD_EXPIRES, expires);
    }
    headers
}

/// Everything that is read from the headers of an upload.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz_headers(headers: &HeaderMap) {
    for name in [&UPLOAD_LENGTH, &UPLOAD_OFFSET] {
        let _ = count(headers, name);
    }
    let _ = (content_length(headers), is_offset_stream(headers));
    if let Ok(metadata) = metadata::Metadata::from_headers(headers) {
        assert!(!metadata.filename.is_empty() && !metadata.filename.contains(['/', '\\', '\0']));
    }
    if let Ok(Some(mut checksum)) = checksum::Checksum::from_headers(headers) {
        checksum.update(b"bytes");
        let _ = checksum.matches();
    }
}
