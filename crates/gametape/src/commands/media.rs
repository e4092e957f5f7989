//! `gametape media`: how recordings are encrypted, and giving all of them the current key.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use futures::StreamExt;
use gametape_core::Clock;
use gametape_media::{Keys, Media, MediaError, MediaKey, Sealing};
use gametape_store::Store;

use super::doctor::is_known;
use crate::{
    app::{open_media, open_store},
    cli,
    config::Config,
    output::{message, result},
    progress::percent_bar,
};

pub(crate) async fn run(command: cli::Media, config: &Config) -> anyhow::Result<()> {
    match command {
        cli::Media::Status => status(config).await,
        cli::Media::Rotate => rotate(config).await,
        cli::Media::Key { name } => key(name),
    }
}

/// Objects and bytes by what they are encrypted with.
async fn status(config: &Config) -> anyhow::Result<()> {
    let media = open_media(config)?;
    let keys = config.media_keys()?;
    let mut counts: BTreeMap<Sealing, (u64, u64)> = BTreeMap::new();
    for name in keys.iter().flat_map(Keys::names) {
        counts.insert(Sealing::Key(name.to_owned()), (0, 0));
    }
    let mut entries = media.list(None);
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        let Some(key) = entry.key else { continue };
        match media.sealing_of(&key).await {
            Ok(sealing) => {
                let count = counts.entry(sealing).or_default();
                *count = (count.0 + 1, count.1 + entry.size_bytes);
            }
            Err(MediaError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let current = keys.as_ref().map(Keys::current);
    for (sealing, (objects, bytes)) in counts {
        let what = match &sealing {
            Sealing::Plain => "not encrypted".to_owned(),
            Sealing::Key(name) if current == Some(name) => format!("key {name} (current)"),
            Sealing::Key(name) => format!("key {name}"),
            Sealing::Unknown(id) => format!("a key that is not here ({id})"),
        };
        result(&format!(
            "{objects:>9} objects  {:>9} MB  {what}",
            bytes.div_ceil(1_000_000)
        ));
    }
    if current.is_none() {
        message("There is no key: what is stored from now on is not encrypted.");
    }
    Ok(())
}

/// Gives every object the current key. What has it already is passed over, so that this goes on where an earlier run
/// stopped.
async fn rotate(config: &Config) -> anyhow::Result<()> {
    let Some(keys) = config.media_keys()? else {
        bail!("there is no key to encrypt with: set media_keys_file, or GAMETAPE_MEDIA_KEYS");
    };
    let store = open_store(config, false).await?;
    let media = open_media(config)?;
    let mut found = Vec::new();
    let mut entries = media.list(None);
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        found.extend(entry.key.map(|key| (key, entry.size_bytes)));
    }
    let bar = percent_bar("recordings");
    bar.set_length(found.iter().map(|(_, size_bytes)| size_bytes).sum());
    let (mut written, mut bytes, mut failed) = (0_u64, 0_u64, 0_u64);
    for (key, size_bytes) in &found {
        match reseal(&store, &media, key).await {
            Ok(None) => {}
            Ok(Some(length)) => {
                written += 1;
                bytes += length;
            }
            Err(error) => {
                failed += 1;
                message(&format!("{key}: {error:#}"));
            }
        }
        bar.inc(*size_bytes);
    }
    bar.finish_and_clear();
    store.close().await;
    result(&format!(
        "{written} of {} objects ({} MB) were written anew with the key {}",
        found.len(),
        bytes.div_ceil(1_000_000),
        keys.current()
    ));
    if failed > 0 {
        bail!("{failed} object(s) could not be; run this again");
    }
    Ok(())
}

/// Gives an object the current key. What was deleted meanwhile must not come back.
async fn reseal(store: &Store, media: &Media, key: &MediaKey) -> anyhow::Result<Option<u64>> {
    let length = match media.reseal(key).await {
        Ok(length) => length,
        Err(MediaError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if length.is_some() && !is_known(store, key.as_str()).await? {
        media.delete(key).await?;
        return Ok(None);
    }
    Ok(length)
}

fn key(name: Option<String>) -> anyhow::Result<()> {
    let name = match name {
        Some(name) => name,
        None => format!("key-{}", Clock::System.now_ms() / 86_400_000),
    };
    let line = Keys::make(&name).context("no key was made")?;
    result(&line);
    Ok(())
}
