//! Making jobs, and stopping them.

use gametape_core::{
    TimeMs,
    id::{CallId, JobId},
    job::{AttemptOutcome, JobKind},
};

use super::{
    DeletePayload,
    turn::{Place, place_of_call, place_of_deletion},
};
use crate::{
    Result, StoreError, Tx,
    row::{Fields, to_json},
};

/// Adds a job for a stage of a call, with the `turn` of the stage before it, or else with one of its own. The caller changes the call's `updated_at` in the same transaction:
/// that is how those who stop a call notice a job that they did not see.
pub(crate) async fn enqueue_stage(
    tx: &mut Tx,
    call_id: &CallId,
    kind: JobKind,
    turn: Option<i64>,
    now: TimeMs,
) -> Result<JobId> {
    // The jobs of a call sort in the order in which they were made, even within one millisecond.
    let last: Option<i64> = sqlx::query_scalar("SELECT MAX(created_at) FROM jobs WHERE call_id = $1")
        .bind(call_id.as_str())
        .fetch_one(&mut **tx)
        .await?;
    let created_at = last.map_or(now, |last| now.max(last + 1));
    let place = place_of_call(tx, call_id, turn, now).await?;
    let job = NewJob {
        kind,
        call_id: Some(call_id),
        payload: "{}",
        place,
        run_at: now,
        created_at,
    };
    insert(tx, &job).await
}

/// Adds a job that deletes objects, not before `not_before`.
pub(crate) async fn enqueue_delete(
    tx: &mut Tx,
    payload: &DeletePayload,
    now: TimeMs,
    not_before: TimeMs,
) -> Result<()> {
    let job = NewJob {
        kind: JobKind::MediaDelete,
        call_id: None,
        payload: &to_json(payload),
        place: place_of_deletion(tx, now).await?,
        run_at: not_before.max(now),
        created_at: now,
    };
    insert(tx, &job).await?;
    Ok(())
}

struct NewJob<'a> {
    kind: JobKind,
    call_id: Option<&'a CallId>,
    payload: &'a str,
    place: Place,
    run_at: TimeMs,
    created_at: TimeMs,
}

async fn insert(tx: &mut Tx, job: &NewJob<'_>) -> Result<JobId> {
    let id = JobId::new(job.created_at);
    sqlx::query(
        "INSERT INTO jobs (id, kind, call_id, payload, state, fair_key, turn, attempt, failures, lost, \
         run_at, created_at) VALUES ($1, $2, $3, $4, 'queued', $5, $6, 0, 0, 0, $7, $8)",
    )
    .bind(id.as_str())
    .bind(job.kind.as_str())
    .bind(job.call_id.map(CallId::as_str))
    .bind(job.payload)
    .bind(&job.place.fair_key)
    .bind(job.place.turn)
    .bind(job.run_at)
    .bind(job.created_at)
    .execute(&mut **tx)
    .await
    .map_err(|error| StoreError::or_taken(error, "call", "it has a job already"))?;
    Ok(id)
}

/// Stops the open jobs of a call. Their workers find out by their next heartbeat or write; what they write
/// until then shows in `lease_until`, which stays.
pub(crate) async fn cancel_jobs_of(tx: &mut Tx, call_id: &CallId, now: TimeMs) -> Result<()> {
    let rows = sqlx::query(
        "UPDATE jobs SET state = 'cancelled', finished_at = $2 \
         WHERE call_id = $1 AND state IN ('queued', 'running') RETURNING id, attempt",
    )
    .bind(call_id.as_str())
    .bind(now)
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        let fields = Fields::of(row, "jobs");
        let id: JobId = fields.parsed("id")?;
        close_attempt(
            tx,
            &id,
            fields.int("attempt")?,
            now,
            AttemptOutcome::Cancelled,
            None,
        )
        .await?;
    }
    Ok(())
}

/// When the objects of a call may be deleted: a second after the last lease of a worker that was stopped and
/// may not have noticed, or now.
pub(crate) async fn quiet_at(tx: &mut Tx, call_id: &CallId, now: TimeMs) -> Result<TimeMs> {
    const MARGIN_MS: i64 = 1_000;
    let lease_until: Option<i64> = sqlx::query_scalar("SELECT MAX(lease_until) FROM jobs WHERE call_id = $1")
        .bind(call_id.as_str())
        .fetch_one(&mut **tx)
        .await?;
    Ok(lease_until.map_or(now, |until| until.max(now) + MARGIN_MS))
}

/// Writes down how an attempt ended, unless that is known already.
pub(super) async fn close_attempt(
    tx: &mut Tx,
    job_id: &JobId,
    attempt: i64,
    now: TimeMs,
    outcome: AttemptOutcome,
    error: Option<&str>,
) -> Result<()> {
    sqlx::query(
        "UPDATE job_attempts SET finished_at = $3, outcome = $4, error = $5 \
         WHERE job_id = $1 AND attempt = $2 AND finished_at IS NULL",
    )
    .bind(job_id.as_str())
    .bind(attempt)
    .bind(now)
    .bind(outcome.as_str())
    .bind(error)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
