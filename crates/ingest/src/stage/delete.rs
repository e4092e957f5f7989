//! `media.delete`: objects that nothing refers to any more go away. Doing it twice is harmless.

use gametape_media::{MediaKey, MediaPrefix};
use gametape_store::{DeletePayload, JobEnd};

use super::{Attempt, StageError};

pub(crate) async fn run(attempt: &Attempt) -> Result<JobEnd, StageError> {
    let payload: DeletePayload =
        serde_json::from_value(attempt.job.payload.clone()).map_err(|e| StageError::Retry(e.to_string()))?;
    let media = &attempt.tools.media;
    for prefix in &payload.prefixes {
        media.delete_prefix(&MediaPrefix::from_stored(prefix)?).await?;
    }
    for key in &payload.keys {
        media.delete(&MediaKey::from_stored(key)?).await?;
    }
    Ok(JobEnd::Deleted)
}
