//! `gametape serve`.

use std::time::Duration;

use anyhow::Context;
use gametape_api::{ApiConfig, ApiState, router_with_fallback};
use gametape_core::page::PageRequest;
use tokio::{net::TcpListener, time::timeout};

use crate::{
    app::{open_media, open_store, warn_of_missing_model, worker, worker_name},
    cli,
    config::Config,
    lifecycle::shutdown_signal,
    measure::Measurer,
    memory,
    output::say,
    server,
    telemetry::start_metrics,
    web,
};

/// How long answers under way may take once the server has been told to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(9);

pub(crate) async fn run(options: cli::Serve, config: Config) -> anyhow::Result<()> {
    memory::keep_giving_back();
    let shutdown = shutdown_signal()?;
    let measurements = start_metrics()?;
    let store = open_store(&config, !options.no_migrate).await?;
    let media = open_media(&config)?;
    media.ping().await?;

    let address = options.listen.unwrap_or(config.listen);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("can't listen on {address}: choose another with --listen"))?;
    let address = listener.local_addr()?;

    let working = if options.no_worker {
        None
    } else {
        warn_of_missing_model(&config);
        let worker = worker(&config, worker_name(&store), store.clone(), media.clone())?;
        Some(tokio::spawn(worker.run(shutdown.clone())))
    };

    if store.user_list(&PageRequest::default()).await?.items.is_empty() {
        say(
            config.log_format,
            "Nobody has an account yet. Make the first admin: gametape user create EMAIL --name NAME --role admin",
        );
    }
    let measurer = Measurer {
        store: store.clone(),
        media: media.clone(),
        data_dir: config.data_dir.clone(),
        shared: Some(config.model.clone()),
    };
    tokio::spawn(measurer.run(shutdown.clone()));
    let state = ApiState::new(store.clone(), media, api_config(&config))
        .with_metrics(measurements)
        .with_shutdown(shutdown.clone());
    let app = router_with_fallback(state, web::pages());
    say(
        config.log_format,
        &format!("Gametape listens on http://{address}"),
    );
    tracing::info!(%address, engine = ?store.engine(), "listening on {address}");

    let server = tokio::spawn(server::serve(listener, app, shutdown.clone()));
    shutdown.cancelled().await;
    if timeout(LAST_ANSWERS, server).await.is_err() {
        tracing::warn!("some answers were cut off");
    }
    if let Some(working) = working {
        working.await.context("the worker failed")?;
    }
    store.close().await;
    Ok(())
}

pub(super) fn api_config(config: &Config) -> ApiConfig {
    ApiConfig {
        max_upload_bytes: config.max_upload_bytes,
        max_open_uploads: config.max_open_uploads,
        person_quota_bytes: config.person_quota_bytes,
        team_quota_bytes: config.team_quota_bytes,
        rates: config.rates(),
        upload_expiry_ms: i64::from(config.upload_expiry_hours) * 3_600_000,
        session_ttl_ms: i64::from(config.session_days) * 24 * 3_600_000,
        secure_cookies: config.secure_cookies,
        behind_proxy: config.behind_proxy,
        redact: config.redacts(),
        metrics_token: config.metrics_token.clone(),
        default_model: config.model.clone(),
        ..ApiConfig::default()
    }
}
