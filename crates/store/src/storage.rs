//! How much room all of it takes.

use crate::{Result, Store, row::Fields};

/// Figures of what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageFigures {
    /// Calls that there are.
    pub calls: i64,
    /// Bytes of recordings.
    pub recordings_bytes: i64,
    /// Bytes that arrived of uploads which are under way.
    pub uploads_bytes: i64,
    /// Bytes of the database itself, where it says so.
    pub database_bytes: Option<i64>,
}

impl Store {
    /// Counts what is stored, from what the database knows of it.
    #[tracing::instrument(name = "db.storage.figures", level = "debug", skip_all)]
    pub async fn storage_figures(&self) -> Result<StorageFigures> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM calls) AS calls, \
               (SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM recordings) AS recordings_bytes, \
               (SELECT CAST(COALESCE(SUM(offset_bytes), 0) AS BIGINT) FROM uploads \
                  WHERE recording_id IS NULL) AS uploads_bytes",
        )
        .fetch_one(self.read())
        .await?;
        // Not everybody may ask a server how large it is.
        let size = sqlx::query(self.engine().database_size())
            .fetch_optional(self.read())
            .await;
        let database_bytes = match &size {
            Ok(Some(row)) => Fields::of(row, "database").opt_int("size_bytes")?,
            _ => None,
        };
        let fields = Fields::of(&row, "calls");
        Ok(StorageFigures {
            calls: fields.int("calls")?,
            recordings_bytes: fields.int("recordings_bytes")?,
            uploads_bytes: fields.int("uploads_bytes")?,
            database_bytes,
        })
    }
}
