//! Takes jobs from the store, keeps their leases alive, and reports how they end.
//!
//! A worker has two lanes: joining, analysing, publishing and deleting take seconds and must not wait behind
//! an hour of transcription, which has a lane of its own.

use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::{Duration, Instant},
};

use futures::{FutureExt, future::BoxFuture};
use gametape_audio::Limits;
use gametape_core::{
    call::CallProblem,
    job::{Job, JobKind},
};
use gametape_media::Media;
use gametape_store::{Fence, JobEnd, Store, StoreError};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Engines,
    cpu::CpuPool,
    retention,
    stage::{Attempt, StageError, Tools, chain},
};

/// Everything but transcription.
const QUICK: &[JobKind] = &[
    JobKind::CallStore,
    JobKind::CallAnalyze,
    JobKind::CallPublish,
    JobKind::MediaDelete,
];
/// Transcription.
const SLOW: &[JobKind] = &[JobKind::CallTranscribe];

/// How long a lane without work waits before it looks again.
const POLL: Duration = Duration::from_millis(250);
/// How long a lane waits after the database failed.
const AFTER_FAILURE: Duration = Duration::from_secs(2);
/// An idle engine keeps its memory this long.
const KEEP_ENGINES: Duration = Duration::from_mins(5);
/// Expired uploads and sessions are looked for this often.
const SWEEP: Duration = Duration::from_mins(1);

/// How long to rest between bits of looking through old calls for trackers: everybody else writes then.
const TRACKERS_REST: Duration = Duration::from_millis(50);
/// New and changed trackers are looked for this often.
const TRACKERS_POLL: Duration = Duration::from_secs(1);
/// Pairs of tracker and call in a bit: one transaction.
const TRACKERS_AT_ONCE: i64 = 20;

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Its name, unique among all workers of a database.
    pub name: String,
    /// A job is taken from a worker that was silent for this long.
    pub lease: Duration,
    /// The jobs it takes; [`JobKind::ALL`] for an ordinary worker.
    pub kinds: Vec<JobKind>,
    /// Calls transcribed at a time.
    pub transcriptions: usize,
    /// Other jobs at a time.
    pub quick_jobs: usize,
    /// What recordings are accepted.
    pub limits: Limits,
    /// Whether numbers of cards and accounts are taken out of what is said.
    pub redact: bool,
    /// How long a job under way may go on when the worker is told to stop; then it is handed back.
    pub grace: Duration,
}

/// A worker, ready to run.
pub struct Worker {
    config: WorkerConfig,
    tools: Tools,
}

impl Worker {
    /// A worker on this store and these media.
    pub fn new(config: WorkerConfig, store: Store, media: Media, engines: Engines) -> Self {
        let cpu = CpuPool::new(config.quick_jobs + config.transcriptions);
        // Whoever takes no transcriptions hears nothing ahead of them either.
        let hears = config.kinds.contains(&JobKind::CallTranscribe);
        let hearing = Arc::new(Semaphore::new(if hears {
            config.transcriptions.max(1)
        } else {
            0
        }));
        let (limits, redact) = (config.limits, config.redact);
        Self {
            config,
            tools: Tools {
                store,
                media,
                engines,
                cpu,
                hearing,
                limits,
                redact,
            },
        }
    }

    /// Works until `shutdown`, then finishes or hands back what is under way within the grace.
    pub async fn run(self, shutdown: CancellationToken) {
        tracing::info!(worker = %self.config.name, "worker {} is ready", self.config.name);
        let worker = Arc::new(self);
        let mut lanes = JoinSet::new();
        for (lane, jobs) in [
            (QUICK, worker.config.quick_jobs),
            (SLOW, worker.config.transcriptions),
        ] {
            let kinds = worker.taken(lane);
            if kinds.is_empty() {
                continue;
            }
            for _ in 0..jobs.max(1) {
                lanes.spawn(Arc::clone(&worker).lane(kinds.clone(), shutdown.clone()));
            }
        }
        lanes.spawn(Arc::clone(&worker).sweep(shutdown.clone()));
        lanes.spawn(Arc::clone(&worker).track(shutdown.clone()));
        lanes.spawn(Arc::clone(&worker).watch_clock(shutdown.clone()));
        lanes.spawn(retention::keep_sweeping(
            worker.tools.store.clone(),
            shutdown.clone(),
        ));
        lanes.join_all().await;
        tracing::info!(worker = %worker.config.name, "worker {} has stopped", worker.config.name);
    }

    /// Runs jobs until none is due, for tests and for commands that must not leave work behind.
    pub async fn drain(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        retention::sweep(&self.tools.store).await?;
        while let Some(job) = self.claim(&self.config.kinds).await? {
            self.work(job, CancellationToken::new()).await;
            count += 1;
        }
        while self.tools.store.tracker_scan_next(TRACKERS_AT_ONCE).await? {}
        Ok(count)
    }

    /// The kinds of a lane that this worker takes.
    fn taken(&self, lane: &[JobKind]) -> Vec<JobKind> {
        let kinds = lane.iter().copied();
        kinds.filter(|kind| self.config.kinds.contains(kind)).collect()
    }

    async fn claim(&self, kinds: &[JobKind]) -> Result<Option<Job>, StoreError> {
        let lease_ms = self.config.lease.as_millis() as i64;
        self.tools
            .store
            .job_claim(&self.config.name, kinds, lease_ms)
            .await
    }

    /// Notes for those who watch that a lane has just spoken with the database.
    fn beat(&self, kinds: &[JobKind]) {
        let lane = if kinds == SLOW { "slow" } else { "quick" };
        let seconds = self.tools.store.clock().now_ms() as f64 / 1_000.0;
        metrics::gauge!("gametape_worker_heartbeat_timestamp_seconds", "lane" => lane).set(seconds);
    }

    async fn lane(self: Arc<Self>, kinds: Vec<JobKind>, shutdown: CancellationToken) {
        let mut idle_since = Instant::now();
        while !shutdown.is_cancelled() {
            let claimed = self.claim(&kinds).await;
            if claimed.is_ok() {
                self.beat(&kinds);
            }
            let wait = match claimed {
                Ok(Some(job)) => {
                    self.work(job, shutdown.clone()).await;
                    idle_since = Instant::now();
                    continue;
                }
                Ok(None) => POLL,
                Err(error) => {
                    tracing::warn!("could not look for work, trying again: {}", chain(&error));
                    AFTER_FAILURE
                }
            };
            if kinds == SLOW && idle_since.elapsed() >= KEEP_ENGINES {
                self.tools.engines.release_idle();
                idle_since = Instant::now();
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    async fn sweep(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            let store = &self.tools.store;
            if let Err(error) = store.upload_sweep().await {
                tracing::warn!("could not clear expired uploads: {}", chain(&error));
            }
            if let Err(error) = store.session_sweep().await {
                tracing::warn!("could not clear expired sessions: {}", chain(&error));
            }
            if let Err(error) = store.job_sweep().await {
                tracing::warn!("could not clear old deletions: {}", chain(&error));
            }
            if let Err(error) = store.idempotency_sweep().await {
                tracing::warn!("could not clear old answers: {}", chain(&error));
            }
            tokio::select! {
                () = tokio::time::sleep(SWEEP) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Looks for jobs that wait for a time which the clock, set back meanwhile, has before it again.
    async fn watch_clock(self: Arc<Self>, shutdown: CancellationToken) {
        let lease_ms = self.config.lease.as_millis() as i64;
        loop {
            match self.tools.store.job_clock_went_back(lease_ms).await {
                Ok(0) => {}
                Ok(jobs) => tracing::warn!("the clock was set back: {jobs} job(s) wait no longer for it"),
                Err(error) => tracing::warn!("could not look for jobs from the future: {}", chain(&error)),
            }
            tokio::select! {
                () = tokio::time::sleep(self.config.lease) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// Looks through old calls for trackers that are new or changed.
    async fn track(self: Arc<Self>, shutdown: CancellationToken) {
        loop {
            let wait = match self.tools.store.tracker_scan_next(TRACKERS_AT_ONCE).await {
                Ok(true) => TRACKERS_REST,
                Ok(false) => TRACKERS_POLL,
                Err(error) => {
                    tracing::warn!("could not look through calls for trackers: {}", chain(&error));
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    /// One attempt at a job, from claim to report.
    fn work(&self, job: Job, shutdown: CancellationToken) -> BoxFuture<'_, ()> {
        let span = tracing::info_span!(
            "job", job.id = %job.id, job.kind = %job.kind, job.attempt = job.attempt,
            call.id = job.call_id.as_ref().map(tracing::field::display)
        );
        Box::pin(self.attempt(job, shutdown).instrument(span))
    }

    async fn attempt(&self, job: Job, shutdown: CancellationToken) {
        let begun = Instant::now();
        let kind = job.kind;
        let fence = Fence::of(&job, &self.config.name);
        let stop = Arc::new(AtomicBool::new(false));
        let attempt = Attempt {
            tools: self.tools.clone(),
            job,
            fence: fence.clone(),
            stop: Arc::clone(&stop),
            finish: shutdown.clone(),
        };
        let run = std::panic::AssertUnwindSafe(attempt.run()).catch_unwind();
        let outcome = tokio::select! {
            outcome = run => outcome.unwrap_or_else(|_| Err(StageError::Retry("the stage panicked".to_owned()))),
            () = self.keep_alive(fence.clone(), kind) => Err(StageError::LeaseLost),
            () = self.patience(shutdown) => Err(StageError::Returned),
        };
        // Work left running on the processor ends soon and can write nothing any more.
        stop.store(true, Ordering::Relaxed);
        let (name, end) = conclude(outcome);
        metrics::counter!("gametape_jobs_total", "kind" => kind.as_str(), "outcome" => name).increment(1);
        metrics::histogram!("gametape_job_seconds", "kind" => kind.as_str())
            .record(begun.elapsed().as_secs_f64());
        tracing::info!(
            outcome = name,
            duration_ms = begun.elapsed().as_millis() as u64,
            "{kind}: {name}"
        );
        if let Some(end) = end {
            self.report(fence, end).await;
        }
    }

    /// Extends the lease at a third of its length; returns when it is lost.
    async fn keep_alive(&self, fence: Fence, kind: JobKind) {
        let lease_ms = self.config.lease.as_millis() as i64;
        let mut alive = Instant::now();
        loop {
            tokio::time::sleep(self.config.lease / 3).await;
            match self.tools.store.job_heartbeat(&fence, lease_ms).await {
                Ok(()) => {
                    alive = Instant::now();
                    self.beat(if SLOW.contains(&kind) { SLOW } else { QUICK });
                }
                Err(StoreError::LeaseLost { .. }) => return,
                Err(error) => {
                    tracing::warn!("could not extend the lease: {}", chain(&error));
                    if alive.elapsed() >= self.config.lease {
                        return;
                    }
                }
            }
        }
    }

    /// Returns when the worker has been told to stop and the grace is over.
    async fn patience(&self, shutdown: CancellationToken) {
        shutdown.cancelled().await;
        tokio::time::sleep(self.config.grace).await;
    }

    /// Writes how the job ended. A database that is away for a moment must not cost the work; past the lease
    /// another worker has the job.
    async fn report(&self, fence: Fence, end: JobEnd) {
        let begun = Instant::now();
        loop {
            match self.tools.store.job_finish(&fence, end.clone()).await {
                Ok(()) => return,
                Err(StoreError::Unavailable(error)) if begun.elapsed() < self.config.lease => {
                    tracing::warn!("could not report the end of the job, trying again: {error}");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
                Err(StoreError::LeaseLost { .. }) => {
                    tracing::info!("the job has gone to another worker, or nobody wants it any more");
                    return;
                }
                Err(error) => {
                    tracing::error!("could not report the end of the job: {}", chain(&error));
                    return;
                }
            }
        }
    }
}

/// The outcome's name for people, and what to write, if anything.
fn conclude(outcome: Result<JobEnd, StageError>) -> (&'static str, Option<JobEnd>) {
    match outcome {
        Ok(end) => ("done", Some(end)),
        Err(StageError::Final(problem)) => {
            let CallProblem { code, detail } = &problem;
            tracing::info!(problem = %code, "refused: {detail}");
            ("failed", Some(JobEnd::Fail(problem)))
        }
        Err(StageError::Retry(error)) => {
            tracing::warn!("failed, to be tried again: {error}");
            ("retry", Some(JobEnd::Retry { error }))
        }
        Err(StageError::Outage(error)) => {
            tracing::warn!("what it needs is away, to be tried again: {error}");
            ("outage", Some(JobEnd::Outage { error }))
        }
        Err(StageError::Returned) => ("returned", Some(JobEnd::Returned)),
        Err(StageError::LeaseLost) => ("lost", None),
    }
}
