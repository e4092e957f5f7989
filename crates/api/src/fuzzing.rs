//! The parsers of what clients send, for `fuzz/`. Built for nobody else.

use axum::{
    body::Body,
    extract::{FromRequest, Multipart, Request},
};
use gametape_core::{call::CallCursor, page::Cursor};
use http::HeaderMap;

use crate::{extract::PageQuery, v1, validate};

/// Headers of an upload: length, offset, metadata, checksum.
pub fn tus_headers(headers: &HeaderMap) {
    v1::uploads::fuzz_headers(headers);
}

/// `Range` and `If-Range`, for a file of `size_bytes`.
pub fn range(headers: &HeaderMap, size_bytes: u64) {
    v1::calls::fuzz_range(headers, size_bytes);
}

/// `after` of a list.
pub fn cursor(text: &str) {
    let query = PageQuery {
        limit: None,
        after: Some(text.to_owned()),
    };
    let _ = query.request::<Cursor>();
    let _ = query.request::<CallCursor>();
}

/// The `meta` of a call, and names of files.
pub fn meta(bytes: &[u8]) {
    v1::calls::fuzz_meta(bytes);
    let name = validate::filename(&String::from_utf8_lossy(bytes));
    assert!(
        !name.is_empty() && !name.contains(['/', '\\', '\0', '\n', '\r']),
        "{name:?}"
    );
}

/// A form with fields, up to its end or its first mistake.
pub async fn form(boundary: &str, bytes: Vec<u8>) {
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let request = Request::builder().header("content-type", content_type);
    let Ok(request) = request.body(Body::from(bytes)) else {
        return;
    };
    let Ok(mut form) = Multipart::from_request(request, &()).await else {
        return;
    };
    while let Ok(Some(mut field)) = form.next_field().await {
        let _ = validate::filename(field.file_name().unwrap_or_default());
        while let Ok(Some(_)) = field.chunk().await {}
    }
}
