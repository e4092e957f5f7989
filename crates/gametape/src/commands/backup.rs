//! `gametape backup`: a copy of database and recordings, while the server runs.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use futures::StreamExt;
use gametape_media::{Media, MediaError, MediaKey};
use gametape_store::Snapshot;

use crate::{
    app::{open_media, open_store},
    archive::{Archive, Manifest, MediaFile, TableFile},
    cli,
    config::Config,
    erased,
    output::result,
    progress::percent_bar,
};

/// Tables whose rows have objects of their own, named after their ids.
const WITH_MEDIA: [&str; 2] = ["recordings", "uploads"];

pub(crate) async fn run(options: &cli::Backup, config: &Config) -> anyhow::Result<()> {
    let store = open_store(config, false).await?;
    let media = open_media(config)?;
    let encrypted = config.media_keys()?.is_some();
    let archive = Archive::make(&options.folder)?;
    let before = archive.manifest()?;

    let mut snapshot = store.backup_snapshot().await?;
    let mut manifest = archive.begin(store.clock().now_ms(), snapshot.schema())?;
    let owners = copy_tables(&archive, &mut manifest, &mut snapshot).await?;
    // The database need not keep what it was for the rest.
    drop(snapshot);
    copy_media(
        &archive,
        &mut manifest,
        before.as_ref(),
        (&media, encrypted),
        &owners,
    )
    .await?;
    archive.finish(&manifest)?;
    erased::update(&archive.erased_path(), &store).await?;

    let rows: u64 = manifest.tables.iter().map(|table| table.rows).sum();
    let bytes: u64 = manifest.media.iter().map(|file| file.size_bytes).sum();
    result(&format!(
        "{}: {rows} rows, {} objects of {} MB",
        options.folder.display(),
        manifest.media.len(),
        bytes.div_ceil(1_000_000)
    ));
    store.close().await;
    Ok(())
}

/// Writes all rows down; the ids of those that have objects.
async fn copy_tables(
    archive: &Archive,
    manifest: &mut Manifest,
    snapshot: &mut Snapshot,
) -> anyhow::Result<HashSet<String>> {
    let mut owners = HashSet::new();
    let tables = snapshot.tables().await?;
    let bar = percent_bar("database");
    bar.set_length(tables.len() as u64);
    for shape in tables {
        let mut writer = archive.table_writer(manifest.made_at, &shape.name)?;
        let id_at = shape.columns.iter().position(|column| column.name == "id");
        let id_at = id_at.filter(|_| WITH_MEDIA.contains(&shape.name.as_str()));
        let each = |line: &str| {
            if let Some(place) = id_at {
                let values: Vec<serde_json::Value> = serde_json::from_str(line)?;
                owners.extend(values[place].as_str().map(ToOwned::to_owned));
            }
            writer.write(line)
        };
        let rows = snapshot.rows(&shape, each).await?;
        let sha256 = writer.finish()?;
        manifest.tables.push(TableFile { shape, rows, sha256 });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(owners)
}

/// Copies the objects of recordings and uploads that are not in the folder yet.
async fn copy_media(
    archive: &Archive,
    manifest: &mut Manifest,
    before: Option<&Manifest>,
    (media, encrypted): (&Media, bool),
    owners: &HashSet<String>,
) -> anyhow::Result<()> {
    let known: HashMap<&str, &MediaFile> = before
        .map(|before| {
            before
                .media
                .iter()
                .map(|file| (file.key.as_str(), file))
                .collect()
        })
        .unwrap_or_default();
    let mut todo = Vec::new();
    let mut entries = media.list(None);
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        let owner = entry.path.split('/').nth(1).unwrap_or_default();
        let Some(key) = entry.key.filter(|_| owners.contains(owner)) else {
            continue;
        };
        match known.get(key.as_str()) {
            Some(file)
                if file.size_bytes == entry.size_bytes
                    && archive.has_media(file)
                    && is_same(archive, &key, media, encrypted).await? =>
            {
                manifest.media.push((*file).clone());
            }
            _ => todo.push((key, entry.size_bytes)),
        }
    }
    let bar = percent_bar("recordings");
    bar.set_length(todo.iter().map(|(_, size_bytes)| size_bytes).sum());
    for (key, size_bytes) in todo {
        match media.get_stored(&key).await {
            Ok(bytes) => {
                let file = archive.write_media(&key, bytes).await;
                manifest
                    .media
                    .push(file.with_context(|| format!("{key} can't be copied"))?);
            }
            // Deleted since the rows were copied: whoever deleted it does not want it in a backup.
            Err(MediaError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        bar.inc(size_bytes);
    }
    bar.finish_and_clear();
    manifest.media.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(())
}

/// Whether an object that the folder has by its length is still what is stored: one with another key has the same
/// length, and needs another key to be restored.
async fn is_same(archive: &Archive, key: &MediaKey, media: &Media, encrypted: bool) -> anyhow::Result<bool> {
    if !encrypted {
        return Ok(true);
    }
    match media.stored_head(key).await {
        Ok(Some(head)) => archive.media_begins_with(key, &head),
        Ok(None) | Err(MediaError::NotFound { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
