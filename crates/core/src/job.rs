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

/// How soon the work on a call is done, beside that of others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Somebody waits for it: before everything else.
    High,
    /// In turn: each team that waits gets a call done, then the next one.
    #[default]
    Normal,
    /// Nobody waits for it: one call for [`LOW_STEP`] of every other team.
    Low,
}
names!(
    Priority,
    "priority",
    High = "high",
    Normal = "normal",
    Low = "low"
);

/// Turns of urgent work begin here; those of all other work begin at 0, and so come later.
const URGENT_TURNS: i64 = -(1 << 52);

/// How many calls of another team go before one of low priority, at most.
pub const LOW_STEP: i64 = 8;

impl Priority {
    /// The turns that work of this priority has: from the first number to below the second.
    pub fn turns(self) -> (i64, i64) {
        match self {
            Self::High => (URGENT_TURNS, 0),
            Self::Normal | Self::Low => (0, i64::MAX),
        }
    }

    /// The turn of a new call. `clock` is the lowest turn that waits for a worker, so that whoever had nothing to do
    /// comes next, without a credit for the time in which they asked for nothing; `last` is the highest turn
    /// that the same team has with this priority.
    pub fn turn(self, clock: Option<i64>, last: Option<i64>) -> i64 {
        let clock = clock.unwrap_or(self.turns().0);
        match self {
            Self::High | Self::Normal => last.map_or(clock, |last| clock.max(last + 1)),
            Self::Low => last.map_or(clock, |last| clock.max(last)) + LOW_STEP,
        }
    }
}

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
    /// Its place in the queue: lower goes first. The stages of a call share one.
    pub turn: i64,
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

/// What waits to be transcribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Calls without all of their words.
    pub calls: i64,
    /// Those among them whose length is not known yet.
    pub unknown_length: i64,
    /// Length of the others that is still to be heard, in milliseconds.
    pub recording_ms: i64,
    /// Calls that are being transcribed.
    pub running: i64,
    /// How fast it goes; `None` where nothing was transcribed yet.
    pub pace: Option<Pace>,
}

/// How fast one call at a time is transcribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Length of what was heard, in milliseconds.
    pub recording_ms: i64,
    /// What that took.
    pub took_ms: i64,
}

impl Pace {
    /// Hours of calls that are transcribed in an hour.
    pub fn hours_an_hour(self) -> f64 {
        self.recording_ms as f64 / self.took_ms.max(1) as f64
    }

    /// What a recording of this length takes, in milliseconds.
    pub fn takes_ms(self, recording_ms: i64) -> i64 {
        (recording_ms as f64 / self.hours_an_hour()).ceil() as i64
    }
}

impl Backlog {
    /// Hours of calls that are transcribed in an hour at present, all those together that are heard at a time.
    pub fn hours_an_hour(self) -> Option<f64> {
        let pace = self.pace?;
        Some(pace.hours_an_hour() * self.running.max(1) as f64)
    }

    /// Milliseconds until the last of it has its words, if no more comes and what is known is all there is.
    pub fn done_in_ms(self) -> Option<i64> {
        let hours_an_hour = self.hours_an_hour()?;
        Some((self.recording_ms as f64 / hours_an_hour).ceil() as i64)
    }
}

/// Failures after which a job is over.
pub const MAX_FAILURES: i64 = 5;

/// A job that loses this many workers in a row without making progress is taken for one that kills them.
pub const MAX_LOST: i64 = 10;

/// How long the database or the object store may be away before a job takes it for a failure: a day.
pub const LONGEST_OUTAGE_MS: i64 = 24 * 3_600_000;

/// How long to wait before the next try when the database or the object store is away: 2 s, 8 s, then 30 s.
pub fn outage_ms(attempt: i64) -> i64 {
    backoff_ms(attempt).min(30_000)
}

/// How long to wait before the next try: 2 s, 8 s, 32 s, 128 s, then 10 min at most.
pub fn backoff_ms(failures: i64) -> i64 {
    let exponent = failures.clamp(1, 6) as u32 - 1;
    (2_000 * 4_i64.pow(exponent)).min(600_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_looked_at_again_soon_however_long_it_lasts() {
        assert_eq!(
            [1, 2, 3, 4, 500].map(outage_ms),
            [2_000, 8_000, 30_000, 30_000, 30_000]
        );
    }

    #[test]
    fn backoff_grows_and_has_a_ceiling() {
        let waits: Vec<_> = (1..=7).map(backoff_ms).collect();
        assert_eq!(waits, [2_000, 8_000, 32_000, 128_000, 512_000, 600_000, 600_000]);
    }

    #[test]
    fn turns_alternate_and_low_ones_come_later() {
        // A team that waits already has turns 3 to 9; the clock shows what goes next.
        assert_eq!(Priority::Normal.turn(Some(3), Some(9)), 10);
        assert_eq!(Priority::Normal.turn(Some(3), None), 3);
        // What the team had done long ago is no debt.
        assert_eq!(Priority::Normal.turn(Some(30), Some(9)), 30);
        assert_eq!(Priority::Low.turn(Some(3), None), 3 + LOW_STEP);
        assert_eq!(Priority::Low.turn(Some(3), Some(11)), 11 + LOW_STEP);
        assert_eq!(Priority::Normal.turn(None, None), 0);
        let urgent = Priority::High.turn(None, None);
        assert!(urgent < 0);
        assert_eq!(Priority::High.turn(Some(urgent), Some(urgent)), urgent + 1);
    }

    #[test]
    fn a_backlog_is_done_when_its_hours_are_heard() {
        let backlog = Backlog {
            calls: 3,
            unknown_length: 0,
            recording_ms: 3_600_000,
            running: 0,
            pace: Some(Pace {
                recording_ms: 600_000,
                took_ms: 60_000,
            }),
        };
        assert_eq!(backlog.done_in_ms(), Some(360_000));
        assert_eq!(
            Backlog {
                running: 2,
                ..backlog
            }
            .done_in_ms(),
            Some(180_000)
        );
        assert_eq!(
            Backlog {
                pace: None,
                ..backlog
            }
            .done_in_ms(),
            None
        );
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
