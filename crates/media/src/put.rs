//! Writing objects.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use object_store::{MultipartUpload, ObjectStoreExt};

use crate::{BoxError, Media, MediaError, MediaKey, PART_BYTES, local::LocalRoot, seal::Cut};

impl Media {
    /// Stores `data` under `key`, in place of what was there. It appears whole or not at all.
    pub async fn put(&self, key: &MediaKey, data: Bytes) -> Result<(), MediaError> {
        let data = self.sealed(key, data)?;
        self.put_stored(key, data).await
    }

    /// Stores bytes as they are.
    async fn put_stored(&self, key: &MediaKey, data: Bytes) -> Result<(), MediaError> {
        let path = self.path(key.as_str());
        self.store
            .put(&path, data.into())
            .await
            .map_err(|source| MediaError::backend("store", key.as_str(), source))?;
        Ok(())
    }

    /// Stores all bytes of a stream and returns their number. Holds at most two pieces of
    /// [`PART_BYTES`] in memory. When the stream or the store fails, nothing is left behind.
    pub async fn put_stream<E: Into<BoxError>>(
        &self,
        key: &MediaKey,
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<u64, MediaError> {
        let stored_bytes = self.put_stored_stream(key, self.sealing(key, stream)?).await?;
        if self.keys.is_none() {
            return Ok(stored_bytes);
        }
        let cut = Cut::of_stored(stored_bytes);
        cut.map(|cut| cut.size_bytes).ok_or_else(|| MediaError::Damaged {
            key: key.as_str().to_owned(),
        })
    }

    /// Like [`put_stream`](Self::put_stream), with bytes that [`get_stored`](Self::get_stored) gave: what was encrypted
    /// stays as it is. It can be read under the name that it had only.
    pub async fn put_stored_stream<E: Into<BoxError>>(
        &self,
        key: &MediaKey,
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<u64, MediaError> {
        let mut pieces = pin!(pieces(stream, PART_BYTES));
        let broken = |source: E| MediaError::Source {
            key: key.as_str().to_owned(),
            source: source.into(),
        };
        let first = pieces
            .next()
            .await
            .transpose()
            .map_err(broken)?
            .unwrap_or_default();
        let Some(second) = pieces.next().await.transpose().map_err(broken)? else {
            let size_bytes = first.len() as u64;
            self.put_stored(key, first).await?;
            self.clear_stale(key).await;
            return Ok(size_bytes);
        };

        let failed = |source| MediaError::backend("store", key.as_str(), source);
        let path = self.path(key.as_str());
        let mut upload = Abortable {
            upload: Some(self.store.put_multipart(&path).await.map_err(failed)?),
            folder: self.local.as_ref().map(|local| (local.clone(), key.clone())),
        };
        let mut rest = futures::stream::iter([Ok(first), Ok(second)]).chain(pieces);
        let mut size_bytes = 0;
        while let Some(piece) = rest.next().await {
            let piece = piece.map_err(broken)?;
            size_bytes += piece.len() as u64;
            upload.get()?.put_part(piece.into()).await.map_err(failed)?;
        }
        upload.get()?.complete().await.map_err(failed)?;
        upload.done();
        self.clear_stale(key).await;
        Ok(size_bytes)
    }

    async fn clear_stale(&self, key: &MediaKey) {
        if let Some(local) = &self.local {
            local.remove_stale(key.as_str()).await;
        }
    }
}

/// Cuts a stream into pieces of exactly `size` bytes, but for the last one.
pub(crate) fn pieces<E>(
    stream: impl Stream<Item = Result<Bytes, E>>,
    size: usize,
) -> impl Stream<Item = Result<Bytes, E>> {
    let state = (Box::pin(stream), BytesMut::new(), false);
    futures::stream::try_unfold(state, move |(mut stream, mut buffer, mut ended)| async move {
        while !ended && buffer.len() < size {
            match stream.next().await {
                Some(chunk) => buffer.extend_from_slice(&chunk?),
                None => ended = true,
            }
        }
        let piece = buffer.split_to(size.min(buffer.len())).freeze();
        Ok((!piece.is_empty()).then_some((piece, (stream, buffer, ended))))
    })
}

/// A multipart upload that is thrown away at the server unless it is finished, also when the future that
/// makes it is dropped: S3 would keep its parts for ever, and charge for them.
struct Abortable {
    upload: Option<Box<dyn MultipartUpload>>,
    folder: Option<(LocalRoot, MediaKey)>,
}

impl Abortable {
    fn get(&mut self) -> Result<&mut Box<dyn MultipartUpload>, MediaError> {
        self.upload.as_mut().ok_or_else(|| MediaError::Damaged {
            key: "an upload that is already finished".to_owned(),
        })
    }

    fn done(&mut self) {
        self.upload = None;
    }
}

impl Drop for Abortable {
    fn drop(&mut self) {
        let (Some(mut upload), Ok(runtime)) = (self.upload.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        let folder = self.folder.take();
        runtime.spawn(async move {
            if let Err(error) = upload.abort().await {
                tracing::warn!(%error, "cannot abort an unfinished upload to the object store");
            }
            if let Some((local, key)) = folder {
                local.remove_empty_folders(key.as_str()).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt;

    use super::*;

    async fn cut(chunks: &[usize], size: usize) -> Vec<usize> {
        let chunks: Vec<_> = chunks
            .iter()
            .map(|n| Ok::<_, String>(Bytes::from(vec![7; *n])))
            .collect();
        let all: Vec<Bytes> = pieces(futures::stream::iter(chunks), size)
            .try_collect()
            .await
            .unwrap();
        all.iter().map(Bytes::len).collect()
    }

    #[tokio::test]
    async fn a_stream_is_cut_into_equal_pieces() {
        assert_eq!(cut(&[], 4).await, Vec::<usize>::new());
        assert_eq!(cut(&[1, 0, 1, 1], 4).await, [3]);
        assert_eq!(cut(&[3, 3, 3], 4).await, [4, 4, 1]);
        assert_eq!(cut(&[8], 4).await, [4, 4]);
    }
}
