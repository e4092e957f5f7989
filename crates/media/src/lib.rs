//! The object store: recordings and the parts of uploads, on local files or S3.
//!
//! Keys are typed ([`MediaKey`]), so that no path from outside ever reaches a file system. Everything is
//! streamed: the memory used does not depend on the size of an object.
//!
//! With [`Keys`] what is written is encrypted, in a form that `seal.rs` describes, and what is read may be either.
//! Lengths and ranges are always those of the object itself; only listings, and the functions with `stored` in their
//! names, show what the store holds.

mod error;
mod key;
mod keys;
mod local;
mod open;
mod put;
mod read;
mod reader;
mod seal;
mod sealed;

use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, path::Path};

pub use bytes::Bytes;
pub use error::{BoxError, MediaError};
pub use key::{MediaKey, MediaPrefix};
pub use keys::{Keys, KeysError};
pub use local::{Room, room};
pub use open::S3Options;
pub use read::ByteStream;
pub use reader::BlockReader;
pub use sealed::Sealing;

/// Largest piece that streamed writes hold in memory, in bytes; also the size of S3 multipart parts.
/// S3 takes 10,000 parts, so this allows objects of 80 GiB.
pub const PART_BYTES: usize = 8 * 1024 * 1024;

/// The object store. Clones share connections.
#[derive(Debug, Clone)]
pub struct Media {
    store: Arc<dyn ObjectStore>,
    root: Path,
    local: Option<local::LocalRoot>,
    keys: Option<Arc<Keys>>,
}

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaEntry {
    /// Its path below the root of the store, as text.
    pub path: String,
    /// The same, typed; `None` for an object that is none of ours.
    pub key: Option<MediaKey>,
    /// Length of what is stored, which is more than the object's own where it is encrypted.
    pub size_bytes: u64,
    /// When it was written, in milliseconds since the epoch.
    pub modified_ms: i64,
}

impl Media {
    fn path(&self, key: &str) -> Path {
        self.root.parts().chain(Path::from(key).parts()).collect()
    }

    /// Bytes that are free where objects are kept; `None` where that is no folder of this machine.
    pub fn free_bytes(&self) -> Result<Option<u64>, MediaError> {
        self.local.as_ref().map(local::LocalRoot::free_bytes).transpose()
    }

    /// The file system that objects are kept on; `None` where that is no folder of this machine.
    pub fn room(&self) -> Result<Option<Room>, MediaError> {
        self.local.as_ref().map(local::LocalRoot::room).transpose()
    }

    /// Length of an object in bytes; `None` if there is no such object.
    pub async fn size(&self, key: &MediaKey) -> Result<Option<u64>, MediaError> {
        if self.keys.is_some() {
            return Ok(self.look(key).await?.map(|look| look.size_bytes));
        }
        match self.store.head(&self.path(key.as_str())).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(MediaError::backend("look up", key.as_str(), source)),
        }
    }

    /// Deletes an object. One that is not there counts as deleted.
    pub async fn delete(&self, key: &MediaKey) -> Result<(), MediaError> {
        match self.store.delete(&self.path(key.as_str())).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(MediaError::backend("delete", key.as_str(), source)),
        }
    }

    /// Deletes all objects below a prefix, with what interrupted writes left there; returns how many
    /// objects there were.
    pub async fn delete_prefix(&self, prefix: &MediaPrefix) -> Result<u64, MediaError> {
        let path = self.path(prefix.as_str());
        let found = self.store.list(Some(&path)).map_ok(|meta| meta.location).boxed();
        let mut deleted = self.store.delete_stream(found);
        let mut count = 0;
        while let Some(result) = deleted.next().await {
            match result {
                Ok(_) => count += 1,
                Err(object_store::Error::NotFound { .. }) => {}
                Err(source) => return Err(MediaError::backend("delete", prefix.as_str(), source)),
            }
        }
        if let Some(local) = &self.local {
            local.remove_tree(prefix.as_str()).await?;
        }
        Ok(count)
    }

    /// Lists the objects below a prefix, or all of them, in no particular order.
    pub fn list(
        &self,
        prefix: Option<&MediaPrefix>,
    ) -> impl Stream<Item = Result<MediaEntry, MediaError>> + Send + Unpin + 'static {
        let path = match prefix {
            Some(prefix) => self.path(prefix.as_str()),
            None => self.root.clone(),
        };
        let root = self.root.clone();
        self.store
            .list(Some(&path).filter(|path| !path.as_ref().is_empty()))
            .map(move |result| {
                let meta = result.map_err(|source| MediaError::backend("list", path.as_ref(), source))?;
                let below_root = meta.location.prefix_match(&root).map(Iterator::collect::<Path>);
                let path = below_root.unwrap_or_else(|| meta.location.clone()).to_string();
                Ok(MediaEntry {
                    key: MediaKey::from_stored(&path).ok(),
                    path,
                    size_bytes: meta.size,
                    modified_ms: meta.last_modified.timestamp_millis(),
                })
            })
            .boxed()
    }

    /// Asks the store whether it answers, without writing.
    pub async fn ping(&self) -> Result<(), MediaError> {
        if let Some(local) = &self.local {
            return local.ping().await;
        }
        let path = self.path("ping");
        match self.store.list(Some(&path)).next().await {
            None | Some(Ok(_)) => Ok(()),
            Some(Err(source)) => Err(MediaError::backend("reach", path.as_ref(), source)),
        }
    }

    /// Writes, reads and deletes a small object: whether the store can really be used.
    pub async fn check_write(&self) -> Result<(), MediaError> {
        let path = self.path(&format!("ping/{}", std::process::id()));
        let failed = |source| MediaError::backend("try out writing to", path.as_ref(), source);
        self.store
            .put(&path, Bytes::from_static(b"gametape").into())
            .await
            .map_err(failed)?;
        let read = self.store.get(&path).await.map_err(failed)?;
        let read = read.bytes().await.map_err(failed)?;
        self.store.delete(&path).await.map_err(failed)?;
        if read == b"gametape"[..] {
            Ok(())
        } else {
            Err(MediaError::Damaged {
                key: path.to_string(),
            })
        }
    }
}
