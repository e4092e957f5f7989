//! What workers did for a call.

use axum::extract::State;
use gametape_core::{
    id::CallId,
    job::{Attempt, Job},
    policy,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json, List},
    problem::Result,
};

/// A unit of background work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(super) struct JobView {
    /// Which.
    id: String,
    /// What it does, e.g. `call.transcribe`.
    kind: &'static str,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// Attempts that failed.
    failures: i64,
    /// Not before this time, in milliseconds since 1970.
    run_at: i64,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
    /// When it was over, in milliseconds since 1970.
    finished_at: Option<i64>,
    /// Every try at it, in order.
    attempts: Vec<AttemptView>,
}

/// One try at a job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(super) struct AttemptView {
    /// Its number, from 1.
    attempt: i64,
    /// When it began, in milliseconds since 1970.
    started_at: i64,
    /// When it ended, in milliseconds since 1970.
    finished_at: Option<i64>,
    /// `done`, `retried`, `failed`, `cancelled`, `lost` or `returned`.
    outcome: Option<&'static str>,
    /// The worker that made it; for administrators.
    worker: Option<String>,
    /// Why it failed; for administrators.
    error: Option<String>,
}

/// What workers did for a call.
#[utoipa::path(
    get, path = "/calls/{id}/jobs", operation_id = "listCallJobs", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = List<JobView>))
)]
pub(super) async fn jobs(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Json<List<JobView>>> {
    visible_call(&state, &current, &id).await?;
    let with_internals = policy::may_administer(&current.viewer);
    let history = state.store.job_history(&id).await?;
    let jobs = history
        .into_iter()
        .map(|(job, attempts)| view(job, attempts, with_internals))
        .collect();
    Ok(Json(List::whole(jobs)))
}

/// Names of machines and errors of libraries are shown to administrators alone.
fn view(job: Job, attempts: Vec<Attempt>, with_internals: bool) -> JobView {
    let attempts = attempts.into_iter().map(|attempt| AttemptView {
        attempt: attempt.attempt,
        started_at: attempt.started_at,
        finished_at: attempt.finished_at,
        outcome: attempt.outcome.map(gametape_core::job::AttemptOutcome::as_str),
        worker: Some(attempt.worker).filter(|_| with_internals),
        error: attempt.error.filter(|_| with_internals),
    });
    JobView {
        id: job.id.into(),
        kind: job.kind.as_str(),
        state: job.state.as_str(),
        failures: job.failures,
        run_at: job.run_at,
        created_at: job.created_at,
        finished_at: job.finished_at,
        attempts: attempts.collect(),
    }
}
