//! How long work waits.

use gametape_core::job::JobKind;

use crate::{Result, Store, row::Fields};

/// The open jobs of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// What they do.
    pub kind: JobKind,
    /// Jobs that a worker could take now, also from a worker that fell silent.
    pub due: i64,
    /// Jobs that wait for their time: they failed and are tried again later.
    pub delayed: i64,
    /// Jobs that a worker holds.
    pub running: i64,
    /// How long the one that has been due longest waits, in milliseconds; 0 when none is.
    pub oldest_ms: i64,
}

impl Store {
    /// The open jobs of each kind; kinds that have none are left out. It reads open jobs only, however many are over.
    #[tracing::instrument(name = "db.job.waiting", level = "debug", skip_all)]
    pub async fn job_waiting(&self) -> Result<Vec<Waiting>> {
        let now = self.now();
        let rows = sqlx::query(
            "SELECT kind, \
               CAST(SUM(CASE WHEN since <= $1 THEN 1 ELSE 0 END) AS BIGINT) AS due, \
               CAST(SUM(CASE WHEN since > $1 AND state = 'queued' THEN 1 ELSE 0 END) AS BIGINT) AS delayed, \
               CAST(SUM(CASE WHEN since > $1 AND state = 'running' THEN 1 ELSE 0 END) AS BIGINT) AS running, \
               MIN(since) AS since \
             FROM (SELECT kind, state, CASE WHEN state = 'queued' THEN run_at ELSE lease_until + 1 END AS since \
                   FROM jobs WHERE state IN ('queued', 'running')) open_jobs \
             GROUP BY kind ORDER BY kind",
        )
        .bind(now)
        .fetch_all(self.read())
        .await?;
        let read = |row| {
            let fields = Fields::of(row, "jobs");
            Ok(Waiting {
                kind: fields.parsed("kind")?,
                due: fields.int("due")?,
                delayed: fields.int("delayed")?,
                running: fields.int("running")?,
                oldest_ms: (now - fields.int("since")?).max(0),
            })
        };
        rows.iter().map(read).collect()
    }
}
