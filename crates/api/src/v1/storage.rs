//! How much room all of it takes; for administrators.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, extract::Json, problem::Result};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(storage))
}

/// How much room all of it takes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Storage {
    /// Bytes of recordings, each counted once however many calls it has.
    recordings_bytes: i64,
    /// Bytes of uploads that are under way. Waveforms, which are small, are not counted.
    other_bytes: i64,
    /// Bytes of the database; null where it does not say.
    database_bytes: Option<i64>,
    /// Bytes that are free where recordings are kept; null where that is no folder of this machine.
    free_bytes: Option<u64>,
    /// Number of calls.
    calls: i64,
}

/// How much room recordings and database take, as the database has it.
#[utoipa::path(
    get, path = "/storage", operation_id = "getStorage", tag = "operation",
    responses((status = 200, body = Storage))
)]
pub(super) async fn storage(State(state): State<ApiState>) -> Result<Json<Storage>> {
    let figures = state.store.storage_figures().await?;
    Ok(Json(Storage {
        recordings_bytes: figures.recordings_bytes,
        other_bytes: figures.uploads_bytes,
        database_bytes: figures.database_bytes,
        free_bytes: state.media.free_bytes()?,
        calls: figures.calls,
    }))
}
