//! Taking a job, and keeping it.

use gametape_core::{
    TimeMs,
    call::{CallProblem, Progress},
    job::{AttemptOutcome, Job, JobKind, JobState, MAX_LOST},
};

use super::{
    enqueue::close_attempt,
    finish::{End, close},
    hold, read_job,
};
use crate::{
    Fence, Result, Store, Tx, call,
    event::{self, NewEvent},
};

/// The kinds as the claiming statement wants them.
fn between_bars(kinds: &[JobKind]) -> String {
    let mut list = String::from("|");
    for kind in kinds {
        list.push_str(kind.as_str());
        list.push('|');
    }
    list
}

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
    /// Gives `worker` the next job of one of `kinds` for `lease_ms`: the most urgent one that may run now, or
    /// one whose worker has fallen silent, whose attempt is then over. Its call shows that it is worked on.
    #[tracing::instrument(name = "db.job.claim", level = "debug", skip_all)]
    pub async fn job_claim(&self, worker: &str, kinds: &[JobKind], lease_ms: i64) -> Result<Option<Job>> {
        let kinds = between_bars(kinds);
        let mut tx = self.begin().await?;
        let job = loop {
            let now = self.now();
            let row = sqlx::query(self.engine().claim_job())
                .bind(worker)
                .bind(now + lease_ms)
                .bind(now)
                .bind(&kinds)
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
