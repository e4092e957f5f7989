//! `gametape erasures`: the list of what was deleted for good, to be kept beside backups.

use crate::{app::open_store, archive::ERASED, cli, config::Config, erased, output::result};

pub(crate) async fn run(command: cli::Erasures, config: &Config) -> anyhow::Result<()> {
    let cli::Erasures::Export { place } = command;
    let path = if place.is_dir() { place.join(ERASED) } else { place };
    let store = open_store(config, false).await?;
    let count = erased::update(&path, &store).await?;
    result(&format!("{}: {count} erasures", path.display()));
    store.close().await;
    Ok(())
}
