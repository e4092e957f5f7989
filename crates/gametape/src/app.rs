//! Opening what commands work with.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use gametape_asr::{AsrError, Transcriber, model};
use gametape_core::Clock;
use gametape_ingest::{Engines, Worker, WorkerConfig};
use gametape_media::Media;
use gametape_store::Store;

use crate::{
    config::{Config, LogFormat},
    output::message,
};

/// Opens the database and, unless told otherwise, brings it up to this version.
pub(crate) async fn open_store(config: &Config, migrate: bool) -> anyhow::Result<Store> {
    config.prepare_data_dir()?;
    let store = Store::connect(&config.database_url(), Clock::System)
        .await
        .context("no database")?;
    let pending = store.pending_migrations().await?;
    if pending.is_empty() {
        return Ok(store);
    }
    if !migrate {
        anyhow::bail!(
            "the database is {} step(s) behind this version ({}): run `gametape migrate`",
            pending.len(),
            pending.join(", ")
        );
    }
    store.migrate().await?;
    Ok(store)
}

/// Opens the place where recordings are kept.
pub(crate) fn open_media(config: &Config) -> anyhow::Result<Media> {
    let media = Media::open(&config.media_url(), &config.s3).context("no place for recordings")?;
    if let Some(path) = config.open_keys_file() {
        tracing::warn!(
            "everybody on this machine may read the keys in {}: chmod 600 it",
            path.display()
        );
    }
    Ok(match config.media_keys()? {
        Some(keys) => media.with_keys(keys),
        None => media,
    })
}

/// Models, loaded when there is work for them.
pub(crate) fn engines(config: &Config) -> Engines {
    let models_dir = config.models_dir();
    let (engine, threads) = (config.engine, config.threads());
    let load = move |name: &str| -> Result<Box<dyn Transcriber>, AsrError> {
        let unusable = |reason: String| AsrError::Model {
            path: models_dir.join(name),
            reason,
        };
        let path = model::resolve(&models_dir, name).map_err(|e| unusable(e.to_string()))?;
        tracing::info!(model = name, engine = %engine, threads, "loading model {name}");
        engine.load(&path, threads)
    };
    Engines::new(config.model.clone(), engine.window_ms(), Arc::new(load))
}

/// A worker with this name.
pub(crate) fn worker(config: &Config, name: String, store: Store, media: Media) -> anyhow::Result<Worker> {
    let settings = WorkerConfig {
        name,
        lease: Duration::from_secs(config.lease_seconds.into()),
        kinds: config.worker_kinds()?,
        transcriptions: config.transcriptions,
        quick_jobs: config.quick_jobs,
        limits: config.limits(),
        redact: config.redacts(),
        grace: Duration::from_secs(8),
    };
    Ok(Worker::new(settings, store, media, engines(config)))
}

/// A worker's name that no other has: host, process, and the time it began, as process ids come again.
pub(crate) fn worker_name(store: &Store) -> String {
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    let host = host.trim();
    let host = if host.is_empty() { "worker" } else { host };
    format!("{host}-{}-{:x}", std::process::id(), store.clock().now_ms())
}

/// Says what to do when the model for calls that ask for none is not here.
pub(crate) fn warn_of_missing_model(config: &Config) {
    if let Err(error) = model::resolve(&config.models_dir(), &config.model) {
        tracing::warn!("calls can't be transcribed yet: {error}");
        if config.log_format == LogFormat::Text {
            message(&format!("gametape: calls can't be transcribed yet: {error}"));
        }
    }
}
