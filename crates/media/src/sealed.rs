//! Objects that are encrypted: writing them, reading stretches of them, and giving them another key.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{GetOptions, ObjectStore, ObjectStoreExt};

use crate::{
    BoxError, ByteStream, Keys, Media, MediaError, MediaKey,
    put::pieces,
    seal::{Cut, HEAD_BYTES, Head, ObjectKey, PIECE_BYTES, Refused, SEALED_BYTES},
};

/// How often reading begins anew when the object is given another key meanwhile.
const ATTEMPTS: u32 = 3;

/// What keeps an object from being read by strangers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sealing {
    /// Nothing: it is stored as it is.
    Plain,
    /// The key with this name.
    Key(String),
    /// A key that is not here; its id.
    Unknown(String),
}

/// What is known of an object before it is read.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) size_bytes: u64,
    pub(crate) sealed: Option<(Head, Cut)>,
    stored_bytes: u64,
    /// Of the object as it was looked at: another one in its place has another.
    e_tag: Option<String>,
}

impl Media {
    /// The same store with keys: what is written is encrypted with the first of them.
    #[must_use]
    pub fn with_keys(self, keys: Keys) -> Self {
        Self {
            keys: Some(Arc::new(keys)),
            ..self
        }
    }

    /// Looks at an object; `None` if there is none.
    pub(crate) async fn look(&self, key: &MediaKey) -> Result<Option<Look>, MediaError> {
        let path = self.path(key.as_str());
        let failed = |source| MediaError::backend("read", key.as_str(), source);
        let head = GetOptions::new().with_range(Some(0..HEAD_BYTES as u64));
        let (meta, first) = match self.store.get_opts(&path, head).await {
            Ok(found) => (found.meta.clone(), found.bytes().await.map_err(failed)?),
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            // There is no first byte of an empty object.
            Err(error) => match self.store.head(&path).await {
                Ok(meta) if meta.size == 0 => (meta, Bytes::new()),
                Err(object_store::Error::NotFound { .. }) => return Ok(None),
                _ => return Err(failed(error)),
            },
        };
        let sealed = match Head::read(&first) {
            Some(head) => Some((head, Cut::of_stored(meta.size).ok_or_else(|| damaged(key))?)),
            None => None,
        };
        Ok(Some(Look {
            size_bytes: sealed.map_or(meta.size, |(_, cut)| cut.size_bytes),
            sealed,
            stored_bytes: meta.size,
            e_tag: meta.e_tag,
        }))
    }

    pub(crate) async fn look_at(&self, key: &MediaKey) -> Result<Look, MediaError> {
        let look = self.look(key).await?;
        look.ok_or_else(|| MediaError::NotFound {
            key: key.as_str().to_owned(),
        })
    }

    /// The key that opens an object.
    pub(crate) fn object_key(&self, key: &MediaKey, head: &Head) -> Result<ObjectKey, MediaError> {
        let master = self.keys.as_ref().and_then(|keys| keys.find(head.key_id));
        let master = master.ok_or_else(|| MediaError::MissingKey {
            key: key.as_str().to_owned(),
            key_id: head.key_id.to_string(),
        })?;
        ObjectKey::of(master, head, key.as_str()).map_err(|Refused| damaged(key))
    }

    /// A stretch of an object, encrypted or not.
    pub(crate) async fn open_range(
        &self,
        key: &MediaKey,
        range: Range<u64>,
    ) -> Result<ByteStream, MediaError> {
        let mut attempt = 1;
        loop {
            let look = self.look_at(key).await?;
            match self.open_looked(key, &look, range.clone()).await {
                Err(MediaError::Changed { .. } | MediaError::Damaged { .. }) if attempt < ATTEMPTS => {
                    attempt += 1;
                }
                other => return other,
            }
        }
    }

    /// A stretch of an object that was looked at. Its first piece is opened before this returns, so that an object
    /// that has got another key meanwhile is noticed in time.
    pub(crate) async fn open_looked(
        &self,
        key: &MediaKey,
        look: &Look,
        range: Range<u64>,
    ) -> Result<ByteStream, MediaError> {
        let range = range.start..range.end.min(look.size_bytes);
        let Some((head, cut)) = look.sealed else {
            return self.stored_range(key, range, look).await;
        };
        let object_key = self.object_key(key, &head)?;
        if range.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        let (first, last) = (Cut::piece_of(range.start), Cut::piece_of(range.end - 1));
        let stored = cut.stored(first, last);
        let stored = self.stored_range(key, stored, look).await?;
        let stored = pieces(stored, SEALED_BYTES).boxed();
        let name = key.clone();
        let opened = futures::stream::try_unfold(
            (stored, first, object_key),
            move |(mut stored, number, object_key)| {
                let (name, range) = (name.clone(), range.clone());
                async move {
                    if number > last {
                        return Ok(None);
                    }
                    let piece = stored.try_next().await?.ok_or_else(|| damaged(&name))?;
                    let mut piece = Vec::from(piece);
                    object_key
                        .open(number, cut.is_last(number), &mut piece)
                        .map_err(|Refused| damaged(&name))?;
                    let start = number * PIECE_BYTES as u64;
                    let from = range.start.saturating_sub(start) as usize;
                    let to = (range.end - start).min(piece.len() as u64) as usize;
                    let wanted = Bytes::from(piece).slice(from.min(to)..to);
                    Ok(Some((wanted, (stored, number + 1, object_key))))
                }
            },
        );
        let mut opened = opened.boxed();
        let opening = opened.try_next().await?;
        Ok(futures::stream::iter(opening.map(Ok)).chain(opened).boxed())
    }

    /// Bytes as they are stored, if the object is still the one that was looked at.
    async fn stored_range(
        &self,
        key: &MediaKey,
        range: Range<u64>,
        look: &Look,
    ) -> Result<ByteStream, MediaError> {
        if range.is_empty() {
            return Ok(futures::stream::empty().boxed());
        }
        let options = GetOptions::new().with_range(Some(range));
        // Without keys objects never change.
        if self.keys.is_none() {
            return Ok(self.stream(key, options).await?.1);
        }
        let options = options.with_if_match(look.e_tag.as_deref());
        let (meta, bytes) = self.stream(key, options).await?;
        // Not every server compares what it is told to.
        if meta.e_tag == look.e_tag && meta.size == look.stored_bytes {
            Ok(bytes)
        } else {
            Err(MediaError::Changed {
                key: key.as_str().to_owned(),
            })
        }
    }

    /// Seals an object that is in memory.
    pub(crate) fn sealed(&self, key: &MediaKey, data: Bytes) -> Result<Bytes, MediaError> {
        let Some(keys) = &self.keys else {
            return Ok(data);
        };
        let refused = |Refused| unsealable(key);
        let (object_key, mut sealed) = ObjectKey::new(keys.newest(), key.as_str()).map_err(refused)?;
        let count = data.len().div_ceil(PIECE_BYTES).max(1);
        sealed.reserve(data.len() + count * (SEALED_BYTES - PIECE_BYTES));
        for number in 0..count {
            let end = ((number + 1) * PIECE_BYTES).min(data.len());
            let mut piece = data[number * PIECE_BYTES..end].to_vec();
            object_key
                .seal(number as u64, number + 1 == count, &mut piece)
                .map_err(refused)?;
            sealed.append(&mut piece);
        }
        Ok(sealed.into())
    }

    /// Seals an object as it comes, where there are keys.
    pub(crate) fn sealing<'a, E: Into<BoxError> + 'a>(
        &self,
        key: &MediaKey,
        stream: impl Stream<Item = Result<Bytes, E>> + Send + 'a,
    ) -> Result<BoxStream<'a, Result<Bytes, BoxError>>, MediaError> {
        let stream = stream.map_err(Into::into);
        let Some(keys) = &self.keys else {
            return Ok(stream.boxed());
        };
        let (object_key, head) =
            ObjectKey::new(keys.newest(), key.as_str()).map_err(|Refused| unsealable(key))?;
        let sealed = seal_stream(object_key, stream);
        Ok(futures::stream::iter([Ok(head.into())]).chain(sealed).boxed())
    }

    /// How an object is encrypted.
    pub async fn sealing_of(&self, key: &MediaKey) -> Result<Sealing, MediaError> {
        let look = self.look_at(key).await?;
        Ok(look.sealed.map_or(Sealing::Plain, |(head, _)| {
            let name = self.keys.as_ref().and_then(|keys| keys.name_of(head.key_id));
            name.map_or_else(
                || Sealing::Unknown(head.key_id.to_string()),
                |name| Sealing::Key(name.to_owned()),
            )
        }))
    }

    /// Writes an object anew with the current key, unless it has that already; `None` then. Returns its length.
    /// Whoever reads it meanwhile reads the same.
    pub async fn reseal(&self, key: &MediaKey) -> Result<Option<u64>, MediaError> {
        let Some(keys) = &self.keys else {
            return Ok(None);
        };
        let look = self.look_at(key).await?;
        if look
            .sealed
            .is_some_and(|(head, _)| head.key_id == keys.newest().id())
        {
            return Ok(None);
        }
        let stream = self.open_looked(key, &look, 0..look.size_bytes).await?;
        let size_bytes = self.put_stream(key, stream).await?;
        Ok(Some(size_bytes))
    }

    /// The bytes of an object as they are stored, encrypted where it is.
    pub async fn get_stored(&self, key: &MediaKey) -> Result<ByteStream, MediaError> {
        Ok(self.stream(key, GetOptions::new()).await?.1)
    }

    /// The first bytes of an object as it is stored: of two that are stored under one name, one is the other if these
    /// are the same, provided that they are encrypted.
    pub async fn stored_head(&self, key: &MediaKey) -> Result<Option<Bytes>, MediaError> {
        if self.look_at(key).await?.sealed.is_none() {
            return Ok(None);
        }
        let failed = |source| MediaError::backend("read", key.as_str(), source);
        let range = 0..HEAD_BYTES as u64;
        let head = self.store.get_range(&self.path(key.as_str()), range).await;
        head.map(Some).map_err(failed)
    }
}

/// Seals a stream; what is the last piece shows when nothing comes after it.
fn seal_stream<'a>(
    key: ObjectKey,
    stream: impl Stream<Item = Result<Bytes, BoxError>> + Send + 'a,
) -> impl Stream<Item = Result<Bytes, BoxError>> + Send + 'a {
    let state = (
        pieces(stream, PIECE_BYTES).boxed(),
        key,
        None::<Bytes>,
        0_u64,
        false,
    );
    futures::stream::try_unfold(state, |(mut stream, key, held, number, ended)| async move {
        if ended {
            return Ok(None);
        }
        let held = match held {
            Some(held) => held,
            None => stream.try_next().await?.unwrap_or_default(),
        };
        let next = stream.try_next().await?;
        let last = next.is_none();
        let mut piece = Vec::with_capacity(SEALED_BYTES);
        piece.extend_from_slice(&held);
        key.seal(number, last, &mut piece)
            .map_err(|Refused| "the object is too long to be encrypted")?;
        Ok(Some((Bytes::from(piece), (stream, key, next, number + 1, last))))
    })
}

fn damaged(key: &MediaKey) -> MediaError {
    MediaError::Damaged {
        key: key.as_str().to_owned(),
    }
}

fn unsealable(key: &MediaKey) -> MediaError {
    MediaError::Source {
        key: key.as_str().to_owned(),
        source: "it can't be encrypted".into(),
    }
}
