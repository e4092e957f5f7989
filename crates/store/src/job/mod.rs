//! Background work: rows with a lease, an attempt number that fences late workers, and a history.

mod backlog;
mod claim;
mod enqueue;
mod finish;
mod list;
mod turn;
mod waiting;

use gametape_core::{
    call::CallProblem,
    id::{JobId, RecordingId, UploadId},
    job::Job,
};
use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use crate::{Result, StoreError, Tx, row::Fields, transcript::Windows};

pub use waiting::Waiting;

pub(crate) use enqueue::{cancel_jobs_of, enqueue_delete, enqueue_stage, quiet_at};
pub(crate) use turn::move_stage;

/// The right to write for a job: it holds as long as this attempt of this worker does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The job.
    pub job_id: JobId,
    /// The attempt.
    pub attempt: i64,
    /// Who makes it.
    pub worker: String,
}

impl Fence {
    /// The fence of a job that `worker` has claimed.
    pub fn of(job: &Job, worker: &str) -> Self {
        Self {
            job_id: job.id.clone(),
            attempt: job.attempt,
            worker: worker.to_owned(),
        }
    }

    fn lost(&self) -> StoreError {
        StoreError::LeaseLost {
            job_id: self.job_id.clone(),
            attempt: self.attempt,
        }
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq)]
pub enum JobEnd {
    /// `call.store` has joined the parts into one object.
    Stored,
    /// `call.analyze` has looked into the sound.
    Analyzed {
        /// Length of the recording.
        duration_ms: i64,
        /// Channels that carry speakers.
        channels: i64,
        /// Media type found by looking into it.
        content_type: String,
        /// What later stages need, as JSON text.
        analysis_json: String,
        /// What was heard ahead and is part of the whole. What the job has written of a transcript is dropped
        /// without it.
        ahead: Option<Ahead>,
    },
    /// `call.transcribe` has written the last window.
    Transcribed {
        /// Language of the transcript.
        language: Option<String>,
    },
    /// `call.publish` has made the statistics: the call is ready.
    Published {
        /// Talk statistics, as JSON text.
        stats_json: String,
    },
    /// `media.delete` has deleted its objects.
    Deleted,
    /// It failed in a way that may pass: it is tried again later, a few times.
    Retry {
        /// What happened, for those who run the installation.
        error: String,
    },
    /// The database or the object store is away: that is not the recording's fault, so it is tried again for as long
    /// as an outage may last.
    Outage {
        /// What happened, for those who run the installation.
        error: String,
    },
    /// It failed in a way that won't pass.
    Fail(CallProblem),
    /// The worker shuts down: the job goes back as it was, and another may take it at once.
    Returned,
    /// The worker noticed that the work isn't wanted any more.
    Cancelled,
}

/// Windows that were heard before a recording was looked into as a whole, and their place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// The windows of the whole.
    pub windows: Windows,
    /// The number of each window as it was written, and the one that it has in the whole.
    pub numbers: Vec<(i64, i64)>,
}

/// What a `media.delete` job deletes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletePayload {
    /// Everything below these, e.g. `recordings/rec_…`.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// These objects.
    #[serde(default)]
    pub keys: Vec<String>,
}

impl DeletePayload {
    /// All objects of a recording.
    pub(crate) fn recording(id: &RecordingId) -> Self {
        Self {
            prefixes: vec![format!("recordings/{id}")],
            keys: Vec::new(),
        }
    }

    /// A recording with silence in it that another one has taken the place of.
    pub(crate) fn redacted(id: &RecordingId, version: i64) -> Self {
        Self {
            prefixes: Vec::new(),
            keys: vec![format!("recordings/{id}/redacted-{version}")],
        }
    }

    /// All parts of an upload.
    pub(crate) fn upload(id: &UploadId) -> Self {
        Self {
            prefixes: vec![format!("uploads/{id}")],
            keys: Vec::new(),
        }
    }
}

macro_rules! job_columns {
    () => {
        "id, kind, call_id, payload, state, turn, attempt, failures, lost, run_at, lease_owner, lease_until, \
         last_error, created_at, finished_at"
    };
}
pub(crate) use job_columns;

pub(crate) fn read_job(row: &AnyRow) -> Result<Job> {
    let fields = Fields::of(row, "jobs");
    Ok(Job {
        id: fields.parsed("id")?,
        kind: fields.parsed("kind")?,
        call_id: fields.opt_parsed("call_id")?,
        payload: fields.json("payload")?,
        state: fields.parsed("state")?,
        turn: fields.int("turn")?,
        attempt: fields.int("attempt")?,
        failures: fields.int("failures")?,
        lost: fields.int("lost")?,
        run_at: fields.int("run_at")?,
        lease_owner: fields.opt_text("lease_owner")?,
        lease_until: fields.opt_int("lease_until")?,
        last_error: fields.opt_text("last_error")?,
        created_at: fields.int("created_at")?,
        finished_at: fields.opt_int("finished_at")?,
    })
}

/// Makes sure that the fence still holds, and that it goes on holding until the transaction ends. Whoever
/// writes has made progress, so the count of lost workers starts again.
pub(crate) async fn hold(tx: &mut Tx, fence: &Fence) -> Result<Job> {
    let row = sqlx::query(concat!(
        "UPDATE jobs SET lost = 0 \
         WHERE id = $1 AND attempt = $2 AND lease_owner = $3 AND state = 'running' RETURNING ",
        job_columns!()
    ))
    .bind(fence.job_id.as_str())
    .bind(fence.attempt)
    .bind(fence.worker.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map_or_else(|| Err(fence.lost()), read_job)
}
