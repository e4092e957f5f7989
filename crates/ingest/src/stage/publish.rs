//! `call.publish`: silence where numbers are said, talk statistics, and the call is ready.

use gametape_core::stats::talk_stats;
use gametape_store::JobEnd;

use super::{Attempt, StageError, missing, redact};

pub(crate) async fn run(attempt: &Attempt) -> Result<JobEnd, StageError> {
    let (call, recording) = attempt.subject().await?;
    // Numbers may be older than the worker that takes them out, or have been written by another one.
    redact::look_through(attempt, &call, &recording).await?;
    let made = redact::silence(attempt, &recording).await?;
    let (store, looked) = (&attempt.tools.store, attempt.tools.redact);
    if looked || made.is_some() {
        store
            .redaction_settle(&attempt.fence, looked, made.as_ref())
            .await?;
    }
    let transcript = store.transcript_read(&call.id).await?;
    let transcript = transcript.ok_or_else(|| missing("transcript"))?;
    let channels = call.channels.unwrap_or(1).max(1) as usize;
    let stats = talk_stats(&transcript.segments, transcript.duration_ms, channels);
    let stats_json = serde_json::to_string(&stats).map_err(|e| StageError::Retry(e.to_string()))?;
    Ok(JobEnd::Published { stats_json })
}
