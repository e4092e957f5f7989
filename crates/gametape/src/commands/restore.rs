//! `gametape restore`: a backup into an empty database, of either engine, and an object store.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use bytes::Bytes;
use futures::StreamExt;
use gametape_core::Clock;
use gametape_media::{Media, MediaKey};
use gametape_store::{Load, Store};
use sha2::{Digest, Sha256};
use tokio_util::io::ReaderStream;

use crate::{
    app::open_media,
    archive::{Archive, Manifest, MediaFile},
    cli,
    config::Config,
    erased,
    output::{message, result},
    progress::percent_bar,
};

/// Lines that are in memory at a time.
const BATCH: usize = 1_000;

pub(crate) async fn run(options: &cli::Restore, config: &Config) -> anyhow::Result<()> {
    let (archive, manifest) = Archive::open(&options.folder)?;
    config.prepare_data_dir()?;
    let store = Store::connect(&config.database_url(), Clock::System)
        .await
        .context("no database")?;
    let media = open_media(config)?;

    if let Some(path) = options.erasures.as_ref().filter(|path| !path.is_file()) {
        bail!("there is no list of erasures {}", path.display());
    }
    // First, so that nothing is copied beside a database that is in use.
    let mut load = store.backup_load(manifest.schema).await?;
    restore_media(&archive, &manifest, &media).await?;
    restore_tables(&archive, &manifest, &mut load).await?;
    load.finish().await?;
    store.migrate().await?;
    erase_again(options, &archive, &store).await?;
    store.close().await;
    result(&format!(
        "{} is restored: {} rows, {} objects",
        options.folder.display(),
        manifest.tables.iter().map(|table| table.rows).sum::<u64>(),
        manifest.media.len()
    ));
    Ok(())
}

/// Deletes what was deleted for good since the backup was made, as far as the lists know.
async fn erase_again(options: &cli::Restore, archive: &Archive, store: &Store) -> anyhow::Result<()> {
    let mut list = erased::read(&archive.erased_path())?;
    if let Some(path) = &options.erasures {
        list.extend(erased::read(path)?);
    }
    let applied = store.erasure_apply(&list).await?;
    let gone = applied.calls + applied.recordings + applied.people;
    if gone > 0 {
        message(&format!(
            "Deleted again, as they were since this backup: {} calls, {} recordings, {} people.",
            applied.calls, applied.recordings, applied.people
        ));
    }
    if applied.refused > 0 {
        message(&format!(
            "{} people were forgotten since, but nobody else is an administrator here: erase them by hand.",
            applied.refused
        ));
    }
    Ok(())
}

async fn restore_tables(archive: &Archive, manifest: &Manifest, load: &mut Load) -> anyhow::Result<()> {
    let bar = percent_bar("database");
    bar.set_length(manifest.tables.iter().map(|table| table.rows).sum());
    for table in &manifest.tables {
        let mut reader = archive.table_reader(manifest.made_at, table, BATCH)?;
        loop {
            let lines = reader.next_batch()?;
            if lines.is_empty() {
                break;
            }
            load.rows(&table.shape, &lines).await?;
            bar.inc(lines.len() as u64);
        }
        reader.check(table)?;
    }
    bar.finish_and_clear();
    Ok(())
}

async fn restore_media(archive: &Archive, manifest: &Manifest, media: &Media) -> anyhow::Result<()> {
    let bar = percent_bar("recordings");
    bar.set_length(manifest.media.iter().map(|file| file.size_bytes).sum());
    for file in &manifest.media {
        let key = MediaKey::from_stored(&file.key)?;
        put(archive, file, &key, media).await?;
        bar.inc(file.size_bytes);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn put(archive: &Archive, file: &MediaFile, key: &MediaKey, media: &Media) -> anyhow::Result<()> {
    let path = archive.media_path(key);
    let source = tokio::fs::File::open(&path)
        .await
        .with_context(|| path.display().to_string())?;
    let hash = Arc::new(Mutex::new(Sha256::new()));
    let hashing = Arc::clone(&hash);
    let bytes = ReaderStream::new(source).map(move |piece: std::io::Result<Bytes>| {
        if let Ok(piece) = &piece {
            hashing
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .update(piece);
        }
        piece
    });
    let size_bytes = media.put_stored_stream(key, bytes).await?;
    let found = hash
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
        .finalize();
    if size_bytes != file.size_bytes || hex::encode(found) != file.sha256 {
        media.delete(key).await?;
        bail!("{} is damaged: it is not what was written", path.display());
    }
    Ok(())
}
