//! `call.store`: the parts of an upload become one object.

use futures::{StreamExt, TryStreamExt, stream};
use gametape_core::call::Stage;
use gametape_media::{MediaError, MediaKey};
use gametape_store::JobEnd;
use sha2::{Digest, Sha256};

use super::{Attempt, StageError};

pub(crate) async fn run(attempt: &Attempt) -> Result<JobEnd, StageError> {
    let (_, recording) = attempt.subject().await?;
    let Some(upload_id) = &recording.parts_upload_id else {
        // Another call with the same recording has had them joined.
        return Ok(JobEnd::Stored);
    };
    let store = &attempt.tools.store;
    let media = &attempt.tools.media;
    let parts = store.upload_parts(upload_id).await?;
    let keys = parts
        .iter()
        .map(|part| MediaKey::from_stored(&part.media_key))
        .collect::<Result<Vec<_>, MediaError>>()?;

    let mut hash = Sha256::new();
    let source = media.clone();
    let pieces = stream::iter(keys)
        .then(move |key| {
            let media = source.clone();
            async move { media.get_stream(&key).await }
        })
        .try_flatten()
        .inspect_ok(|bytes| hash.update(bytes))
        .boxed();
    let key = MediaKey::recording_original(&recording.id);
    let size_bytes = media.put_stream(&key, pieces).await?;

    let sha256 = hex::encode(hash.finalize());
    if size_bytes as i64 != recording.size_bytes || sha256 != recording.sha256 {
        media.delete(&key).await?;
        return Err(StageError::Retry(format!(
            "joining {upload_id} gave {size_bytes} bytes with SHA-256 {sha256}, expected {} bytes with {}",
            recording.size_bytes, recording.sha256
        )));
    }
    attempt.progress(Stage::Store, 100.0, None).await?;
    Ok(JobEnd::Stored)
}
