//! What stands around every request: its id, its span, its measurements, security headers, panics.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tokio::sync::Semaphore;
use tower_http::{CompressionLevel, compression::CompressionLayer};
use tracing::Instrument;

use crate::{
    ApiState,
    problem::{self, Problem, Result},
    state::ClientAddress,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What pages and answers may load and who may embed them, unless a route says otherwise.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Longest path and query of an address.
const MAX_ADDRESS_BYTES: usize = 8 * 1024;
/// Most bytes of names and values of headers.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// What pages may use of a browser. They record calls with the microphone.
const PERMISSIONS_POLICY: &str =
    "camera=(), display-capture=(), geolocation=(), microphone=(self), payment=(), usb=()";

/// How long a browser that came by HTTPS comes by nothing else: a year, in seconds.
const TRANSPORT_SECURITY: &str = "max-age=31536000";

/// For routes with long answers. A transcript of three hours is 6 MB: what the last few percent of its size would
/// cost is longer than they take on the way.
pub(crate) fn compressed() -> CompressionLayer {
    CompressionLayer::new().quality(CompressionLevel::Fastest)
}

/// The outermost layer.
pub(crate) async fn around(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let request_id = request_id(request.headers());
    let address = client_address(&state, &request);
    request.extensions_mut().insert(ClientAddress(address));
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "unmatched".to_owned());
    // The path, never the query: that may hold what people searched for.
    let span = tracing::info_span!(
        "http.request",
        request.id = %request_id,
        http.method = %method,
        http.route = %route,
        http.path = %request.uri().path(),
        http.status = tracing::field::Empty,
        user.id = tracing::field::Empty,
    );

    let started = Instant::now();
    let response = async {
        let response = match check_head(&request) {
            Ok(()) => next.run(request).await,
            Err(problem) => problem.into_response(),
        };
        let response = problem::render(response, &request_id);
        let (status, elapsed) = (response.status().as_u16(), started.elapsed());
        tracing::Span::current().record("http.status", status);
        let elapsed_ms = elapsed.as_millis() as u64;
        if is_probe(&route) {
            tracing::debug!(elapsed_ms, "answered");
        } else {
            tracing::info!(elapsed_ms, "answered");
        }
        measure(&method, route, status, elapsed);
        response
    }
    .instrument(span)
    .await;
    with_headers(response, &request_id, state.config.secure_cookies)
}

/// Counts an answer. Every label has few values: methods that nobody has heard of are one, and paths that are no
/// route, too.
fn measure(method: &Method, route: String, status: u16, elapsed: Duration) {
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let labels = [("method", method), ("route", route)];
    metrics::histogram!("gametape_http_request_seconds", &labels).record(elapsed.as_secs_f64());
    let [method, route] = labels;
    let labels = [method, route, ("status", status.to_string())];
    metrics::counter!("gametape_http_requests_total", &labels).increment(1);
}

/// Refuses a request whose address or headers are longer than any that makes sense.
fn check_head(request: &Request) -> Result<()> {
    let address = request.uri().path_and_query().map_or(0, |it| it.as_str().len());
    if address > MAX_ADDRESS_BYTES {
        let detail = format!("an address has {MAX_ADDRESS_BYTES} bytes at most");
        return Err(Problem::new(problem::Code::AddressTooLong, detail));
    }
    let headers = request.headers().iter();
    let bytes: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if bytes > MAX_HEADER_BYTES {
        let detail = format!("all headers together have {MAX_HEADER_BYTES} bytes at most");
        return Err(Problem::new(problem::Code::HeadersTooLarge, detail));
    }
    Ok(())
}

/// Whether a machine asks for this every few seconds, so that it would fill the log.
fn is_probe(route: &str) -> bool {
    matches!(route, "/healthz" | "/readyz" | "/metrics")
}

/// The client's own id for the request if it is a sane one, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        });
    given.map_or_else(|| hex::encode(rand::random::<[u8; 12]>()), str::to_owned)
}

fn client_address(state: &ApiState, request: &Request) -> Option<IpAddr> {
    let forwarded = || {
        let last = request
            .headers()
            .get_all("x-forwarded-for")
            .into_iter()
            .next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let peer = || {
        request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map(|peer| peer.0.ip())
    };
    if state.config.behind_proxy {
        forwarded().or_else(peer)
    } else {
        peer()
    }
}

fn with_headers(mut response: Response, request_id: &str, secure: bool) -> Response {
    let headers = response.headers_mut();
    if let Ok(value) = request_id.parse() {
        headers.insert(REQUEST_ID, value);
    }
    // Files know their kind by their name, and names say nothing about the encoding: it is UTF-8 everywhere.
    if headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind == "text/html")
    {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
    }
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::REFERRER_POLICY, "same-origin");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    default(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    default(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    default(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
    if secure {
        default(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY);
    }
    response
}

/// Answers of the API hold people's conversations: nothing may be kept unless a route says so.
pub(crate) async fn uncached(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // Streams of events come with a `no-cache`, which still allows to keep them.
    if headers
        .get(header::CACHE_CONTROL)
        .is_none_or(|how| how == "no-cache")
    {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// Answers an unknown path.
pub(crate) async fn not_found() -> Response {
    Problem::new(problem::Code::NotFound, "there is nothing at this address").into_response()
}

/// Answers a known path with a method it does not know.
pub(crate) async fn method_not_allowed() -> Response {
    Problem::new(
        problem::Code::MethodNotAllowed,
        "see /api/docs for what this address can do",
    )
    .into_response()
}

/// Runs work that keeps a thread busy, as soon as one of `permits` is free.
pub(crate) async fn on_thread<T: Send + 'static>(
    permits: &Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .map_err(|error| Problem::unavailable(&error))?;
    let span = tracing::Span::current();
    #[expect(
        clippy::disallowed_methods,
        reason = "the permit bounds the number of threads"
    )]
    let task = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        span.in_scope(work)
    });
    task.await.map_err(|error| Problem::internal(&error))
}
