//! Measurements that nobody makes in passing: how long work waits, connections, room on disks, the process.

mod names;
mod process;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use gametape_core::job::{Backlog, JobKind};
use gametape_media::Media;
use gametape_store::{Engine, Store, StoreError, Waiting};
use tokio_util::sync::CancellationToken;

pub(crate) use names::announce;

/// How often they are taken.
const EVERY: Duration = Duration::from_secs(5);
/// A database that has not answered by then counts as away.
const PATIENCE: Duration = Duration::from_secs(4);

/// Takes measurements until told to stop.
pub(crate) struct Measurer {
    /// The database.
    pub(crate) store: Store,
    /// Where recordings are.
    pub(crate) media: Media,
    /// Where everything else is.
    pub(crate) data_dir: PathBuf,
    /// The model for calls that ask for none; nothing where another process measures what all of them share.
    pub(crate) shared: Option<String>,
}

impl Measurer {
    /// Takes measurements until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let engine = match self.store.engine() {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        };
        metrics::gauge!("gametape_build_info", "version" => env!("CARGO_PKG_VERSION"), "database" => engine)
            .set(1.0);
        let started_ms = self.store.clock().now_ms();
        metrics::gauge!("process_start_time_seconds").set(started_ms as f64 / 1_000.0);
        loop {
            self.connections();
            self.rooms();
            process::measure();
            self.database().await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn connections(&self) {
        for pool in self.store.connections() {
            let name = pool.pool;
            metrics::gauge!("gametape_database_connections", "pool" => name, "state" => "used")
                .set(pool.used);
            metrics::gauge!("gametape_database_connections", "pool" => name, "state" => "idle")
                .set(pool.idle);
            metrics::gauge!("gametape_database_connections_max", "pool" => name).set(pool.most);
        }
    }

    fn rooms(&self) {
        let rooms = [
            ("data", gametape_media::room(&self.data_dir).map(Some)),
            ("media", self.media.room()),
        ];
        for (place, room) in rooms {
            match room {
                Ok(Some(room)) => {
                    metrics::gauge!("gametape_disk_free_bytes", "place" => place).set(room.free_bytes as f64);
                    metrics::gauge!("gametape_disk_size_bytes", "place" => place).set(room.size_bytes as f64);
                }
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, place, "the room can't be measured"),
            }
        }
    }

    /// What the database knows. When it does not answer, what it would say is no number.
    async fn database(&self) {
        let begun = Instant::now();
        let up = matches!(
            tokio::time::timeout(PATIENCE, self.store.ping()).await,
            Ok(Ok(()))
        );
        metrics::gauge!("gametape_database_up").set(if up { 1.0 } else { 0.0 });
        metrics::gauge!("gametape_database_ping_seconds").set(begun.elapsed().as_secs_f64());
        if let Some(model) = &self.shared {
            let jobs = async {
                let waiting = self.store.job_waiting().await?;
                Ok::<_, StoreError>((waiting, self.store.backlog(model).await?))
            };
            let known = match tokio::time::timeout(PATIENCE, jobs).await {
                Ok(Ok(known)) => Some(known),
                _ => None,
            };
            Self::jobs(known);
        }
    }

    /// Shows what is known of the jobs; without an answer, that nothing is.
    fn jobs(known: Option<(Vec<Waiting>, Backlog)>) {
        for kind in JobKind::ALL {
            let of_kind = |(waiting, _): &(Vec<Waiting>, Backlog)| {
                let found = waiting.iter().find(|waiting| waiting.kind == *kind);
                found.map_or([0; 4], |found| {
                    [found.due, found.delayed, found.running, found.oldest_ms]
                })
            };
            let figures = known.as_ref().map(of_kind);
            let figure = |index: usize| figures.map_or(f64::NAN, |figures| figures[index] as f64);
            for (index, state) in ["due", "delayed", "running"].into_iter().enumerate() {
                metrics::gauge!("gametape_jobs_open", "kind" => kind.as_str(), "state" => state)
                    .set(figure(index));
            }
            metrics::gauge!("gametape_job_oldest_due_seconds", "kind" => kind.as_str())
                .set(figure(3) / 1_000.0);
        }
        let backlog = known.map(|(_, backlog)| backlog);
        let seconds = backlog.map_or(f64::NAN, |backlog| backlog.recording_ms as f64 / 1_000.0);
        metrics::gauge!("gametape_backlog_recording_seconds").set(seconds);
        let pace = backlog.and_then(Backlog::hours_an_hour);
        metrics::gauge!("gametape_transcription_speed_ratio").set(pace.unwrap_or(f64::NAN));
    }
}
