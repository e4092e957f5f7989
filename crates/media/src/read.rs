//! Reading objects.

use std::{io::SeekFrom, ops::Range};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{GetOptions, GetResultPayload, ObjectMeta, ObjectStore, ObjectStoreExt};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::{Media, MediaError, MediaKey};

/// Local files are read in pieces of this size; each costs a trip to a blocking thread.
const LOCAL_PIECE_BYTES: usize = 256 * 1024;

/// The bytes of an object, piece by piece.
pub type ByteStream = BoxStream<'static, Result<Bytes, MediaError>>;

impl Media {
    /// A whole object in memory. For small ones, such as peaks.
    pub async fn get(&self, key: &MediaKey) -> Result<Bytes, MediaError> {
        if self.keys.is_some() {
            let pieces: Vec<Bytes> = self.get_stream(key).await?.try_collect().await?;
            return Ok(pieces.concat().into());
        }
        let failed = |source| MediaError::backend("read", key.as_str(), source);
        let object = self.store.get(&self.path(key.as_str())).await.map_err(failed)?;
        object.bytes().await.map_err(failed)
    }

    /// The bytes `range` of an object as a stream; what lies behind its end is left out.
    pub async fn get_range(&self, key: &MediaKey, range: Range<u64>) -> Result<ByteStream, MediaError> {
        if range.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        if self.keys.is_some() {
            return self.open_range(key, range).await;
        }
        let options = GetOptions::new().with_range(Some(range));
        Ok(self.stream(key, options).await?.1)
    }

    /// What is stored of an object, as a stream, and what the store says of it.
    pub(crate) async fn stream(
        &self,
        key: &MediaKey,
        options: GetOptions,
    ) -> Result<(ObjectMeta, ByteStream), MediaError> {
        let failed = |source| MediaError::backend("read", key.as_str(), source);
        let object = self
            .store
            .get_opts(&self.path(key.as_str()), options)
            .await
            .map_err(failed)?;
        let name = key.as_str().to_owned();
        let meta = object.meta.clone();
        let bytes = match object.payload {
            GetResultPayload::File(file, _) => {
                let failed = |source| MediaError::io("read", key.as_str(), source);
                let mut file = tokio::fs::File::from_std(file);
                file.seek(SeekFrom::Start(object.range.start))
                    .await
                    .map_err(failed)?;
                let file = file.take(object.range.end - object.range.start);
                ReaderStream::with_capacity(file, LOCAL_PIECE_BYTES)
                    .map_err(move |source| MediaError::io("read", &name, source))
                    .boxed()
            }
            payload @ GetResultPayload::Stream(_) => object_store::GetResult { payload, ..object }
                .into_stream()
                .map_err(move |source| MediaError::backend("read", &name, source))
                .boxed(),
        };
        Ok((meta, bytes))
    }

    /// A whole object as a stream.
    pub async fn get_stream(&self, key: &MediaKey) -> Result<ByteStream, MediaError> {
        if self.keys.is_some() {
            return self.open_range(key, 0..u64::MAX).await;
        }
        let size_bytes = self.size(key).await?.ok_or_else(|| MediaError::NotFound {
            key: key.as_str().to_owned(),
        })?;
        self.get_range(key, 0..size_bytes).await
    }
}
