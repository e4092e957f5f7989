//! Stopping calls, deleting them, and starting them again.
//!
//! A call is stopped together with its jobs. On PostgreSQL a stage that ends at the same moment may add the
//! next job behind our back; it changes `updated_at`, so the functions here compare that at the end, and
//! begin again when it moved.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    call::{Call, CallProblem, CallState},
    erasure::ErasureKind,
    id::{CallId, RecordingId},
    job::{JobKind, Priority},
};

use super::{bump, call_columns, find_existing, opt_clean, read_call};
use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    erasure,
    event::{self, NewEvent},
    idempotency, job,
    recording::{self, RecordingRow},
    upload,
};

/// Rounds of comparing before giving up: a call has four stages, and people click slowly.
pub(super) const ROUNDS: u32 = 10;

pub(super) fn still_moving() -> StoreError {
    StoreError::conflict("call", "it is changing just now; try again")
}

/// The recording of a call that no work is under way on.
async fn recording_at_rest(tx: &mut Tx, call: &Call, allowed: &[CallState]) -> Result<RecordingRow> {
    if !allowed.contains(&call.state) {
        return Err(StoreError::conflict("call", format!("it is {}", call.state)));
    }
    let recording = match &call.recording_id {
        Some(id) => recording::lock(tx, id).await?,
        None => None,
    };
    recording.ok_or_else(|| {
        let why = match call.recording_deleted_at {
            Some(_) => "its recording was deleted",
            None => "its file never arrived; upload it again",
        };
        StoreError::conflict("call", why)
    })
}

/// The last job that a call had.
async fn last_kind(tx: &mut Tx, call_id: &CallId) -> Result<Option<JobKind>> {
    let kind: Option<String> = sqlx::query_scalar(
        "SELECT kind FROM jobs WHERE call_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1",
    )
    .bind(call_id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(kind.and_then(|kind| kind.parse().ok()))
}

/// Queues a call again, unless it changed since it was read.
async fn requeue(
    tx: &mut Tx,
    call: &Call,
    model: Option<&str>,
    language: Option<&str>,
    priority: Priority,
    now: TimeMs,
) -> Result<Call> {
    let row = sqlx::query(concat!(
        "UPDATE calls SET state = 'queued', problem = NULL, progress = NULL, \
           requested_model = COALESCE($4, requested_model), \
           requested_language = COALESCE($5, requested_language), priority = $6, ",
        bump!("$2"),
        " WHERE id = $1 AND updated_at = $3 RETURNING ",
        call_columns!()
    ))
    .bind(call.id.as_str())
    .bind(now)
    .bind(call.updated_at)
    .bind(opt_clean(model))
    .bind(opt_clean(language))
    .bind(priority.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    let queued = row
        .as_ref()
        .map(read_call)
        .transpose()?
        .ok_or_else(still_moving)?;
    event::write(tx, &call.id, now, &[NewEvent::state(CallState::Queued, None)]).await?;
    Ok(queued)
}

impl Store {
    /// Stops the work on a call. A conflict when there is none to stop.
    #[tracing::instrument(name = "db.call.cancel", level = "debug", skip_all)]
    pub async fn call_cancel(&self, id: &CallId) -> Result<Call> {
        for _ in 0..ROUNDS {
            if let Some(call) = self.try_cancel(id).await? {
                return Ok(call);
            }
        }
        Err(still_moving())
    }

    async fn try_cancel(&self, id: &CallId) -> Result<Option<Call>> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = find_existing(&mut tx, id).await?;
        if call.state.is_final() {
            return Err(StoreError::conflict(
                "call",
                format!("it is {} already", call.state),
            ));
        }
        job::cancel_jobs_of(&mut tx, id, now).await?;
        let row = sqlx::query(concat!(
            "UPDATE calls SET state = 'cancelled', progress = NULL, ",
            bump!("$2"),
            " WHERE id = $1 AND updated_at = $3 RETURNING ",
            call_columns!()
        ))
        .bind(id.as_str())
        .bind(now)
        .bind(call.updated_at)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            tx.rollback().await?;
            return Ok(None);
        };
        event::write(&mut tx, id, now, &[NewEvent::state(CallState::Cancelled, None)]).await?;
        event::forget_progress(&mut tx, id).await?;
        let call = read_call(&row)?;
        tx.commit().await?;
        Ok(Some(call))
    }

    /// Tries a failed or cancelled call again, from the stage that it got to; what is done stays done. A
    /// conflict for calls in other states, or without a recording.
    #[tracing::instrument(name = "db.call.retry", level = "debug", skip_all)]
    pub async fn call_retry(&self, id: &CallId) -> Result<Call> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = find_existing(&mut tx, id).await?;
        let recording = recording_at_rest(&mut tx, &call, &[CallState::Failed, CallState::Cancelled]).await?;
        let first = recording.first_stage();
        // Another call of the same recording may have done more in the meantime.
        let kind = last_kind(&mut tx, id)
            .await?
            .map_or(first, |last| later_of(last, first));
        let queued = requeue(&mut tx, &call, None, None, Priority::Normal, now).await?;
        let job_id = job::enqueue_stage(&mut tx, id, kind, None, now).await?;
        // The new job goes on with the windows that the old one wrote.
        sqlx::query("UPDATE transcripts SET job_id = $2 WHERE call_id = $1 AND completed_at IS NULL")
            .bind(id.as_str())
            .bind(job_id.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// Transcribes a call again, with another model or language where one is given. People go on reading the
    /// old transcript until the new one is complete. A conflict while work is under way, or without a
    /// recording.
    #[tracing::instrument(name = "db.call.retranscribe", level = "debug", skip_all)]
    pub async fn call_retranscribe(
        &self,
        id: &CallId,
        model: Option<String>,
        language: Option<String>,
        priority: Priority,
    ) -> Result<Call> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = find_existing(&mut tx, id).await?;
        let allowed = [CallState::Ready, CallState::Failed, CallState::Cancelled];
        let recording = recording_at_rest(&mut tx, &call, &allowed).await?;
        let queued = requeue(
            &mut tx,
            &call,
            model.as_deref(),
            language.as_deref(),
            priority,
            now,
        )
        .await?;
        job::enqueue_stage(&mut tx, id, recording.first_stage(), None, now).await?;
        tx.commit().await?;
        Ok(queued)
    }

    /// Deletes a call with all that belongs to it, unless it is held. Its recording goes too unless another call has
    /// it; objects are deleted by a job, once no worker can still be writing them.
    #[tracing::instrument(name = "db.call.delete", level = "debug", skip_all)]
    pub async fn call_delete(&self, actor: &Actor, id: &CallId) -> Result<()> {
        for _ in 0..ROUNDS {
            if self.try_delete(actor, id).await? {
                return Ok(());
            }
        }
        Err(still_moving())
    }

    async fn try_delete(&self, actor: &Actor, id: &CallId) -> Result<bool> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = find_existing(&mut tx, id).await?;
        if let Some(hold) = &call.hold {
            return Err(StoreError::Held { reason: hold.reason });
        }
        if !remove(&mut tx, &call, now).await? {
            tx.rollback().await?;
            return Ok(false);
        }
        let entry = NewAudit::of(AuditAction::CallDelete, "call", id.as_str()).in_call(id);
        let entry = entry.with(serde_json::json!({"owner_id": call.owner_id}));
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Deletes a call that was read in this transaction, with all that belongs to it, and has its objects deleted. Says
/// no where somebody changed it meanwhile: then all of it is to be taken back.
pub(crate) async fn remove(tx: &mut Tx, call: &Call, now: TimeMs) -> Result<bool> {
    let id = &call.id;
    let waiting = match &call.upload_id {
        Some(upload_id) => upload::lock(tx, upload_id).await?,
        None => None,
    };
    upload::forget_names(tx, id).await?;
    job::cancel_jobs_of(tx, id, now).await?;
    let quiet_at = job::quiet_at(tx, id, now).await?;
    if let Some(recording_id) = &call.recording_id {
        lock_recording(tx, recording_id).await?;
    }
    let deleted = sqlx::query("DELETE FROM calls WHERE id = $1 AND updated_at = $2")
        .bind(id.as_str())
        .bind(call.updated_at)
        .execute(&mut **tx)
        .await?;
    if deleted.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some(recording_id) = &call.recording_id {
        recording::drop_unused(tx, recording_id, now, quiet_at).await?;
    }
    if let Some(row) = waiting {
        upload::discard(tx, &row, now, &call_is_gone()).await?;
    }
    idempotency::forget_call(tx, id).await?;
    erasure::note(tx, id.as_str(), ErasureKind::Call, now).await?;
    Ok(true)
}

/// Recordings are locked before calls.
async fn lock_recording(tx: &mut Tx, id: &RecordingId) -> Result<()> {
    recording::lock(tx, id).await.map(|_| ())
}

/// What an upload says when its call is deleted; nobody is left to read it.
fn call_is_gone() -> CallProblem {
    CallProblem {
        code: "call_deleted".to_owned(),
        detail: "The call was deleted.".to_owned(),
    }
}

/// The stage that comes later on the way of a call.
fn later_of(a: JobKind, b: JobKind) -> JobKind {
    let place = |kind| JobKind::ALL.iter().position(|other| *other == kind);
    if place(a) >= place(b) { a } else { b }
}
