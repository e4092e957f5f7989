//! The recording itself, for players.

use std::{fmt::Write as _, ops::Range};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use futures::{StreamExt, TryStreamExt};
use gametape_core::{call::Recording, id::CallId, upload::UploadPart};
use gametape_media::{ByteStream, Media, MediaError, MediaKey};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Heard, heard, range};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Query},
    problem::{Code, Problem, Result},
};

/// How the browser is to take the file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Options {
    /// Whether to save the file instead of playing it.
    download: Option<bool>,
}

/// The file as it was uploaded, or a range of it.
///
/// Where numbers of cards or accounts are said in it, a WAV file with silence in these places instead.
#[utoipa::path(
    get, path = "/calls/{id}/audio", operation_id = "getAudio", tag = "calls",
    params(
        ("id" = String, Path, description = "Id of the call"), Options,
        ("Range" = Option<String>, Header, description = "A single range of bytes"),
    ),
    responses(
        (status = 200, description = "The file", content(
            (Vec<u8> = "audio/*"), (Vec<u8> = "video/*"), (Vec<u8> = "application/octet-stream")
        )),
        (status = 206, description = "A range of it", content(
            (Vec<u8> = "audio/*"), (Vec<u8> = "video/*"), (Vec<u8> = "application/octet-stream")
        )),
        (status = 304, description = "It has not changed"),
    )
)]
pub(super) async fn audio(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Query(options): Query<Options>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response> {
    let (_, recording, heard) = heard(&state, &current, &id).await?;
    let size_bytes = heard.size_bytes;
    let etag = format!("\"{}\"", heard.sha256);
    let mut answer = describe(&heard, &etag, options.download == Some(true));
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, answer).into_response());
    }
    let (status, range) = match range::wanted(&headers, &etag, size_bytes) {
        range::Wanted::All => (StatusCode::OK, 0..size_bytes),
        range::Wanted::Part(range) => {
            insert(
                &mut answer,
                header::CONTENT_RANGE,
                &content_range(&range, size_bytes),
            );
            (StatusCode::PARTIAL_CONTENT, range)
        }
        range::Wanted::Outside => return Err(outside(size_bytes)),
    };
    answer.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        Body::from_stream(open(&state, &recording, &heard, range).await?)
    };
    Ok((status, answer, body).into_response())
}

fn content_range(range: &Range<u64>, size_bytes: u64) -> String {
    format!(
        "bytes {}-{}/{size_bytes}",
        range.start,
        range.end.saturating_sub(1)
    )
}

fn outside(size_bytes: u64) -> Problem {
    let problem = Problem::new(
        Code::RangeNotSatisfiable,
        format!("the file has {size_bytes} bytes"),
    );
    match format!("bytes */{size_bytes}").parse() {
        Ok(value) => problem.header(header::CONTENT_RANGE, value),
        Err(_) => problem,
    }
}

/// Whether the client has this very version.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let tags = headers
        .get_all(header::IF_NONE_MATCH)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(',')).any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

fn describe(heard: &Heard, etag: &str, download: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let content_type = heard
        .content_type
        .as_deref()
        .unwrap_or("application/octet-stream");
    insert(&mut headers, header::CONTENT_TYPE, content_type);
    insert(
        &mut headers,
        header::CONTENT_DISPOSITION,
        &disposition(&heard.filename, download),
    );
    insert(&mut headers, header::ETAG, etag);
    insert(&mut headers, header::ACCEPT_RANGES, "bytes");
    // Kept by the browser, but asked for each time: the right to hear it may have ended.
    insert(&mut headers, header::CACHE_CONTROL, "private, no-cache");
    headers
}

fn insert(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = value.parse() {
        headers.insert(name, value);
    }
}

/// `Content-Disposition` with the file's name: plain for old clients, and as RFC 8187 has it for others.
pub(super) fn disposition(filename: &str, download: bool) -> String {
    let kind = if download { "attachment" } else { "inline" };
    let plain: String = filename
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || " ._-()".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let mut encoded = String::new();
    for byte in filename.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// The bytes `range` of what is heard, out of one object or, until they are joined, out of its parts.
async fn open(
    state: &ApiState,
    recording: &Recording,
    heard: &Heard,
    range: Range<u64>,
) -> Result<ByteStream> {
    let parts = match &recording.parts_upload_id {
        Some(upload_id) if heard.original => state.store.upload_parts(upload_id).await?,
        _ => Vec::new(),
    };
    if !parts.is_empty() {
        return Ok(from_parts(state.media.clone(), parts, range));
    }
    // No parts although there should be some: they were joined a moment ago.
    Ok(state.media.get_range(&heard.key, range).await?)
}

fn from_parts(media: Media, parts: Vec<UploadPart>, range: Range<u64>) -> ByteStream {
    let pieces = parts.into_iter().filter_map(move |part| {
        let start = part.offset_bytes.max(0) as u64;
        let end = start + part.size_bytes.max(0) as u64;
        let wanted = range.start.max(start)..range.end.min(end);
        (!wanted.is_empty()).then(|| (part.media_key, wanted.start - start..wanted.end - start))
    });
    futures::stream::iter(pieces)
        .then(move |(key, range)| {
            let media = media.clone();
            async move { media.get_range(&MediaKey::from_stored(&key)?, range).await }
        })
        .try_flatten()
        .map_err(|error: MediaError| {
            tracing::warn!(%error, "sending a recording broke off");
            error
        })
        .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_header() {
        assert_eq!(
            disposition("Ann \"x\"; é\\.mp3", false),
            "inline; filename=\"Ann _x__ __.mp3\"; filename*=UTF-8''Ann%20%22x%22%3B%20%C3%A9%5C.mp3"
        );
        assert!(disposition("a\r\nb", true).parse::<HeaderValue>().is_ok());
    }
}
