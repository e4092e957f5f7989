//! Background work of the whole installation: counts for administrators, and for everybody how long it takes.

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
    OpenApiRouter::new().routes(routes!(backlog))
}

pub(crate) fn admin_routes() -> OpenApiRouter<ApiState> {
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

/// What waits to be transcribed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Backlog {
    /// Calls without all of their words.
    calls: i64,
    /// Those among them whose length is not known yet; the rest leaves them out.
    unknown_length: i64,
    /// Length of the others that is still to be heard, in milliseconds.
    recording_ms: i64,
    /// Hours of calls that are transcribed in an hour, as the last calls went; nothing before the first.
    hours_an_hour: Option<f64>,
    /// Milliseconds until all of it has its words.
    done_in_ms: Option<i64>,
}

/// How much waits to be transcribed with the usual model, and when that will be done.
#[utoipa::path(
    get, path = "/backlog", operation_id = "getBacklog", tag = "operation",
    responses((status = 200, body = Backlog))
)]
pub(super) async fn backlog(State(state): State<ApiState>) -> Result<Json<Backlog>> {
    let backlog = state.store.backlog(&state.config.default_model).await?;
    Ok(Json(Backlog {
        calls: backlog.calls,
        unknown_length: backlog.unknown_length,
        recording_ms: backlog.recording_ms,
        hours_an_hour: backlog.hours_an_hour(),
        done_in_ms: backlog.done_in_ms(),
    }))
}
