//! Units of background work: who may take them, when they are tried again, and when they are over.

use serde::{Deserialize, Serialize};

use crate::{
    TimeMs,
    call::Stage,
    id::{CallId, JobId},
    user::names,
};

/// What a job does. The text forms are stable: they stand in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobKind {
    /// Join the parts of an upload into the recording.
    #[serde(rename = "call.store")]
    CallStore,
    /// Decode a recording and find its speech.
    #[serde(rename = "call.analyze")]
    CallAnalyze,
    /// Turn speech into words.
    #[serde(rename = "call.transcribe")]
    CallTranscribe,
    /// Make statistics and the call ready.
    #[serde(rename = "call.publish")]
    CallPublish,
    /// Delete objects that nothing refers to any more; the payload lists their prefixes.
    #[serde(rename = "media.delete")]
    MediaDelete,
}
names!(
    JobKind,
    "job kind",
    CallStore = "call.store",
    CallAnalyze = "call.analyze",
    CallTranscribe = "call.transcribe",
    CallPublish = "call.publish",
    MediaDelete = "media.delete",
);

impl JobKind {
    /// The stage of a call that this job is, if it is one.
    pub fn stage(self) -> Option<Stage> {
        match self {
            Self::CallStore => Some(Stage::Store),
            Self::CallAnalyze => Some(Stage::Analyze),
            Self::CallTranscribe => Some(Stage::Transcribe),
            Self::CallPublish => Some(Stage::Publish),
            Self::MediaDelete => None,
        }
    }

    /// The job that follows when this one has succeeded.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::CallStore => Some(Self::CallAnalyze),
            Self::CallAnalyze => Some(Self::CallTranscribe),
            Self::CallTranscribe => Some(Self::CallPublish),
            Self::CallPublish | Self::MediaDelete => None,
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker, or for `run_at`.
    Queued,
    /// A worker holds a lease on it.
    Running,
    /// Over, with success.
    Done,
    /// Over: its reason is final, or its attempts are used up.
    Failed,
    /// Over: somebody stopped it.
    Cancelled,
}
names!(
    JobState,
    "job state",
    Queued = "queued",
    Running = "running",
    Done = "done",
    Failed = "failed",
    Cancelled = "cancelled",
);

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// It worked.
    Done,
    /// It failed and is tried again.
    Retried,
    /// It failed for good.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// Its worker fell silent and another took the job.
    Lost,
    /// Its worker shut down and handed the job back, unharmed.
    Returned,
}
names!(
    AttemptOutcome,
    "attempt outcome",
    Done = "done",
    Retried = "retried",
    Failed = "failed",
    Cancelled = "cancelled",
    Lost = "lost",
    Returned = "returned",
);

/// A unit of background work.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Which.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// The call it works on.
    pub call_id: Option<CallId>,
    /// What it needs beside the call, as JSON.
    pub payload: serde_json::Value,
    /// Where it stands.
    pub state: JobState,
    /// Number of the attempt under way or last made, from 1; 0 before the first. It fences late workers:
    /// a write by an older attempt changes nothing.
    pub attempt: i64,
    /// Attempts that failed. After [`MAX_FAILURES`] the job is over.
    pub failures: i64,
    /// Workers that fell silent over it since it last made progress. After [`MAX_LOST`] it is over.
    pub lost: i64,
    /// Not before this time.
    pub run_at: TimeMs,
    /// The worker that holds it.
    pub lease_owner: Option<String>,
    /// Until when, unless a heartbeat extends it.
    pub lease_until: Option<TimeMs>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was made.
    pub created_at: TimeMs,
    /// When it was over.
    pub finished_at: Option<TimeMs>,
}

/// One try at a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Of which job.
    pub job_id: JobId,
    /// Its number, from 1.
    pub attempt: i64,
    /// The worker that made it.
    pub worker: String,
    /// When it began.
    pub started_at: TimeMs,
    /// When it ended; `None` while it runs.
    pub finished_at: Option<TimeMs>,
    /// How it ended.
    pub outcome: Option<AttemptOutcome>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Failures after which a job is over.
pub const MAX_FAILURES: i64 = 5;

/// A job that loses this many workers in a row without making progress is taken for one that kills them.
pub const MAX_LOST: i64 = 10;

/// How long to wait before the next try: 2 s, 8 s, 32 s, 128 s, then 10 min at most.
pub fn backoff_ms(failures: i64) -> i64 {
    let exponent = failures.clamp(1, 6) as u32 - 1;
    (2_000 * 4_i64.pow(exponent)).min(600_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_grows_and_has_a_ceiling() {
        let waits: Vec<_> = (1..=7).map(backoff_ms).collect();
        assert_eq!(waits, [2_000, 8_000, 32_000, 128_000, 512_000, 600_000, 600_000]);
    }

    #[test]
    fn stages_follow_each_other_to_the_end() {
        let mut kind = JobKind::CallStore;
        let mut stages = vec![kind.stage()];
        while let Some(next) = kind.next() {
            kind = next;
            stages.push(kind.stage());
        }
        assert_eq!(stages, Stage::ALL.iter().copied().map(Some).collect::<Vec<_>>());
    }
}
