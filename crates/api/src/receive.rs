//! The way in for files, one for forms and for resumable uploads.
//!
//! A body is cut into parts of bounded size. Each part is put into the object store, then added to the
//! upload's row with a compare-and-set on the offset, so that of two clients that send the same bytes one
//! wins and the other deletes its object. The state of the SHA-256 is kept with the offset: it goes on after
//! a restart, and the file is never read again only to be hashed.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use gametape_core::upload::Upload;
use gametape_media::MediaKey;
use gametape_store::{NewPart, StoreError, UploadDone};
use http::{HeaderName, HeaderValue};
use sha2::{
    Digest, Sha256,
    digest::common::hazmat::{SerializableState, SerializedState},
};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use crate::{
    ApiState,
    problem::{Code, Problem, Result},
    quota,
    v1::uploads::Checksum,
};

/// How long an upload waits for others to end before it is refused.
const QUEUE_PATIENCE: Duration = Duration::from_secs(30);

/// State of the SHA-256 over no bytes, for a new upload.
pub(crate) fn initial_hash_state() -> Vec<u8> {
    Sha256::new().serialize().to_vec()
}

/// Takes the bytes of one upload.
pub(crate) struct Receiver {
    state: ApiState,
    upload: Upload,
    hasher: Sha256,
    buffer: BytesMut,
    /// Parts that are stored but not yet added to the upload, because their checksum is not known yet.
    held: Option<Vec<Held>>,
    _permit: OwnedSemaphorePermit,
}

struct Held {
    part: NewPart,
    hash_state: Vec<u8>,
}

impl Receiver {
    /// Goes on with an upload where it stands.
    pub(crate) async fn resume(state: &ApiState, upload: Upload) -> Result<Self> {
        let waiting = Arc::clone(&state.uploads).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(QUEUE_PATIENCE, waiting).await else {
            let problem = Problem::new(
                Code::Unavailable,
                "too many uploads at the same time; try again soon",
            );
            return Err(problem.header(http::header::RETRY_AFTER, HeaderValue::from_static("30")));
        };
        let hasher = restore(&upload)?;
        Ok(Self {
            state: state.clone(),
            upload,
            hasher,
            buffer: BytesMut::new(),
            held: None,
            _permit: permit,
        })
    }

    /// Holds everything back until it is released: what fails its checksum must not count.
    fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    fn offset_bytes(&self) -> u64 {
        let held = self
            .held
            .iter()
            .flatten()
            .map(|held| held.part.size_bytes)
            .sum::<i64>();
        (self.upload.offset_bytes + held).max(0) as u64 + self.buffer.len() as u64
    }

    fn limit_bytes(&self) -> u64 {
        let max_bytes = self.state.config.max_upload_bytes;
        self.upload
            .size_bytes
            .map_or(max_bytes, |size_bytes| (size_bytes.max(0) as u64).min(max_bytes))
    }

    /// Takes the next bytes; stores a part whenever one is full.
    pub(crate) async fn push(&mut self, mut bytes: Bytes) -> Result<()> {
        let limit_bytes = self.limit_bytes();
        if self.offset_bytes() + bytes.len() as u64 > limit_bytes {
            return Err(too_large(limit_bytes));
        }
        let part_bytes = self.state.config.part_bytes.max(1);
        while !bytes.is_empty() {
            let room = part_bytes - self.buffer.len();
            let piece = bytes.split_to(room.min(bytes.len()));
            self.hasher.update(&piece);
            self.buffer.extend_from_slice(&piece);
            if self.buffer.len() == part_bytes {
                self.store_part().await?;
            }
        }
        Ok(())
    }

    /// Stores what does not fill a part.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            Ok(())
        } else {
            self.store_part().await
        }
    }

    async fn store_part(&mut self) -> Result<()> {
        let offset_bytes = self.offset_bytes() - self.buffer.len() as u64;
        let key = MediaKey::upload_part(&self.upload.id, offset_bytes, rand::random());
        let data = self.buffer.split().freeze();
        if self.upload.size_bytes.is_none() {
            // Nobody said how long it would be, so it was not counted when it began.
            quota::check_person(&self.state, &self.upload.owner_id, data.len() as i64).await?;
        }
        let part = NewPart {
            media_key: key.to_string(),
            size_bytes: data.len() as i64,
        };
        let hash_state = self.hasher.serialize().to_vec();
        self.state.media.put(&key, data).await?;
        match &mut self.held {
            Some(held) => held.push(Held { part, hash_state }),
            None => self.add(Held { part, hash_state }).await?,
        }
        Ok(())
    }

    async fn add(&mut self, new: Held) -> Result<()> {
        let expires_at = self.state.now_ms() + self.state.config.upload_expiry_ms;
        let key = new.part.media_key.clone();
        let offset = self.upload.offset_bytes;
        let added = self
            .state
            .store
            .upload_append(&self.upload.id, offset, new.part, &new.hash_state, expires_at)
            .await;
        match added {
            Ok(upload) => {
                self.upload = upload;
                Ok(())
            }
            Err(error @ (StoreError::Conflict { .. } | StoreError::NotFound { .. })) => {
                self.discard(&key).await;
                Err(match error {
                    StoreError::NotFound { .. } => Problem::not_found("upload"),
                    _ => moved(),
                })
            }
            // It may have been committed all the same, so the object has to stay; if it was not, it goes
            // with the upload.
            Err(error) => Err(error.into()),
        }
    }

    /// Adds what was held back.
    async fn release(&mut self) -> Result<()> {
        let mut held = self.held.take().unwrap_or_default().into_iter();
        while let Some(next) = held.next() {
            if let Err(problem) = self.add(next).await {
                for rest in held {
                    self.discard(&rest.part.media_key).await;
                }
                return Err(problem);
            }
        }
        Ok(())
    }

    /// Throws away what was held back and what was not yet stored.
    async fn reject(&mut self) {
        self.buffer.clear();
        for held in self.held.take().unwrap_or_default() {
            self.discard(&held.part.media_key).await;
        }
    }

    async fn discard(&self, key: &str) {
        let Ok(key) = MediaKey::from_stored(key) else {
            return;
        };
        if let Err(error) = self.state.media.delete(&key).await {
            tracing::warn!(%error, %key, "an object that lost its race stays until its upload ends");
        }
    }

    /// Makes a recording of an upload whose bytes are all there.
    pub(crate) async fn complete(self) -> Result<UploadDone> {
        let sha256 = hex::encode(self.hasher.finalize());
        Ok(self.state.store.upload_complete(&self.upload.id, &sha256).await?)
    }

    /// The upload as it stands.
    pub(crate) fn upload(&self) -> &Upload {
        &self.upload
    }

    /// Whether all bytes are there.
    pub(crate) fn is_whole(&self) -> bool {
        self.upload.size_bytes == Some(self.upload.offset_bytes)
    }
}

fn restore(upload: &Upload) -> Result<Sha256> {
    let state = SerializedState::<Sha256>::try_from(upload.hash_state.as_slice()).ok();
    let hasher = state.and_then(|state| <Sha256 as SerializableState>::deserialize(&state).ok());
    hasher.ok_or_else(|| {
        tracing::error!(upload.id = %upload.id, "the upload's hash state was made by another version");
        Problem::new(
            Code::Conflict,
            "the server was updated meanwhile: upload the file again",
        )
    })
}

/// Makes a recording of an upload whose bytes are all there, without receiving more.
pub(crate) async fn complete(state: &ApiState, upload: &Upload) -> Result<UploadDone> {
    let sha256 = hex::encode(restore(upload)?.finalize());
    Ok(state.store.upload_complete(&upload.id, &sha256).await?)
}

/// Takes the whole body of a request. Without a checksum, what arrived before a client was lost is kept;
/// with one, all of it counts or nothing.
///
/// It runs as a task of its own: when the client goes away, the server drops the handler, and what had
/// already arrived must be stored all the same.
pub(crate) async fn receive_body(
    mut receiver: Receiver,
    body: Body,
    checksum: Option<Checksum>,
) -> Result<Receiver> {
    let work = async move {
        let result = take_body(&mut receiver, body, checksum).await;
        if result.is_err() {
            receiver.reject().await;
        }
        result.map(|()| receiver)
    };
    let task = tokio::spawn(work.in_current_span());
    task.await.map_err(|error| Problem::internal(&error))?
}

async fn take_body(receiver: &mut Receiver, body: Body, mut checksum: Option<Checksum>) -> Result<()> {
    if checksum.is_some() {
        receiver.hold();
    }
    let idle = Duration::from_millis(receiver.state.config.upload_idle_ms);
    let mut stream = body.into_data_stream();
    let lost = loop {
        match tokio::time::timeout(idle, stream.next()).await {
            Ok(None) => break false,
            Ok(Some(Ok(bytes))) => {
                if let Some(checksum) = &mut checksum {
                    checksum.update(&bytes);
                }
                receiver.push(bytes).await?;
            }
            Ok(Some(Err(_))) | Err(_) => break true,
        }
    };
    let gone = || Problem::new(Code::ClientGone, "go on from the offset that HEAD tells");
    let Some(checksum) = checksum else {
        receiver.flush().await?;
        return if lost { Err(gone()) } else { Ok(()) };
    };
    if lost {
        return Err(gone());
    }
    if !checksum.matches() {
        return Err(Problem::new(
            Code::ChecksumMismatch,
            "none of these bytes were kept: send them again",
        ));
    }
    receiver.flush().await?;
    receiver.release().await
}

pub(crate) fn too_large(limit_bytes: u64) -> Problem {
    let problem = Problem::new(
        Code::TooLarge,
        format!("no more than {limit_bytes} bytes are taken here"),
    );
    problem.header(
        HeaderName::from_static("tus-max-size"),
        HeaderValue::from(limit_bytes),
    )
}

fn moved() -> Problem {
    Problem::new(
        Code::OffsetMismatch,
        "somebody else sends this upload too: ask with HEAD where it stands",
    )
}
