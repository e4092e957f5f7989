//! How a backup lies in its folder:
//!
//! - `backup.json`: what there is, with hashes; written last, so that it never names what is not there yet;
//! - `tables-TIME/NAME.jsonl`: the rows of a table, one JSON array a line;
//! - `media/KEY`: objects as they are in the object store, encrypted where they are: the keys are no part of a backup;
//! - `erased.jsonl`: what was deleted for good, by this backup and earlier ones, and whatever was added since.

use std::{
    fs::File,
    io::{BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use gametape_media::{ByteStream, MediaKey};
use gametape_store::TableShape;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

/// The form described here.
const FORMAT: u32 = 1;
const MANIFEST: &str = "backup.json";
const MEDIA: &str = "media";
const TABLES: &str = "tables-";
/// What was deleted for good, up to the last backup or later; no part of a backup, but read with it.
pub(crate) const ERASED: &str = "erased.jsonl";

/// What a backup consists of.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Of this file and those around it.
    pub(crate) format: u32,
    /// Version of the program that made it.
    pub(crate) program: String,
    /// When, in milliseconds since 1970.
    pub(crate) made_at: i64,
    /// Version of the tables.
    pub(crate) schema: i64,
    /// The tables, in the order in which they must be written back.
    pub(crate) tables: Vec<TableFile>,
    /// The objects.
    pub(crate) media: Vec<MediaFile>,
}

/// What is read before the rest.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// The rows of a table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TableFile {
    /// Its columns.
    #[serde(flatten)]
    pub(crate) shape: TableShape,
    /// Lines of the file.
    pub(crate) rows: u64,
    /// Hash of the file, hexadecimal.
    pub(crate) sha256: String,
}

/// An object of the object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MediaFile {
    /// Its name there, and of the file below `media`.
    pub(crate) key: String,
    /// Its length.
    pub(crate) size_bytes: u64,
    /// Its hash, hexadecimal.
    pub(crate) sha256: String,
}

/// A folder with a backup in it, or for one.
pub(crate) struct Archive {
    root: PathBuf,
}

impl Archive {
    /// A folder for a backup: a new or empty one, or one with an earlier backup.
    pub(crate) fn make(root: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(root)
            .with_context(|| format!("the folder {} can't be made", root.display()))?;
        for entry in std::fs::read_dir(root)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let ours = [MANIFEST, TABLES, ERASED]
                .iter()
                .any(|known| name.starts_with(known));
            if !(ours || name == MEDIA) {
                bail!(
                    "{} holds something else ('{name}'): choose a folder of its own for backups",
                    root.display()
                );
            }
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// A folder that a backup lies in already.
    pub(crate) fn open(root: &Path) -> anyhow::Result<(Self, Manifest)> {
        let archive = Self {
            root: root.to_owned(),
        };
        match archive.manifest()? {
            Some(manifest) => Ok((archive, manifest)),
            None => bail!("there is no finished backup in {}", root.display()),
        }
    }

    /// What the last backup in this folder consists of; `None` when none was finished.
    pub(crate) fn manifest(&self) -> anyhow::Result<Option<Manifest>> {
        let path = self.root.join(MANIFEST);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let damaged = || format!("{} can't be understood", path.display());
        let Head { format } = serde_json::from_slice(&text).with_context(damaged)?;
        if format != FORMAT {
            bail!(
                "{} is of another form ({format}): this version reads {FORMAT}",
                path.display()
            );
        }
        let manifest: Manifest = serde_json::from_slice(&text).with_context(damaged)?;
        // Names of tables become names of files: none may lead out of the folder.
        let is_plain =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if let Some(table) = manifest.tables.iter().find(|table| !is_plain(&table.shape.name)) {
            bail!(
                "{} names no table of ours: {:?}",
                path.display(),
                table.shape.name
            );
        }
        Ok(Some(manifest))
    }

    /// A manifest without anything in it.
    pub(crate) fn begin(&self, made_at: i64, schema: i64) -> anyhow::Result<Manifest> {
        let folder = self.tables(made_at);
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        Ok(Manifest {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            schema,
            tables: Vec::new(),
            media: Vec::new(),
        })
    }

    /// Puts the manifest in its place, and removes what it does not name: rows of earlier backups, and objects
    /// that have been deleted since.
    pub(crate) fn finish(&self, manifest: &Manifest) -> anyhow::Result<()> {
        let draft = self.root.join(format!("{MANIFEST}.draft"));
        let mut file = File::create(&draft).with_context(|| draft.display().to_string())?;
        serde_json::to_writer_pretty(BufWriter::new(&file), manifest)?;
        file.flush()?;
        file.sync_all()?;
        std::fs::rename(&draft, self.root.join(MANIFEST))?;
        File::open(&self.root)?.sync_all()?;

        let tables = self.tables(manifest.made_at);
        for entry in std::fs::read_dir(&self.root)? {
            let path = entry?.path();
            let is_old = path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(TABLES));
            if is_old && path != tables {
                std::fs::remove_dir_all(path)?;
            }
        }
        let kept = manifest
            .media
            .iter()
            .map(|file| self.root.join(MEDIA).join(&file.key));
        remove_others(&self.root.join(MEDIA), &kept.collect())
    }

    /// A file for the rows of a table.
    pub(crate) fn table_writer(&self, made_at: i64, name: &str) -> anyhow::Result<LineWriter> {
        let path = self.tables(made_at).join(format!("{name}.jsonl"));
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        Ok(LineWriter {
            file: BufWriter::new(file),
            hash: Sha256::new(),
        })
    }

    /// Reads the rows of a table in batches of `batch` lines, and at the end compares number and hash.
    pub(crate) fn table_reader(
        &self,
        made_at: i64,
        table: &TableFile,
        batch: usize,
    ) -> anyhow::Result<LineReader> {
        let path = self.tables(made_at).join(format!("{}.jsonl", table.shape.name));
        let file = File::open(&path).with_context(|| path.display().to_string())?;
        Ok(LineReader {
            path,
            file: BufReader::new(file),
            hash: Sha256::new(),
            rows: 0,
            batch,
        })
    }

    fn tables(&self, made_at: i64) -> PathBuf {
        self.root.join(format!("{TABLES}{made_at}"))
    }

    /// Whether an object of an earlier backup is still there. Objects never change, so its length tells.
    pub(crate) fn has_media(&self, file: &MediaFile) -> bool {
        let path = self.root.join(MEDIA).join(&file.key);
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == file.size_bytes)
    }

    /// Whether an object of an earlier backup begins like this.
    pub(crate) fn media_begins_with(&self, key: &MediaKey, head: &[u8]) -> anyhow::Result<bool> {
        let path = self.media_path(key);
        let mut begins = vec![0; head.len()];
        let read = File::open(&path).and_then(|mut file| file.read_exact(&mut begins));
        match read {
            Ok(()) => Ok(begins == head),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Writes an object down.
    pub(crate) async fn write_media(
        &self,
        key: &MediaKey,
        mut bytes: ByteStream,
    ) -> anyhow::Result<MediaFile> {
        use futures::TryStreamExt;
        let path = self.root.join(MEDIA).join(key.as_str());
        let draft = path.with_extension("draft");
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let mut file = tokio::fs::File::create(&draft)
            .await
            .with_context(|| draft.display().to_string())?;
        let (mut hash, mut size_bytes) = (Sha256::new(), 0);
        while let Some(piece) = bytes.try_next().await? {
            hash.update(&piece);
            size_bytes += piece.len() as u64;
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        file.sync_all().await?;
        tokio::fs::rename(&draft, &path).await?;
        Ok(MediaFile {
            key: key.to_string(),
            size_bytes,
            sha256: hex::encode(hash.finalize()),
        })
    }

    /// Where the list of what was deleted for good lies.
    pub(crate) fn erased_path(&self) -> PathBuf {
        self.root.join(ERASED)
    }

    /// Where an object lies.
    pub(crate) fn media_path(&self, key: &MediaKey) -> PathBuf {
        self.root.join(MEDIA).join(key.as_str())
    }
}

/// Removes files below `folder` that are not among `kept`, and folders that are empty then.
fn remove_others(folder: &Path, kept: &std::collections::HashSet<PathBuf>) -> anyhow::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            remove_others(&path, kept)?;
            // One that still holds something stays.
            let _ = std::fs::remove_dir(&path);
        } else if !kept.contains(&path) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Writes lines, and knows their hash.
pub(crate) struct LineWriter {
    file: BufWriter<File>,
    hash: Sha256,
}

impl LineWriter {
    pub(crate) fn write(&mut self, line: &str) -> anyhow::Result<()> {
        for bytes in [line.as_bytes(), b"\n"] {
            self.hash.update(bytes);
            self.file.write_all(bytes)?;
        }
        Ok(())
    }

    /// The hash of all of them, once they are on the disk.
    pub(crate) fn finish(mut self) -> anyhow::Result<String> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(hex::encode(self.hash.finalize()))
    }
}

/// Reads lines in batches.
pub(crate) struct LineReader {
    path: PathBuf,
    file: BufReader<File>,
    hash: Sha256,
    rows: u64,
    batch: usize,
}

impl LineReader {
    /// The next lines; none at the end.
    pub(crate) fn next_batch(&mut self) -> anyhow::Result<Vec<String>> {
        let mut lines = Vec::new();
        while lines.len() < self.batch {
            let mut line = String::new();
            let read = self
                .file
                .read_line(&mut line)
                .with_context(|| self.path.display().to_string())?;
            if read == 0 {
                break;
            }
            self.hash.update(line.as_bytes());
            line.truncate(line.trim_end_matches('\n').len());
            lines.push(line);
        }
        self.rows += lines.len() as u64;
        Ok(lines)
    }

    /// Whether what was read is what was written.
    pub(crate) fn check(self, table: &TableFile) -> anyhow::Result<()> {
        if self.rows != table.rows || hex::encode(self.hash.finalize()) != table.sha256 {
            bail!("{} is damaged: it is not what was written", self.path.display());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_whose_name_leads_out_of_the_folder_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        for (name, good) in [
            ("users", true),
            ("../../outside", false),
            ("/etc/x", false),
            ("", false),
        ] {
            let text = format!(
                r#"{{"format":1,"program":"0","made_at":1,"schema":1,"media":[],"tables":[
                    {{"name":"{name}","columns":[],"rows":0,"sha256":""}}]}}"#
            );
            std::fs::write(dir.path().join(MANIFEST), text).unwrap();
            assert_eq!(Archive::open(dir.path()).is_ok(), good, "{name}");
        }
    }
}
