//! Looking at jobs.

use gametape_core::{
    TimeMs,
    id::CallId,
    job::{Attempt, Job, JobKind, JobState},
};
use sqlx::any::AnyRow;

use super::{job_columns, read_job};
use crate::{Result, Store, row::Fields};

fn read_attempt(row: &AnyRow) -> Result<Attempt> {
    let fields = Fields::of(row, "job_attempts");
    Ok(Attempt {
        job_id: fields.parsed("job_id")?,
        attempt: fields.int("attempt")?,
        worker: fields.text("worker")?,
        started_at: fields.int("started_at")?,
        finished_at: fields.opt_int("finished_at")?,
        outcome: fields.opt_parsed("outcome")?,
        error: fields.opt_text("error")?,
    })
}

/// How long deletions that are done can be looked up.
const DONE_KEPT_MS: i64 = 7 * 24 * 3_600_000;

impl Store {
    /// All jobs of a call with their attempts, the oldest first.
    #[tracing::instrument(name = "db.job.history", level = "debug", skip_all)]
    pub async fn job_history(&self, call_id: &CallId) -> Result<Vec<(Job, Vec<Attempt>)>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            job_columns!(),
            " FROM jobs WHERE call_id = $1 ORDER BY created_at, id"
        ))
        .bind(call_id.as_str())
        .fetch_all(self.read())
        .await?;
        let mut history = rows
            .iter()
            .map(|row| Ok((read_job(row)?, Vec::new())))
            .collect::<Result<Vec<(Job, Vec<Attempt>)>>>()?;
        let rows = sqlx::query(
            "SELECT a.job_id, a.attempt, a.worker, a.started_at, a.finished_at, a.outcome, a.error \
             FROM job_attempts a JOIN jobs j ON j.id = a.job_id WHERE j.call_id = $1 ORDER BY a.attempt",
        )
        .bind(call_id.as_str())
        .fetch_all(self.read())
        .await?;
        for row in &rows {
            let attempt = read_attempt(row)?;
            if let Some((_, attempts)) = history.iter_mut().find(|(job, _)| job.id == attempt.job_id) {
                attempts.push(attempt);
            }
        }
        Ok(history)
    }

    /// How many jobs there are of each kind in each state; what there is none of is left out.
    #[tracing::instrument(name = "db.job.counts", level = "debug", skip_all)]
    pub async fn job_counts(&self) -> Result<Vec<(JobKind, JobState, i64)>> {
        let rows = sqlx::query(
            "SELECT kind, state, COUNT(*) AS jobs FROM jobs GROUP BY kind, state ORDER BY kind, state",
        )
        .fetch_all(self.read())
        .await?;
        let read = |row| {
            let fields = Fields::of(row, "jobs");
            Ok((
                fields.parsed("kind")?,
                fields.parsed("state")?,
                fields.int("jobs")?,
            ))
        };
        rows.iter().map(read).collect()
    }

    /// Removes what is left of deletions that were done a week ago or more, and says how many.
    #[tracing::instrument(name = "db.job.sweep", level = "debug", skip_all)]
    pub async fn job_sweep(&self) -> Result<usize> {
        let mut tx = self.begin().await?;
        let swept = sqlx::query(
            "DELETE FROM jobs WHERE kind = 'media.delete' AND state = 'done' AND finished_at <= $1",
        )
        .bind(self.now() - DONE_KEPT_MS)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(swept.rows_affected() as usize)
    }

    /// When the next open job may be claimed, also by reclaiming it from a worker that fell silent; in the
    /// past when one may be claimed now; `None` when no job is open.
    #[tracing::instrument(name = "db.job.next_run_at", level = "debug", skip_all)]
    pub async fn job_next_run_at(&self) -> Result<Option<TimeMs>> {
        let next = sqlx::query_scalar(
            "SELECT MIN(CASE WHEN state = 'queued' THEN run_at ELSE lease_until + 1 END) FROM jobs \
             WHERE state IN ('queued', 'running')",
        );
        Ok(next.fetch_one(self.read()).await?)
    }
}
