//! `gametape migrate`.

use crate::{app::open_store, config::Config, output::message};

pub(crate) async fn run(config: &Config) -> anyhow::Result<()> {
    let store = open_store(config, true).await?;
    message("The database is at this version.");
    store.close().await;
    Ok(())
}
