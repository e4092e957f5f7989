//! `call.publish`: talk statistics, and the call is ready.

use gametape_core::stats::talk_stats;
use gametape_store::JobEnd;

use super::{Attempt, StageError, missing};

pub(crate) async fn run(attempt: &Attempt) -> Result<JobEnd, StageError> {
    let (call, _) = attempt.subject().await?;
    let transcript = attempt.tools.store.transcript_read(&call.id).await?;
    let transcript = transcript.ok_or_else(|| missing("transcript"))?;
    let channels = call.channels.unwrap_or(1).max(1) as usize;
    let stats = talk_stats(&transcript.segments, transcript.duration_ms, channels);
    let stats_json = serde_json::to_string(&stats).map_err(|e| StageError::Retry(e.to_string()))?;
    Ok(JobEnd::Published { stats_json })
}
