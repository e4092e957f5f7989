//! The stages of a recording, one file each. A stage does its work and says how the job ends; it never
//! writes a call's state itself, so that results, the next stage's job and the state are one transaction.

mod ahead;
mod analyze;
mod delete;
mod join;
mod publish;
mod redact;
mod transcribe;

use std::sync::{Arc, atomic::AtomicBool};

use futures::future::BoxFuture;
use gametape_audio::{AudioError, Limits};
use gametape_core::{
    call::{Call, CallProblem, Progress, Recording, Stage},
    job::{Job, JobKind},
};
use gametape_media::{Media, MediaError};
use gametape_store::{Fence, JobEnd, Store, StoreError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{Engines, cpu::CpuPool};

/// What stages work with.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) store: Store,
    pub(crate) media: Media,
    pub(crate) engines: Engines,
    pub(crate) cpu: CpuPool,
    /// Seats at the engines, as many as calls are transcribed at a time.
    pub(crate) hearing: Arc<Semaphore>,
    pub(crate) limits: Limits,
    /// Whether numbers of cards and accounts are taken out.
    pub(crate) redact: bool,
}

/// One attempt at a job.
#[derive(Clone)]
pub(crate) struct Attempt {
    pub(crate) tools: Tools,
    pub(crate) job: Job,
    pub(crate) fence: Fence,
    /// Asks synchronous work to stop at once: the lease is lost, or patience with it is.
    pub(crate) stop: Arc<AtomicBool>,
    /// Asks the work to come to an end where nothing is lost: the worker shuts down.
    pub(crate) finish: CancellationToken,
}

/// Why a stage did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    /// It may pass; for those who run the installation.
    #[error("{0}")]
    Retry(String),
    /// The database or the object store is away: it is tried again for as long as that lasts.
    #[error("{0}")]
    Outage(String),
    /// It won't pass; for the person who uploaded the recording.
    #[error("{}", .0.detail)]
    Final(CallProblem),
    /// Another worker has the job, or nobody wants it any more: nothing is to be written.
    #[error("the lease on the job is lost")]
    LeaseLost,
    /// The worker shuts down and the job goes back as it is.
    #[error("the job was handed back")]
    Returned,
}

impl StageError {
    fn problem(code: &str, detail: impl Into<String>) -> Self {
        Self::Final(CallProblem {
            code: code.to_owned(),
            detail: detail.into(),
        })
    }
}

impl From<StoreError> for StageError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost { .. } => Self::LeaseLost,
            StoreError::Unavailable(_) => Self::Outage(chain(&error)),
            other => Self::Retry(chain(&other)),
        }
    }
}

impl From<MediaError> for StageError {
    fn from(error: MediaError) -> Self {
        let broken_source = match &error {
            MediaError::Source { source, .. } => source.downcast_ref::<MediaError>(),
            other => Some(other),
        };
        if broken_source.is_some_and(MediaError::is_transient) {
            Self::Outage(chain(&error))
        } else {
            Self::Retry(chain(&error))
        }
    }
}

impl From<AudioError> for StageError {
    fn from(error: AudioError) -> Self {
        match error {
            AudioError::Io(_) => Self::Outage(chain(&error)),
            AudioError::Cancelled => Self::Retry(chain(&error)),
            _ => Self::problem(error.code(), sentence(&error.to_string())),
        }
    }
}

impl From<crate::cpu::Panicked> for StageError {
    fn from(error: crate::cpu::Panicked) -> Self {
        Self::Retry(error.to_string())
    }
}

/// An error with all its causes, for the log and the history of attempts.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// An error's message as a sentence for people.
fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

impl Attempt {
    /// Runs the stage that the job is.
    pub(crate) fn run(self) -> BoxFuture<'static, Result<JobEnd, StageError>> {
        match self.job.kind {
            JobKind::CallStore => Box::pin(async move { join::run(&self).await }),
            JobKind::CallAnalyze => Box::pin(async move { analyze::run(&self).await }),
            JobKind::CallTranscribe => Box::pin(transcribe::run(self)),
            JobKind::CallPublish => Box::pin(async move { publish::run(&self).await }),
            JobKind::MediaDelete => Box::pin(async move { delete::run(&self).await }),
        }
    }

    /// The call and the recording that the job is about. A call that is gone means that the job is, too.
    async fn subject(&self) -> Result<(Call, Recording), StageError> {
        let call_id = self.job.call_id.as_ref().ok_or_else(|| missing("call"))?;
        let call = self
            .tools
            .store
            .call_get(call_id)
            .await?
            .ok_or(StageError::LeaseLost)?;
        let recording_id = call.recording_id.as_ref().ok_or_else(|| missing("recording"))?;
        let recording = self.tools.store.recording_get(recording_id).await?;
        let recording = recording.ok_or_else(|| missing("recording"))?;
        Ok((call, recording))
    }

    /// The model that the call is to be heard with.
    fn model(&self, call: &Call) -> String {
        let usual = || self.tools.engines.default_model().to_owned();
        call.requested_model.clone().unwrap_or_else(usual)
    }

    async fn progress(&self, stage: Stage, percent: f64, eta_ms: Option<i64>) -> Result<(), StageError> {
        let progress = Progress {
            stage,
            percent,
            eta_ms,
        };
        Ok(self.tools.store.job_progress(&self.fence, &progress).await?)
    }
}

fn missing(what: &str) -> StageError {
    StageError::Retry(format!("the job has no {what}"))
}
