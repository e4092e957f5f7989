//! Files on their way in: begun and continued here, ended next door.

mod end;
mod quota;

use gametape_core::{
    TimeMs,
    call::{Call, Recording},
    id::{CallId, RecordingId, UploadId, UserId},
    upload::{Upload, UploadPart},
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    row::{Fields, clean},
};

pub(crate) use end::{discard, forget_names};
pub use quota::{Limit, PersonUsage, Share, UploadLimits};

/// An upload to begin.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Who uploads.
    pub owner_id: UserId,
    /// Length of the whole file, if it is known.
    pub size_bytes: Option<i64>,
    /// The name the file has on the uploader's machine.
    pub filename: String,
    /// The client's metadata, as it sent it.
    pub metadata: String,
    /// State of the SHA-256 over no bytes.
    pub hash_state: Vec<u8>,
    /// After this it is thrown away unless complete.
    pub expires_at: TimeMs,
}

/// A stored piece of an upload, to be added to it.
#[derive(Debug, Clone)]
pub struct NewPart {
    /// The object that holds it.
    pub media_key: String,
    /// Its length in bytes.
    pub size_bytes: i64,
}

/// What became of a complete upload.
#[derive(Debug, Clone, PartialEq)]
pub struct UploadDone {
    /// The media: new, or the one its owner had already.
    pub recording: Recording,
    /// The call that waited for it.
    pub call: Option<Call>,
}

macro_rules! upload_columns {
    () => {
        "id, owner_id, size_bytes, offset_bytes, hash_state, filename, metadata, completed_at, expires_at, \
         created_at, call_id, recording_id"
    };
}

/// An upload with what the database knows beside the entity.
pub(crate) struct UploadRow {
    pub(crate) upload: Upload,
    pub(crate) call_id: Option<CallId>,
    pub(crate) recording_id: Option<RecordingId>,
}

fn read_upload(row: &AnyRow) -> Result<UploadRow> {
    let fields = Fields::of(row, "uploads");
    Ok(UploadRow {
        upload: Upload {
            id: fields.parsed("id")?,
            owner_id: fields.parsed("owner_id")?,
            size_bytes: fields.opt_int("size_bytes")?,
            offset_bytes: fields.int("offset_bytes")?,
            hash_state: fields.bytes("hash_state")?,
            filename: fields.text("filename")?,
            metadata: fields.text("metadata")?,
            completed_at: fields.opt_int("completed_at")?,
            expires_at: fields.int("expires_at")?,
            created_at: fields.int("created_at")?,
        },
        call_id: fields.opt_parsed("call_id")?,
        recording_id: fields.opt_parsed("recording_id")?,
    })
}

/// Reads an upload and keeps others from changing it until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &UploadId) -> Result<Option<UploadRow>> {
    let row = sqlx::query(concat!(
        "UPDATE uploads SET offset_bytes = offset_bytes WHERE id = $1 RETURNING ",
        upload_columns!()
    ))
    .bind(id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(read_upload).transpose()
}

async fn lock_existing(tx: &mut Tx, id: &UploadId) -> Result<UploadRow> {
    lock(tx, id)
        .await?
        .ok_or_else(|| StoreError::not_found("upload", id))
}

/// Gives an upload to a call, for good. Another person's upload is as good as missing.
pub(crate) async fn take(
    tx: &mut Tx,
    id: &UploadId,
    owner_id: &UserId,
    call_id: &CallId,
) -> Result<UploadRow> {
    let row = lock_existing(tx, id).await?;
    if row.upload.owner_id != *owner_id {
        return Err(StoreError::not_found("upload", id));
    }
    if row.call_id.is_some() {
        return Err(StoreError::conflict("upload", "a call was made of it already"));
    }
    sqlx::query("UPDATE uploads SET call_id = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(row)
}

impl Store {
    /// Begins an upload, if that keeps within its owner's limits.
    #[tracing::instrument(name = "db.upload.create", level = "debug", skip_all)]
    pub async fn upload_create(&self, new: NewUpload, limits: UploadLimits) -> Result<Upload> {
        let now = self.now();
        let mut tx = self.begin().await?;
        quota::check_room(&mut tx, &new.owner_id, new.size_bytes, limits).await?;
        let row = sqlx::query(concat!(
            "INSERT INTO uploads (id, owner_id, size_bytes, offset_bytes, hash_state, filename, metadata, \
             expires_at, created_at) VALUES ($1, $2, $3, 0, $4, $5, $6, $7, $8) RETURNING ",
            upload_columns!()
        ))
        .bind(UploadId::new(now).as_str())
        .bind(new.owner_id.as_str())
        .bind(new.size_bytes)
        .bind(new.hash_state)
        .bind(clean(&new.filename).as_ref())
        .bind(clean(&new.metadata).as_ref())
        .bind(new.expires_at)
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        let upload = read_upload(&row)?.upload;
        tx.commit().await?;
        Ok(upload)
    }

    /// An upload.
    #[tracing::instrument(name = "db.upload.get", level = "debug", skip_all)]
    pub async fn upload_get(&self, id: &UploadId) -> Result<Option<Upload>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            upload_columns!(),
            " FROM uploads WHERE id = $1"
        ))
        .bind(id.as_str())
        .fetch_optional(self.read())
        .await?;
        row.map(|row| Ok(read_upload(&row)?.upload)).transpose()
    }

    /// Adds a stored part at `expected_offset`, with the state of the hash behind it, and moves the expiry.
    /// A conflict when the upload is not at that offset (any more), is complete, or would get longer than
    /// was said; then the object of the part is the caller's to delete.
    #[tracing::instrument(name = "db.upload.append", level = "debug", skip_all)]
    pub async fn upload_append(
        &self,
        id: &UploadId,
        expected_offset: i64,
        part: NewPart,
        hash_state: &[u8],
        expires_at: TimeMs,
    ) -> Result<Upload> {
        let mut tx = self.begin().await?;
        let UploadRow { upload, .. } = lock_existing(&mut tx, id).await?;
        let end = expected_offset.checked_add(part.size_bytes);
        let refusal = if upload.completed_at.is_some() {
            Some("it is complete already".to_owned())
        } else if upload.offset_bytes != expected_offset {
            Some(format!(
                "it stands at byte {}, not {expected_offset}",
                upload.offset_bytes
            ))
        } else if part.size_bytes <= 0 {
            Some("a part needs at least one byte".to_owned())
        } else if end.is_none() || upload.size_bytes.is_some_and(|size| end > Some(size)) {
            Some("more bytes came than were announced".to_owned())
        } else {
            None
        };
        if let Some(detail) = refusal {
            return Err(StoreError::conflict("upload", detail));
        }
        sqlx::query(
            "INSERT INTO upload_parts (upload_id, offset_bytes, size_bytes, media_key) VALUES ($1, $2, $3, $4)",
        )
        .bind(id.as_str())
        .bind(expected_offset)
        .bind(part.size_bytes)
        .bind(&part.media_key)
        .execute(&mut *tx)
        .await?;
        let row = sqlx::query(concat!(
            "UPDATE uploads SET offset_bytes = $2, hash_state = $3, expires_at = $4 WHERE id = $1 RETURNING ",
            upload_columns!()
        ))
        .bind(id.as_str())
        .bind(end)
        .bind(hash_state)
        .bind(expires_at)
        .fetch_one(&mut *tx)
        .await?;
        let upload = read_upload(&row)?.upload;
        tx.commit().await?;
        Ok(upload)
    }

    /// The parts of an upload, in the order of their bytes; none once they are joined.
    #[tracing::instrument(name = "db.upload.parts", level = "debug", skip_all)]
    pub async fn upload_parts(&self, id: &UploadId) -> Result<Vec<UploadPart>> {
        let rows = sqlx::query(
            "SELECT offset_bytes, size_bytes, media_key FROM upload_parts WHERE upload_id = $1 \
             ORDER BY offset_bytes",
        )
        .bind(id.as_str())
        .fetch_all(self.read())
        .await?;
        let read = |row| {
            let fields = Fields::of(row, "upload_parts");
            Ok(UploadPart {
                offset_bytes: fields.int("offset_bytes")?,
                size_bytes: fields.int("size_bytes")?,
                media_key: fields.text("media_key")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Says how long the whole file is, once. A conflict when something else was said before, or when more
    /// bytes are here already.
    #[tracing::instrument(name = "db.upload.set_size", level = "debug", skip_all)]
    pub async fn upload_set_size(&self, id: &UploadId, size_bytes: i64) -> Result<Upload> {
        let mut tx = self.begin().await?;
        let mut upload = lock_existing(&mut tx, id).await?.upload;
        if upload.size_bytes.is_some_and(|known| known != size_bytes) {
            return Err(StoreError::conflict(
                "upload",
                "its length is known already, and is another",
            ));
        }
        if size_bytes < upload.offset_bytes {
            return Err(StoreError::conflict(
                "upload",
                "more bytes than that are here already",
            ));
        }
        sqlx::query("UPDATE uploads SET size_bytes = $2 WHERE id = $1")
            .bind(id.as_str())
            .bind(size_bytes)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        upload.size_bytes = Some(size_bytes);
        Ok(upload)
    }
}
