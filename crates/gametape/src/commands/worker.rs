//! `gametape worker`.

use crate::{
    app::{open_media, open_store, warn_of_missing_model, worker, worker_name},
    cli,
    config::Config,
    lifecycle::shutdown_signal,
};

pub(crate) async fn run(options: cli::Worker, config: Config) -> anyhow::Result<()> {
    let shutdown = shutdown_signal()?;
    let store = open_store(&config, false).await?;
    let media = open_media(&config)?;
    media.ping().await?;
    warn_of_missing_model(&config);
    let name = options.name.unwrap_or_else(|| worker_name(&store));
    worker(&config, name, store.clone(), media).run(shutdown).await;
    store.close().await;
    Ok(())
}
