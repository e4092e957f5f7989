//! Taking a job, and keeping it.

use gametape_core::{
    TimeMs,
    call::{CallProblem, Progress},
    job::{AttemptOutcome, Job, JobKind, JobState, MAX_LOST, backoff_ms, outage_ms},
};

use sqlx::AssertSqlSafe;

use super::{
    enqueue::close_attempt,
    finish::{End, close},
    hold, read_job,
};
use crate::{
    Fence, Result, Store, Tx, call,
    conditions::Conditions,
    event::{self, NewEvent},
};

/// Machines' clocks may be this far from each other.
const CLOCKS_DIFFER_MS: i64 = 2_000;

/// Ends a job over which too many workers fell silent: most likely it is what stops them.
async fn give_up(tx: &mut Tx, job: &Job, now: TimeMs) -> Result<()> {
    let problem = CallProblem {
        code: "worker_lost".to_owned(),
        detail: format!(
            "The program that works on recordings stopped {MAX_LOST} times in a row while it had this one. Ask \
             whoever runs this installation to look at its memory and its log, then try again."
        ),
    };
    let error = format!("{MAX_LOST} workers in a row fell silent over it");
    // The attempt that this claim began was not made.
    let made = Job {
        attempt: job.attempt - 1,
        ..job.clone()
    };
    close(tx, &made, now, &End::failed(&error)).await?;
    match &job.call_id {
        Some(call_id) => call::fail(tx, call_id, now, &problem).await,
        None => Ok(()),
    }
}

impl Store {
    /// Gives `worker` the next job of one of `kinds` for `lease_ms`: the one whose turn it is among those
    /// that may run now, or whose worker has fallen silent; that attempt is then over. Its call shows that it is
    /// worked on.
    #[tracing::instrument(name = "db.job.claim", level = "debug", skip_all)]
    pub async fn job_claim(&self, worker: &str, kinds: &[JobKind], lease_ms: i64) -> Result<Option<Job>> {
        if kinds.is_empty() {
            return Ok(None);
        }
        let claim = self.engine().claim_job(kinds);
        let mut tx = self.begin().await?;
        if let Some(before) = self.engine().before_claim() {
            sqlx::query(before).execute(&mut *tx).await?;
        }
        let job = loop {
            let now = self.now();
            // Made of names of our own.
            let row = sqlx::query(AssertSqlSafe(claim.clone()))
                .bind(worker)
                .bind(now + lease_ms)
                .bind(now)
                .fetch_optional(&mut *tx)
                .await?;
            let Some(row) = row else { break None };
            let job = read_job(&row)?;
            let silent = Some("its worker fell silent");
            close_attempt(
                &mut tx,
                &job.id,
                job.attempt - 1,
                now,
                AttemptOutcome::Lost,
                silent,
            )
            .await?;
            if job.lost >= MAX_LOST {
                give_up(&mut tx, &job, now).await?;
                continue;
            }
            sqlx::query(
                "INSERT INTO job_attempts (job_id, attempt, worker, started_at) VALUES ($1, $2, $3, $4)",
            )
            .bind(job.id.as_str())
            .bind(job.attempt)
            .bind(worker)
            .bind(now)
            .execute(&mut *tx)
            .await?;
            if let (Some(call_id), Some(stage)) = (&job.call_id, job.kind.stage()) {
                call::start_stage(&mut tx, call_id, stage, now).await?;
            }
            break Some(job);
        };
        tx.commit().await?;
        Ok(job)
    }

    /// How the engine finds a job of `kinds` to claim, in its own words. For tests.
    pub async fn job_claim_plan(&self, kinds: &[JobKind]) -> Result<String> {
        let claim = Conditions {
            sql: self.engine().claim_job(kinds),
            values: vec!["w".into(), 2.into(), 1.into()],
        };
        self.explain(claim).await
    }

    /// Keeps a job for another `lease_ms` from now. [`crate::StoreError::LeaseLost`] when it was stopped or
    /// has another worker: then stop working on it.
    #[tracing::instrument(name = "db.job.heartbeat", level = "debug", skip_all)]
    pub async fn job_heartbeat(&self, fence: &Fence, lease_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        let kept = sqlx::query(
            "UPDATE jobs SET lease_until = $4 \
             WHERE id = $1 AND attempt = $2 AND lease_owner = $3 AND state = $5",
        )
        .bind(fence.job_id.as_str())
        .bind(fence.attempt)
        .bind(fence.worker.as_str())
        .bind(self.now() + lease_ms)
        .bind(JobState::Running.as_str())
        .execute(&mut *tx)
        .await?;
        if kept.rows_affected() == 0 {
            return Err(fence.lost());
        }
        tx.commit().await?;
        Ok(())
    }

    /// Brings back to the present what waits for a time that no job waits for: leases that end later than one that
    /// begins now, and tries that are farther away than any wait before one. They come from a clock that was ahead,
    /// and would otherwise keep a job from everybody for as long. A worker that is alive extends its lease as ever.
    /// Says how many there were.
    #[tracing::instrument(name = "db.job.clock_went_back", level = "debug", skip_all)]
    pub async fn job_clock_went_back(&self, lease_ms: i64) -> Result<usize> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let leases =
            sqlx::query("UPDATE jobs SET lease_until = $1 WHERE state = 'running' AND lease_until > $2")
                .bind(now + lease_ms)
                .bind(now + lease_ms + CLOCKS_DIFFER_MS)
                .execute(&mut *tx)
                .await?;
        // What failed waits for its next try, what met an outage for that to pass, and objects are deleted when the
        // last worker that may write to them has none of its lease left; all else may run at once.
        let waits = sqlx::query(
            "UPDATE jobs SET run_at = $1 WHERE state = 'queued' AND run_at > $2 + \
               CASE WHEN failures > 0 THEN $3 WHEN attempt > 0 THEN $4 \
                 WHEN kind = 'media.delete' THEN $5 ELSE 0 END",
        )
        .bind(now)
        .bind(now + CLOCKS_DIFFER_MS)
        .bind(backoff_ms(i64::MAX))
        .bind(outage_ms(i64::MAX))
        .bind(lease_ms + 1_000)
        .execute(&mut *tx)
        .await?;
        let count = (leases.rows_affected() + waits.rows_affected()) as usize;
        tx.commit().await?;
        Ok(count)
    }

    /// Shows how far the call of a job is.
    #[tracing::instrument(name = "db.job.progress", level = "debug", skip_all)]
    pub async fn job_progress(&self, fence: &Fence, progress: &Progress) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let job = hold(&mut tx, fence).await?;
        if let Some(call_id) = &job.call_id {
            let progress = call::set_progress(&mut tx, call_id, progress).await?;
            event::write(&mut tx, call_id, now, &[NewEvent::progress(&progress)]).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
