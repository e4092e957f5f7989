//! Stored media: who has it, and what was found in it.

use gametape_core::{
    TimeMs,
    call::Recording,
    id::{RecordingId, UploadId},
    job::JobKind,
    redact::{RedactedObject, RedactionState},
};
use sqlx::any::AnyRow;

use crate::{DeletePayload, Result, Store, Tx, job, row::Fields};

macro_rules! recording_columns {
    () => {
        "id, owner_id, sha256, size_bytes, filename, content_type, parts_upload_id, duration_ms, channels, \
         redaction_version, redacted_version, redacted_size_bytes, redacted_sha256, redaction_looked_at, created_at, CAST(CASE WHEN analysis IS NULL THEN 0 ELSE 1 END AS BIGINT) AS analyzed"
    };
}
pub(crate) use recording_columns;

/// A recording with what the database knows beside the entity.
pub(crate) struct RecordingRow {
    pub(crate) recording: Recording,
    pub(crate) duration_ms: Option<i64>,
    pub(crate) channels: Option<i64>,
    pub(crate) analyzed: bool,
}

impl RecordingRow {
    /// The first stage that is still to be done for a call of this recording.
    pub(crate) fn first_stage(&self) -> JobKind {
        if self.recording.parts_upload_id.is_some() {
            JobKind::CallStore
        } else if self.analyzed {
            JobKind::CallTranscribe
        } else {
            JobKind::CallAnalyze
        }
    }
}

pub(crate) fn read_recording(row: &AnyRow) -> Result<RecordingRow> {
    let fields = Fields::of(row, "recordings");
    Ok(RecordingRow {
        recording: Recording {
            id: fields.parsed("id")?,
            owner_id: fields.parsed("owner_id")?,
            sha256: fields.text("sha256")?,
            size_bytes: fields.int("size_bytes")?,
            filename: fields.text("filename")?,
            content_type: fields.opt_text("content_type")?,
            parts_upload_id: fields.opt_parsed("parts_upload_id")?,
            redaction: read_redaction(fields)?,
            created_at: fields.int("created_at")?,
        },
        duration_ms: fields.opt_int("duration_ms")?,
        channels: fields.opt_int("channels")?,
        analyzed: fields.int("analyzed")? != 0,
    })
}

fn read_redaction(fields: Fields<'_>) -> Result<RedactionState> {
    let version = fields.int("redacted_version")?;
    let object = if version == 0 {
        None
    } else {
        Some(RedactedObject {
            version,
            size_bytes: fields.int("redacted_size_bytes")?,
            sha256: fields.text("redacted_sha256")?,
        })
    };
    Ok(RedactionState {
        version: fields.int("redaction_version")?,
        object,
        looked_at: fields.opt_int("redaction_looked_at")?,
    })
}

/// Reads a recording and keeps others from changing or deleting it until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &RecordingId) -> Result<Option<RecordingRow>> {
    let row = sqlx::query(concat!(
        "UPDATE recordings SET sha256 = sha256 WHERE id = $1 RETURNING ",
        recording_columns!()
    ))
    .bind(id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(read_recording).transpose()
}

/// Deletes a recording and, not before `not_before`, its objects, unless a call has it or a complete upload
/// that a call may still be made of became it.
pub(crate) async fn drop_unused(
    tx: &mut Tx,
    id: &RecordingId,
    now: TimeMs,
    not_before: TimeMs,
) -> Result<()> {
    let Some(row) = lock(tx, id).await? else {
        return Ok(());
    };
    let uses: i64 = sqlx::query_scalar(
        "SELECT (SELECT COUNT(*) FROM calls WHERE recording_id = $1) \
           + (SELECT COUNT(*) FROM uploads WHERE recording_id = $1 AND call_id IS NULL)",
    )
    .bind(id.as_str())
    .fetch_one(&mut **tx)
    .await?;
    if uses > 0 {
        return Ok(());
    }
    let mut payload = DeletePayload::recording(id);
    if let Some(upload_id) = &row.recording.parts_upload_id {
        payload.prefixes.extend(DeletePayload::upload(upload_id).prefixes);
    }
    for sql in [
        "DELETE FROM uploads WHERE recording_id = $1",
        "DELETE FROM recordings WHERE id = $1",
    ] {
        sqlx::query(sql).bind(id.as_str()).execute(&mut **tx).await?;
    }
    job::enqueue_delete(tx, &payload, now, not_before).await
}

/// Writes down that the parts of a recording are joined into one object, and has them deleted.
pub(crate) async fn parts_joined(tx: &mut Tx, id: &RecordingId, now: TimeMs) -> Result<()> {
    let upload_id = lock(tx, id).await?.and_then(|row| row.recording.parts_upload_id);
    // Another call of the same recording may have been faster.
    let Some(upload_id) = upload_id else { return Ok(()) };
    sqlx::query("UPDATE recordings SET parts_upload_id = NULL WHERE id = $1")
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM upload_parts WHERE upload_id = $1")
        .bind(upload_id.as_str())
        .execute(&mut **tx)
        .await?;
    job::enqueue_delete(tx, &DeletePayload::upload(&upload_id), now, now).await
}

impl Store {
    /// A recording.
    #[tracing::instrument(name = "db.recording.get", level = "debug", skip_all)]
    pub async fn recording_get(&self, id: &RecordingId) -> Result<Option<Recording>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            recording_columns!(),
            " FROM recordings WHERE id = $1"
        ))
        .bind(id.as_str())
        .fetch_optional(self.read())
        .await?;
        row.map(|row| Ok(read_recording(&row)?.recording)).transpose()
    }

    /// What the first look into the sound of a recording found, as JSON text; `None` before that, or when
    /// there is no such recording.
    #[tracing::instrument(name = "db.recording.analysis", level = "debug", skip_all)]
    pub async fn recording_analysis(&self, id: &RecordingId) -> Result<Option<String>> {
        let analysis: Option<Option<String>> =
            sqlx::query_scalar("SELECT analysis FROM recordings WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(self.read())
                .await?;
        Ok(analysis.flatten())
    }

    /// Ids of recordings in order, `limit` at most, behind `after`: to compare with what is stored.
    #[tracing::instrument(name = "db.recording.all_ids", level = "debug", skip_all)]
    pub async fn recordings_all_ids(
        &self,
        after: Option<&RecordingId>,
        limit: i64,
    ) -> Result<Vec<RecordingId>> {
        let rows = sqlx::query("SELECT id FROM recordings WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after.map_or("", RecordingId::as_str))
            .bind(limit.max(0))
            .fetch_all(self.read())
            .await?;
        rows.iter()
            .map(|row| Fields::of(row, "recordings").parsed("id"))
            .collect()
    }

    /// Ids of uploads in order, `limit` at most, behind `after`: to compare with what is stored.
    #[tracing::instrument(name = "db.upload.all_ids", level = "debug", skip_all)]
    pub async fn uploads_all_ids(&self, after: Option<&UploadId>, limit: i64) -> Result<Vec<UploadId>> {
        let rows = sqlx::query("SELECT id FROM uploads WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after.map_or("", UploadId::as_str))
            .bind(limit.max(0))
            .fetch_all(self.read())
            .await?;
        rows.iter()
            .map(|row| Fields::of(row, "uploads").parsed("id"))
            .collect()
    }
}
