//! The web interface, which comes inside the program.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, Response, StatusCode, header},
    response::IntoResponse,
};
use rust_embed::{Embed, EmbeddedFile};
use tower_http::compression::CompressionLayer;

/// What `npm run build` made. A program built without it says so instead of serving an empty page.
#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Files;

/// Pages may load what this server has, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    font-src 'self'; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

const NOT_BUILT: &str = "This program was built without its web pages. Run `make build`, or use the API: \
    /api/docs has its description.\n";

/// The pages: a file where there is one of that name, otherwise the start page, which knows the path.
pub(crate) fn pages() -> Router {
    Router::new().fallback(page).layer(CompressionLayer::new())
}

async fn page(request: Request) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if let Some(file) = Files::get(path) {
        return answer(path, file, request.headers());
    }
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if is_file {
        return (StatusCode::NOT_FOUND, "There is no such file here.\n").into_response();
    }
    match Files::get("index.html") {
        Some(file) => answer("index.html", file, request.headers()),
        None => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, asked: &axum::http::HeaderMap) -> Response<Body> {
    // Weak: whether it is compressed on the way makes another sequence of bytes of it.
    let tag = format!("W/\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let unchanged = asked
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data))
    };
    // The names of files in assets/ carry a hash of their content.
    let keep = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let media_type = mime_guess::from_path(path).first_or_octet_stream();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if let Ok(value) = HeaderValue::from_str(media_type.as_ref()) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    if let Ok(value) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, value);
    }
    response
}
