//! `gametape worker`.

use std::net::SocketAddr;

use anyhow::Context;
use gametape_api::{ApiState, operation_router};
use gametape_media::Media;
use gametape_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    app::{open_media, open_store, warn_of_missing_model, worker, worker_name},
    cli,
    commands::serve::api_config,
    config::Config,
    lifecycle::shutdown_signal,
    measure::Measurer,
    memory, server,
    telemetry::start_metrics,
};

pub(crate) async fn run(options: cli::Worker, mut config: Config) -> anyhow::Result<()> {
    config.transcriptions = options.concurrency.unwrap_or(config.transcriptions);
    config.jobs = options.jobs.unwrap_or(config.jobs);
    config.check()?;
    memory::keep_giving_back();
    let shutdown = shutdown_signal()?;
    let store = open_store(&config, false).await?;
    let media = open_media(&config)?;
    media.ping().await?;
    if let Some(address) = config.metrics_listen {
        answer(address, &config, &store, &media, &shutdown).await?;
    }
    warn_of_missing_model(&config);
    let name = options.name.unwrap_or_else(|| worker_name(&store));
    worker(&config, name, store.clone(), media)?.run(shutdown).await;
    store.close().await;
    Ok(())
}

/// Answers those who ask whether this worker is well, and how it does.
async fn answer(
    address: SocketAddr,
    config: &Config,
    store: &Store,
    media: &Media,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let measurements = start_metrics()?;
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("can't listen on {address}: choose another metrics_listen"))?;
    let address = listener.local_addr()?;
    tracing::info!(%address, "measurements at http://{address}/metrics");
    let measurer = Measurer {
        store: store.clone(),
        media: media.clone(),
        data_dir: config.data_dir.clone(),
        shared: None,
    };
    tokio::spawn(measurer.run(shutdown.clone()));
    let state = ApiState::new(store.clone(), media.clone(), api_config(config)).with_metrics(measurements);
    tokio::spawn(server::serve(listener, operation_router(state), shutdown.clone()));
    Ok(())
}
