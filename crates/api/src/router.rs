//! All routes, and what stands around them.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::get,
};
use http::{HeaderValue, header};
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use crate::{ApiState, auth, idempotency, openapi, ops, problem, query, rate, v1, wrap};

/// The routes that let everybody in: method and path. All others want a session or a token. `/metrics` has
/// a rule of its own.
pub const PUBLIC_ROUTES: &[(&str, &str)] = &[
    ("post", "/api/v1/session"),
    ("post", "/api/v1/invitations/open"),
    ("post", "/api/v1/invitations/accept"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/api/docs/"),
    ("get", "/api/openapi.json"),
];

/// Longest body of a request that is no file. A rubric with all its levels is the longest thing that people write.
const MAX_JSON_BYTES: usize = 1024 * 1024;

/// What the swagger page loads.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The whole interface. To know the address of a client it has to be served with
/// `into_make_service_with_connect_info::<SocketAddr>()`.
pub fn router(state: ApiState) -> Router {
    router_with_fallback(state, Router::new().fallback(wrap::not_found))
}

/// The whole interface, with `fallback` for all paths outside of it: the pages of the web interface. They
/// get request ids, measurements and security headers too.
pub fn router_with_fallback(state: ApiState, fallback: Router) -> Router {
    let (signed_in, _) = documented_signed_in()
        .route_layer(from_fn(query::refuse_unknown))
        .route_layer(from_fn_with_state(state.clone(), idempotency::layer))
        .route_layer(from_fn_with_state(state.clone(), auth::authenticate))
        .split_for_parts();
    let (public, _) = documented_public()
        .route_layer(from_fn(query::refuse_unknown))
        .route_layer(from_fn_with_state(state.clone(), rate::count_unknown))
        .split_for_parts();
    let v1 = signed_in
        .merge(public)
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .method_not_allowed_fallback(wrap::method_not_allowed)
        .fallback(wrap::not_found)
        .layer(from_fn(wrap::uncached));
    Router::new()
        .nest("/api/v1", v1)
        .merge(docs())
        .route("/api/{*rest}", axum::routing::any(wrap::not_found))
        .merge(ops::routes(&state))
        .method_not_allowed_fallback(wrap::method_not_allowed)
        .fallback_service(fallback)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state(state.clone(), wrap::around))
        .with_state(state)
}

/// What a process serves that has nothing but work: whether it is alive and ready, and how it does.
pub fn operation_router(state: ApiState) -> Router {
    Router::new()
        .merge(ops::routes(&state))
        .method_not_allowed_fallback(wrap::method_not_allowed)
        .fallback(wrap::not_found)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state(state.clone(), wrap::around))
        .with_state(state)
}

/// Every route of version 1, for the `OpenAPI` document.
pub(crate) fn documented() -> OpenApiRouter<ApiState> {
    let v1 = documented_signed_in().merge(documented_public());
    OpenApiRouter::with_openapi(openapi::Document::openapi()).nest("/api/v1", v1)
}

fn documented_public() -> OpenApiRouter<ApiState> {
    v1::session::public_routes().merge(v1::invitations::public_routes())
}

/// Routes for those who are signed in. Whoever adds one here can't forget to ask who is there.
fn documented_signed_in() -> OpenApiRouter<ApiState> {
    let admin = v1::users::routes()
        .merge(v1::audit::routes())
        .merge(v1::erase::routes())
        .merge(v1::export::admin_routes())
        .merge(v1::invitations::admin_routes())
        .merge(v1::jobs::admin_routes())
        .merge(v1::retention::admin_routes())
        .merge(v1::sample_data::routes())
        .merge(v1::storage::admin_routes())
        .merge(v1::teams::admin_routes())
        .route_layer(from_fn(auth::require_admin));
    OpenApiRouter::new()
        .merge(v1::session::routes())
        .merge(v1::me::routes())
        .merge(v1::people::routes())
        .merge(v1::teams::routes())
        .merge(v1::tokens::routes())
        .merge(v1::server::routes())
        .merge(v1::jobs::routes())
        .merge(v1::storage::routes())
        .merge(v1::calls::routes())
        .merge(v1::comments::routes())
        .merge(v1::export::routes())
        .merge(v1::inbox::routes())
        .merge(v1::moments::routes())
        .merge(v1::search::routes())
        .merge(v1::trackers::routes())
        .merge(v1::uploads::routes())
        .merge(v1::reviews::routes())
        .merge(v1::rubrics::routes())
        .merge(admin)
}

/// The document, and pages to browse it with, which come with the program.
fn docs() -> Router<ApiState> {
    let swagger: Router<ApiState> = SwaggerUi::new("/api/docs")
        .url("/api/openapi.json", openapi::openapi())
        .into();
    swagger
        .route(
            "/api",
            get(|| async { axum::response::Redirect::to("/api/docs/") }),
        )
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(DOCS_POLICY),
        ))
}
