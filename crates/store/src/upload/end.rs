//! The end of an upload: it becomes a recording, is stopped, or expires.

use gametape_core::{
    TimeMs,
    call::CallProblem,
    id::{CallId, RecordingId, UploadId},
    upload::Upload,
};

use super::{UploadDone, UploadRow, lock, lock_existing};
use crate::{
    DeletePayload, Result, Store, StoreError, Tx, call, job,
    recording::{self, RecordingRow, read_recording, recording_columns},
    row::clean,
};

/// Uploads that one round of a sweep looks at.
const SWEEP_BATCH: i64 = 100;

/// Throws away a locked upload: its row, its parts, and the recording it became if nobody else has that.
/// A call that waits for it fails with `problem`.
pub(crate) async fn discard(tx: &mut Tx, row: &UploadRow, now: TimeMs, problem: &CallProblem) -> Result<()> {
    let id = &row.upload.id;
    sqlx::query("DELETE FROM uploads WHERE id = $1")
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    match &row.recording_id {
        Some(recording_id) => recording::drop_unused(tx, recording_id, now, now).await?,
        None => job::enqueue_delete(tx, &DeletePayload::upload(id), now, now).await?,
    }
    if let Some(call_id) = &row.call_id {
        call::fail_waiting(tx, call_id, now, problem).await?;
    }
    Ok(())
}

/// Makes the recording of a complete upload, or finds the one with the same bytes that its owner has
/// already. Either way it stays locked until the transaction ends.
async fn make_recording(tx: &mut Tx, upload: &Upload, sha256: &str, now: TimeMs) -> Result<RecordingRow> {
    let row = sqlx::query(concat!(
        "INSERT INTO recordings (id, owner_id, sha256, size_bytes, filename, parts_upload_id, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (owner_id, sha256) DO UPDATE SET sha256 = excluded.sha256 RETURNING ",
        recording_columns!()
    ))
    .bind(RecordingId::new(now).as_str())
    .bind(upload.owner_id.as_str())
    .bind(clean(sha256).as_ref())
    .bind(upload.offset_bytes)
    .bind(&upload.filename)
    .bind(upload.id.as_str())
    .bind(now)
    .fetch_one(&mut **tx)
    .await?;
    let recording = read_recording(&row)?;
    let is_new = recording.recording.parts_upload_id.as_ref() == Some(&upload.id);
    if !is_new {
        sqlx::query("DELETE FROM upload_parts WHERE upload_id = $1")
            .bind(upload.id.as_str())
            .execute(&mut **tx)
            .await?;
        job::enqueue_delete(tx, &DeletePayload::upload(&upload.id), now, now).await?;
    }
    Ok(recording)
}

/// Forgets what the files of a call that is deleted are called.
pub(crate) async fn forget_names(tx: &mut Tx, call_id: &CallId) -> Result<()> {
    sqlx::query("UPDATE uploads SET filename = 'recording', metadata = '' WHERE call_id = $1")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// What a completed upload became, for a client that asks again.
async fn already_done(tx: &mut Tx, row: &UploadRow) -> Result<UploadDone> {
    let recording = match &row.recording_id {
        Some(id) => recording::lock(tx, id).await?,
        None => None,
    };
    let recording = recording.ok_or_else(|| StoreError::conflict("upload", "its recording was deleted"))?;
    let call = match &row.call_id {
        Some(id) => call::find(tx, id).await?,
        None => None,
    };
    Ok(UploadDone {
        recording: recording.recording,
        call,
    })
}

impl Store {
    /// Ends an upload whose bytes are all here: they become a recording, or are thrown away when their owner
    /// has the same recording already, and a call that waits for them is queued. Asked again, it answers
    /// the same. A conflict while bytes are missing.
    #[tracing::instrument(name = "db.upload.complete", level = "debug", skip_all)]
    pub async fn upload_complete(&self, id: &UploadId, sha256: &str) -> Result<UploadDone> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let row = lock_existing(&mut tx, id).await?;
        if row.upload.completed_at.is_some() {
            let done = already_done(&mut tx, &row).await?;
            tx.commit().await?;
            return Ok(done);
        }
        let (offset, size) = (row.upload.offset_bytes, row.upload.size_bytes);
        if size.is_some_and(|size| size != offset) {
            let detail = format!("only {offset} of {} bytes are here", size.unwrap_or_default());
            return Err(StoreError::conflict("upload", detail));
        }
        let recording = make_recording(&mut tx, &row.upload, sha256, now).await?;
        sqlx::query(
            "UPDATE uploads SET completed_at = $2, size_bytes = offset_bytes, recording_id = $3 WHERE id = $1",
        )
        .bind(id.as_str())
        .bind(now)
        .bind(recording.recording.id.as_str())
        .execute(&mut *tx)
        .await?;
        let call = match &row.call_id {
            Some(call_id) => call::attach_recording(&mut tx, call_id, &recording, now).await?,
            None => None,
        };
        // The call that took this upload may be gone: then nothing refers to the recording.
        if row.call_id.is_some() && call.is_none() {
            return Err(StoreError::conflict("upload", "its call was deleted"));
        }
        tx.commit().await?;
        Ok(UploadDone {
            recording: recording.recording,
            call,
        })
    }

    /// Stops an upload and throws its bytes away; a call that waits for it fails. A conflict when a call has
    /// its recording already.
    #[tracing::instrument(name = "db.upload.delete", level = "debug", skip_all)]
    pub async fn upload_delete(&self, id: &UploadId) -> Result<()> {
        let mut tx = self.begin().await?;
        let row = lock_existing(&mut tx, id).await?;
        if row.upload.completed_at.is_some() && row.call_id.is_some() {
            return Err(StoreError::conflict(
                "upload",
                "it is complete; delete its call instead",
            ));
        }
        let problem = CallProblem {
            code: "upload_terminated".to_owned(),
            detail: "The upload was stopped before the whole file had arrived. Upload the file again."
                .to_owned(),
        };
        discard(&mut tx, &row, self.now(), &problem).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Throws away uploads that have expired before they were complete, or were complete and never taken by
    /// a call; says how many. Calls that wait for them fail. Also forgets those that have served their
    /// purpose.
    #[tracing::instrument(name = "db.upload.sweep", level = "debug", skip_all)]
    pub async fn upload_sweep(&self) -> Result<usize> {
        let mut swept = 0;
        let mut after = String::new();
        loop {
            let ids: Vec<String> = sqlx::query_scalar(
                "SELECT id FROM uploads WHERE expires_at <= $1 AND id > $2 ORDER BY id LIMIT $3",
            )
            .bind(self.now())
            .bind(after.as_str())
            .bind(SWEEP_BATCH)
            .fetch_all(self.read())
            .await?;
            let Some(last) = ids.last() else { return Ok(swept) };
            after.clone_from(last);
            for id in ids {
                if let Ok(id) = id.parse() {
                    swept += usize::from(self.sweep_upload(&id).await?);
                }
            }
        }
    }

    /// Whether the upload was thrown away, rather than forgotten or kept.
    async fn sweep_upload(&self, id: &UploadId) -> Result<bool> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let Some(row) = lock(&mut tx, id).await? else {
            return Ok(false);
        };
        if row.upload.expires_at > now {
            return Ok(false);
        }
        let has_served = row.upload.completed_at.is_some() && row.call_id.is_some();
        if has_served {
            sqlx::query(
                "DELETE FROM uploads WHERE id = $1 \
                 AND NOT EXISTS (SELECT 1 FROM recordings WHERE parts_upload_id = $1)",
            )
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        } else {
            let problem = CallProblem {
                code: "upload_expired".to_owned(),
                detail: "The rest of the file did not arrive in time. Upload the file again.".to_owned(),
            };
            discard(&mut tx, &row, now, &problem).await?;
        }
        tx.commit().await?;
        Ok(!has_served)
    }
}
