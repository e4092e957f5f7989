//! How much waits to be transcribed, and how fast that goes here.

use gametape_core::{
    call::{Progress, Stage},
    job::{Backlog, Pace},
};

use crate::{Result, Store, row::Fields};

/// Transcriptions that the pace is taken from.
const RECENT: i64 = 20;

impl Store {
    /// What waits to be transcribed, and how fast the last calls went with `model`.
    #[tracing::instrument(name = "db.job.backlog", level = "debug", skip_all)]
    pub async fn backlog(&self, model: &str) -> Result<Backlog> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS calls, \
               CAST(COALESCE(SUM(CASE WHEN c.duration_ms IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS unknown, \
               CAST(COALESCE(SUM(c.duration_ms), 0) AS BIGINT) AS recording_ms \
             FROM jobs j JOIN calls c ON c.id = j.call_id WHERE j.state IN ('queued', 'running') \
               AND j.kind IN ('call.store', 'call.analyze', 'call.transcribe')",
        )
        .fetch_one(self.read())
        .await?;
        let fields = Fields::of(&row, "jobs");
        let (calls, unknown_length) = (fields.int("calls")?, fields.int("unknown")?);
        let whole_ms = fields.int("recording_ms")?;
        let (running, heard_ms) = self.under_way().await?;
        Ok(Backlog {
            calls,
            unknown_length,
            recording_ms: (whole_ms - heard_ms).max(0),
            running,
            pace: self.pace(model).await?,
        })
    }

    /// How many calls are being transcribed, and how much of them is done, in milliseconds of recording.
    async fn under_way(&self) -> Result<(i64, i64)> {
        let rows = sqlx::query(
            "SELECT c.duration_ms AS duration_ms, c.progress AS progress FROM jobs j JOIN calls c ON c.id = j.call_id \
             WHERE j.state = 'running' AND j.kind = 'call.transcribe'",
        )
        .fetch_all(self.read())
        .await?;
        let mut heard_ms = 0;
        for row in &rows {
            let fields = Fields::of(row, "calls");
            let progress: Option<Progress> = fields.opt_json("progress")?;
            let share = progress.filter(|progress| progress.stage == Stage::Transcribe);
            let share = share.map_or(0.0, |progress| progress.percent / 100.0);
            heard_ms += (fields.opt_int("duration_ms")?.unwrap_or(0) as f64 * share) as i64;
        }
        Ok((rows.len() as i64, heard_ms))
    }

    /// What the last calls took that were heard with `model` in one go; `None` where there are none.
    #[tracing::instrument(name = "db.job.pace", level = "debug", skip_all)]
    pub async fn pace(&self, model: &str) -> Result<Option<Pace>> {
        let row = sqlx::query(
            "SELECT CAST(COALESCE(SUM(duration_ms), 0) AS BIGINT) AS recording_ms, \
               CAST(COALESCE(SUM(took_ms), 0) AS BIGINT) AS took_ms FROM ( \
               SELECT c.duration_ms AS duration_ms, a.finished_at - a.started_at AS took_ms \
               FROM jobs j JOIN job_attempts a ON a.job_id = j.id AND a.attempt = 1 AND a.outcome = 'done' \
               JOIN transcripts t ON t.call_id = j.call_id AND t.job_id = j.id AND t.model = $1 \
               JOIN calls c ON c.id = j.call_id \
               WHERE j.kind = 'call.transcribe' AND j.state = 'done' AND c.duration_ms IS NOT NULL \
               ORDER BY j.finished_at DESC LIMIT $2) recent",
        )
        .bind(model)
        .bind(RECENT)
        .fetch_one(self.read())
        .await?;
        let fields = Fields::of(&row, "jobs");
        let pace = Pace {
            recording_ms: fields.int("recording_ms")?,
            took_ms: fields.int("took_ms")?,
        };
        Ok((pace.recording_ms > 0 && pace.took_ms > 0).then_some(pace))
    }
}
