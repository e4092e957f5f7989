//! The end of an attempt: its results, the job that follows, and what the call shows, all in one transaction
//! that only the holder of the job can make.

use gametape_core::{
    TimeMs,
    call::{CallProblem, CallState},
    id::{CallId, RecordingId},
    inbox::NoticeKind,
    job::{AttemptOutcome, Job, JobKind, JobState, LONGEST_OUTAGE_MS, MAX_FAILURES, backoff_ms, outage_ms},
    stats::TalkStats,
};

use super::{enqueue::close_attempt, enqueue_stage, hold};
use crate::{
    Ahead, Fence, JobEnd, Result, Store, StoreError, Tx,
    call::{self, bump},
    event::{self, NewEvent},
    inbox, recording,
    row::clean,
    tracker, transcript,
};

/// What an attempt leaves of its job.
pub(super) struct End<'a> {
    state: JobState,
    outcome: AttemptOutcome,
    error: Option<&'a str>,
    /// Set for a job that goes back into the queue.
    run_at: Option<TimeMs>,
    failures: i64,
}

impl<'a> End<'a> {
    fn over(state: JobState, outcome: AttemptOutcome) -> Self {
        Self {
            state,
            outcome,
            error: None,
            run_at: None,
            failures: 0,
        }
    }

    pub(super) fn failed(error: &'a str) -> Self {
        Self {
            error: Some(error),
            ..Self::over(JobState::Failed, AttemptOutcome::Failed)
        }
    }

    fn queued(outcome: AttemptOutcome, run_at: TimeMs) -> Self {
        Self {
            run_at: Some(run_at),
            ..Self::over(JobState::Queued, outcome)
        }
    }
}

/// Takes a job from the worker that holds it. Its lease is forgotten: a worker that ends a job itself writes
/// nothing more.
pub(super) async fn close(tx: &mut Tx, job: &Job, now: TimeMs, end: &End<'_>) -> Result<()> {
    sqlx::query(
        "UPDATE jobs SET state = $2, attempt = $3, lease_owner = NULL, lease_until = NULL, \
           failures = failures + $4, last_error = COALESCE($5, last_error), run_at = COALESCE($6, run_at), \
           finished_at = $7 WHERE id = $1",
    )
    .bind(job.id.as_str())
    .bind(end.state.as_str())
    .bind(job.attempt)
    .bind(end.failures)
    .bind(end.error)
    .bind(end.run_at)
    .bind(end.run_at.is_none().then_some(now))
    .execute(&mut **tx)
    .await?;
    close_attempt(tx, &job.id, job.attempt, now, end.outcome, end.error).await
}

/// The call of a job that is a stage.
fn call_of(job: &Job) -> Result<&CallId> {
    job.call_id
        .as_ref()
        .ok_or_else(|| StoreError::conflict("job", "it belongs to no call"))
}

async fn recording_of(tx: &mut Tx, call_id: &CallId) -> Result<RecordingId> {
    let call = call::find(tx, call_id)
        .await?
        .ok_or_else(|| StoreError::not_found("call", call_id))?;
    call.recording_id
        .ok_or_else(|| StoreError::conflict("call", "it has no recording"))
}

/// Ends a job with success, and begins the next stage of its call, which goes on with what was heard ahead.
async fn succeed(tx: &mut Tx, job: &Job, now: TimeMs, ahead: Option<&Ahead>) -> Result<()> {
    close(tx, job, now, &End::over(JobState::Done, AttemptOutcome::Done)).await?;
    if let (Some(call_id), Some(next)) = (&job.call_id, job.kind.next()) {
        call::touch(tx, call_id, now).await?;
        let next_id = enqueue_stage(tx, call_id, next, Some(job.turn), now).await?;
        transcript::hand_over(tx, call_id, [&job.id, &next_id], ahead, now).await?;
        event::write(tx, call_id, now, &[NewEvent::call()]).await?;
    }
    Ok(())
}

/// Ends a job and its call in failure.
async fn fail(tx: &mut Tx, job: &Job, now: TimeMs, problem: &CallProblem, error: &str) -> Result<()> {
    let end = End {
        failures: 1,
        ..End::failed(error)
    };
    close(tx, job, now, &end).await?;
    match &job.call_id {
        Some(call_id) => call::fail(tx, call_id, now, problem).await,
        None => Ok(()),
    }
}

/// Puts a job back for later, or ends it when it has failed too often. Deleting objects is tried for ever:
/// giving up would leave them where nobody looks.
async fn retry(tx: &mut Tx, job: &Job, now: TimeMs, error: &str) -> Result<()> {
    let failures = job.failures + 1;
    if failures >= MAX_FAILURES && job.kind != JobKind::MediaDelete {
        let problem = CallProblem {
            code: "internal".to_owned(),
            detail: format!(
                "Something went wrong here {failures} times while working on this recording; the recording is \
                 kept. Ask whoever runs this installation to look at the log, then try again."
            ),
        };
        return fail(tx, job, now, &problem, error).await;
    }
    let end = End {
        error: Some(error),
        failures: 1,
        ..End::queued(AttemptOutcome::Retried, now + backoff_ms(failures))
    };
    close(tx, job, now, &end).await
}

/// Puts a job back until what it needs is there again. A day of that counts as a failure.
async fn wait(tx: &mut Tx, job: &Job, now: TimeMs, error: &str) -> Result<()> {
    if now - job.created_at > LONGEST_OUTAGE_MS {
        return retry(tx, job, now, error).await;
    }
    let end = End {
        error: Some(error),
        ..End::queued(AttemptOutcome::Retried, now + outage_ms(job.attempt))
    };
    close(tx, job, now, &end).await
}

/// Stops a job whose worker noticed that it isn't wanted, and its call.
async fn cancel(tx: &mut Tx, job: &Job, now: TimeMs) -> Result<()> {
    close(
        tx,
        job,
        now,
        &End::over(JobState::Cancelled, AttemptOutcome::Cancelled),
    )
    .await?;
    let Some(call_id) = &job.call_id else {
        return Ok(());
    };
    sqlx::query(concat!(
        "UPDATE calls SET state = 'cancelled', progress = NULL, ",
        bump!("$2"),
        " WHERE id = $1"
    ))
    .bind(call_id.as_str())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    event::write(tx, call_id, now, &[NewEvent::state(CallState::Cancelled, None)]).await?;
    event::forget_progress(tx, call_id).await
}

async fn stored(tx: &mut Tx, job: &Job, now: TimeMs) -> Result<()> {
    let recording_id = recording_of(tx, call_of(job)?).await?;
    recording::parts_joined(tx, &recording_id, now).await
}

/// What `call.analyze` found.
struct Analysis<'a> {
    duration_ms: i64,
    channels: i64,
    content_type: &'a str,
    json: &'a str,
}

async fn analyzed(tx: &mut Tx, job: &Job, analysis: &Analysis<'_>) -> Result<()> {
    let call_id = call_of(job)?;
    let recording_id = recording_of(tx, call_id).await?;
    sqlx::query(
        "UPDATE recordings SET duration_ms = $2, channels = $3, content_type = $4, analysis = $5 WHERE id = $1",
    )
    .bind(recording_id.as_str())
    .bind(analysis.duration_ms)
    .bind(analysis.channels)
    .bind(clean(analysis.content_type).as_ref())
    .bind(clean(analysis.json).as_ref())
    .execute(&mut **tx)
    .await?;
    sqlx::query("UPDATE calls SET duration_ms = $2, channels = $3 WHERE id = $1")
        .bind(call_id.as_str())
        .bind(analysis.duration_ms)
        .bind(analysis.channels)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn published(tx: &mut Tx, job: &Job, now: TimeMs, stats_json: &str) -> Result<()> {
    let call_id = call_of(job)?;
    sqlx::query(concat!(
        "UPDATE calls SET state = 'ready', problem = NULL, progress = NULL, stats = $3, ",
        bump!("$2"),
        " WHERE id = $1"
    ))
    .bind(call_id.as_str())
    .bind(now)
    .bind(clean(stats_json).as_ref())
    .execute(&mut **tx)
    .await?;
    // What can't be read as statistics has no figures.
    let stats: Option<TalkStats> = serde_json::from_str(stats_json).ok();
    call::set_talk(tx, call_id, stats.as_ref()).await?;
    tracker::look_through(tx, call_id).await?;
    inbox::call_ended(tx, call_id, NoticeKind::CallReady, now).await?;
    event::write(tx, call_id, now, &[NewEvent::state(CallState::Ready, None)]).await?;
    event::forget_progress(tx, call_id).await
}

/// The kind of job that can end like this; `None` when all can.
fn kind_of(end: &JobEnd) -> Option<JobKind> {
    match end {
        JobEnd::Stored => Some(JobKind::CallStore),
        JobEnd::Analyzed { .. } => Some(JobKind::CallAnalyze),
        JobEnd::Transcribed { .. } => Some(JobKind::CallTranscribe),
        JobEnd::Published { .. } => Some(JobKind::CallPublish),
        JobEnd::Deleted => Some(JobKind::MediaDelete),
        JobEnd::Retry { .. }
        | JobEnd::Outage { .. }
        | JobEnd::Fail(_)
        | JobEnd::Returned
        | JobEnd::Cancelled => None,
    }
}

impl Store {
    /// Ends an attempt. Success writes its results and queues the next stage; a failure that may pass puts
    /// the job back for later; the rest ends job and call. A conflict when the end doesn't fit the kind of
    /// job, or when windows of a transcript are missing.
    #[tracing::instrument(name = "db.job.finish", level = "debug", skip_all)]
    pub async fn job_finish(&self, fence: &Fence, end: JobEnd) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let job = hold(&mut tx, fence).await?;
        if kind_of(&end).is_some_and(|kind| kind != job.kind) {
            return Err(StoreError::conflict(
                "job",
                format!("a {} job doesn't end like this", job.kind),
            ));
        }
        let mut heard_ahead = None;
        match &end {
            JobEnd::Retry { error } => retry(&mut tx, &job, now, &clean(error)).await?,
            JobEnd::Outage { error } => wait(&mut tx, &job, now, &clean(error)).await?,
            JobEnd::Fail(problem) => {
                let error = format!("{}: {}", problem.code, problem.detail);
                fail(&mut tx, &job, now, problem, &clean(&error)).await?;
            }
            JobEnd::Returned => {
                close(&mut tx, &job, now, &End::queued(AttemptOutcome::Returned, now)).await?;
            }
            JobEnd::Cancelled => cancel(&mut tx, &job, now).await?,
            JobEnd::Stored => stored(&mut tx, &job, now).await?,
            JobEnd::Analyzed {
                duration_ms,
                channels,
                content_type,
                analysis_json,
                ahead,
            } => {
                heard_ahead = ahead.as_ref();
                let analysis = Analysis {
                    duration_ms: *duration_ms,
                    channels: *channels,
                    content_type,
                    json: analysis_json,
                };
                analyzed(&mut tx, &job, &analysis).await?;
            }
            JobEnd::Transcribed { language } => {
                transcript::complete(&mut tx, call_of(&job)?, &job.id, language.as_deref(), now).await?;
            }
            JobEnd::Published { stats_json } => published(&mut tx, &job, now, stats_json).await?,
            JobEnd::Deleted => {}
        }
        if kind_of(&end).is_some() {
            succeed(&mut tx, &job, now, heard_ahead).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
