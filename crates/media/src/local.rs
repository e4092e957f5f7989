//! What only local files need: making the folder, and clearing what a killed process left behind.

use std::path::{Path, PathBuf};

use object_store::local::LocalFileSystem;

use crate::MediaError;

/// The folder of a store on local files.
#[derive(Debug, Clone)]
pub(crate) struct LocalRoot(PathBuf);

/// Room of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that this process may still write.
    pub free_bytes: u64,
    /// Bytes that it has at all.
    pub size_bytes: u64,
}

/// The room of the file system that `folder` is on. The kernel knows that at once.
pub fn room(folder: &Path) -> Result<Room, MediaError> {
    let found = rustix::fs::statvfs(folder)
        .map_err(|error| MediaError::io("measure", &folder.display().to_string(), error.into()))?;
    Ok(Room {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        size_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

impl LocalRoot {
    /// Makes the folder if it is missing.
    ///
    /// Writes are synced to disk before they count: the database commits the offset of an upload right
    /// after, and must not promise bytes that a power cut takes back.
    pub(crate) fn open(url: &str, folder: &Path) -> Result<(Self, LocalFileSystem), MediaError> {
        let invalid = |detail: String| MediaError::InvalidUrl {
            url: url.to_owned(),
            detail,
        };
        std::fs::create_dir_all(folder)
            .map_err(|source| invalid(format!("cannot make the folder {}: {source}", folder.display())))?;
        let folder = folder
            .canonicalize()
            .map_err(|source| invalid(format!("cannot open the folder {}: {source}", folder.display())))?;
        let store = LocalFileSystem::new_with_prefix(&folder)
            .map_err(|source| invalid(source.to_string()))?
            .with_automatic_cleanup(true)
            .with_fsync(true);
        Ok((Self(folder), store))
    }

    /// Where an object's file is.
    pub(crate) fn file(&self, key: &str) -> PathBuf {
        self.0.join(key)
    }

    pub(crate) async fn ping(&self) -> Result<(), MediaError> {
        let root = self.0.display().to_string();
        match tokio::fs::metadata(&self.0).await {
            Ok(metadata) if metadata.is_dir() => Ok(()),
            Ok(_) => Err(MediaError::NotFound { key: root }),
            Err(source) => Err(MediaError::io("reach", &root, source)),
        }
    }

    /// The file system that it is on.
    pub(crate) fn room(&self) -> Result<Room, MediaError> {
        room(&self.0)
    }

    /// Bytes of the file system that this process may still write. The kernel knows that at once.
    pub(crate) fn free_bytes(&self) -> Result<u64, MediaError> {
        room(&self.0).map(|room| room.free_bytes)
    }

    /// Removes a folder with everything in it.
    ///
    /// Listings leave out `NAME#1`, the files into which objects are written before they get their name;
    /// a process killed while writing leaves one.
    pub(crate) async fn remove_tree(&self, prefix: &str) -> Result<(), MediaError> {
        match tokio::fs::remove_dir_all(self.file(prefix)).await {
            Ok(()) => Ok(()),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(MediaError::io("delete", prefix, source)),
        }
    }

    /// Removes what earlier, killed writers of this object left beside it. A writer that is still alive
    /// loses its file too: the one that got its object in place first has won.
    pub(crate) async fn remove_stale(&self, key: &str) {
        let file = self.file(key);
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else {
            return;
        };
        let Ok(mut entries) = tokio::fs::read_dir(folder).await else {
            return;
        };
        let staged = format!("{}#", name.to_string_lossy());
        while let Ok(Some(entry)) = entries.next_entry().await {
            if entry.file_name().to_string_lossy().starts_with(&staged)
                && let Err(error) = tokio::fs::remove_file(entry.path()).await
            {
                tracing::warn!(%error, file = %entry.path().display(), "cannot remove a half-written file");
            }
        }
    }

    /// Removes the folders above an object that is not there, as far as they are empty.
    pub(crate) async fn remove_empty_folders(&self, key: &str) {
        for folder in self
            .file(key)
            .ancestors()
            .skip(1)
            .take_while(|folder| *folder != self.0)
        {
            // Not empty, or removed already: either way there is nothing to do.
            if tokio::fs::remove_dir(folder).await.is_err() {
                break;
            }
        }
    }
}
