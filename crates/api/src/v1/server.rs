//! What this server allows, for clients that ask before they try.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, extract::Json};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(server))
}

/// What this server allows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Server {
    /// Version of the program.
    version: &'static str,
    /// Longest file that may be uploaded, in bytes.
    max_upload_bytes: u64,
    /// Longest clip.
    max_clip_ms: i64,
    /// Model that is used unless a call asks for another.
    default_model: String,
}

/// Version and limits.
#[utoipa::path(
    get, path = "/server", operation_id = "getServer", tag = "operation",
    responses((status = 200, body = Server))
)]
pub(super) async fn server(State(state): State<ApiState>) -> Json<Server> {
    Json(Server {
        version: env!("CARGO_PKG_VERSION"),
        max_upload_bytes: state.config.max_upload_bytes,
        max_clip_ms: state.config.max_clip_ms,
        default_model: state.config.default_model.clone(),
    })
}
