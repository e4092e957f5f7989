//! What is heard of a long recording before it has been looked into as a whole: a transcript that the analyzing job
//! begins, and that the transcribing one goes on with.

use gametape_core::{
    TimeMs,
    call::{CallState, Stage},
    id::{CallId, JobId},
};

use super::{TranscriptProgress, Wanted, Windows, find_unfinished, insert, set_current};
use crate::{
    Ahead, Fence, Result, Store, StoreError, Tx,
    call::{self, bump},
    event::{self, NewEvent},
    job,
};

impl Store {
    /// Begins a transcript of windows that are heard ahead, on so many channels as there seem to be. `None` when the
    /// call has a transcript already; one that was begun ahead and is not complete is deleted first, as its windows
    /// may have been others.
    #[tracing::instrument(name = "db.transcript.begin_ahead", level = "debug", skip_all)]
    pub async fn transcript_begin_ahead(
        &self,
        fence: &Fence,
        model: &str,
        language: Option<&str>,
        windows: Windows,
        channels: i64,
    ) -> Result<Option<TranscriptProgress>> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let job = job::hold(&mut tx, fence).await?;
        let call_id = job.call_id.as_ref();
        let call_id = call_id.ok_or_else(|| StoreError::conflict("job", "it belongs to no call"))?;
        if let Some(row) = find_unfinished(&mut tx, call_id).await? {
            if row.job_id != job.id {
                return Ok(None);
            }
            discard(&mut tx, call_id, row.info.id.as_str(), now).await?;
            call::start_stage(&mut tx, call_id, Stage::Analyze, now).await?;
        }
        let call = call::find(&mut tx, call_id).await?;
        let call = call.ok_or_else(|| StoreError::not_found("call", call_id))?;
        if call.transcript_id.is_some() {
            return Ok(None);
        }
        let wanted = Wanted {
            job_id: &job.id,
            model,
            language,
            windows,
        };
        let transcript_id = insert(&mut tx, &call, &wanted, now).await?;
        sqlx::query("UPDATE calls SET channels = $2 WHERE id = $1")
            .bind(call_id.as_str())
            .bind(channels)
            .execute(&mut *tx)
            .await?;
        set_current(&mut tx, call_id, &transcript_id, language, now).await?;
        tx.commit().await?;
        Ok(Some(TranscriptProgress {
            transcript_id,
            windows_done: Vec::new(),
            language: language.map(str::to_owned),
        }))
    }
}

/// Gives the transcript that the first of two jobs has begun to the second one, with the numbers that its windows
/// have in the whole; deletes it when it is no part of that.
pub(crate) async fn hand_over(
    tx: &mut Tx,
    call_id: &CallId,
    [from, to]: [&JobId; 2],
    ahead: Option<&Ahead>,
    now: TimeMs,
) -> Result<()> {
    let unfinished = find_unfinished(tx, call_id).await?;
    let Some(row) = unfinished.filter(|row| row.job_id == *from) else {
        return Ok(());
    };
    let id = row.info.id.as_str();
    let Some(ahead) = ahead else {
        return discard(tx, call_id, id, now).await;
    };
    // Below zero first: a new number may be another window's old one.
    for (old, new) in &ahead.numbers {
        renumber(tx, id, *old, -1 - new).await?;
    }
    for (_, new) in &ahead.numbers {
        renumber(tx, id, -1 - new, *new).await?;
    }
    sqlx::query("UPDATE transcripts SET job_id = $2, windows_total = $3, window_ms = $4 WHERE id = $1")
        .bind(id)
        .bind(to.as_str())
        .bind(ahead.windows.total)
        .bind(ahead.windows.length_ms)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn renumber(tx: &mut Tx, transcript_id: &str, old: i64, new: i64) -> Result<()> {
    for statement in [
        "UPDATE transcript_windows SET window_no = $3 WHERE transcript_id = $1 AND window_no = $2",
        "UPDATE segments SET window_no = $3 WHERE transcript_id = $1 AND window_no = $2",
    ] {
        sqlx::query(statement)
            .bind(transcript_id)
            .bind(old)
            .bind(new)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// Deletes what was heard in vain. The call waits again, which tells those who have it open to forget what they read.
async fn discard(tx: &mut Tx, call_id: &CallId, transcript_id: &str, now: TimeMs) -> Result<()> {
    sqlx::query(concat!(
        "UPDATE calls SET state = 'queued', progress = NULL, transcript_id = NULL, language = NULL, ",
        bump!("$2"),
        " WHERE id = $1"
    ))
    .bind(call_id.as_str())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    sqlx::query("DELETE FROM transcripts WHERE id = $1")
        .bind(transcript_id)
        .execute(&mut **tx)
        .await?;
    event::write(tx, call_id, now, &[NewEvent::state(CallState::Queued, None)]).await
}
