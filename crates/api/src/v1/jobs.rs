//! Background work of the whole installation; for administrators.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    extract::{Json, List},
    problem::Result,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(counts))
}

/// How many jobs of a kind are in a state.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobCount {
    /// What they do, e.g. `call.transcribe`.
    kind: &'static str,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// How many.
    count: i64,
}

/// How many jobs there are, by kind and state.
#[utoipa::path(
    get, path = "/jobs", operation_id = "countJobs", tag = "operation",
    responses((status = 200, body = List<JobCount>))
)]
pub(super) async fn counts(State(state): State<ApiState>) -> Result<Json<List<JobCount>>> {
    let counts = state.store.job_counts().await?;
    let counts = counts.into_iter().map(|(kind, state, count)| JobCount {
        kind: kind.as_str(),
        state: state.as_str(),
        count,
    });
    Ok(Json(List::whole(counts.collect())))
}
