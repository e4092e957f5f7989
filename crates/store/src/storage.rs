//! How much room all of it takes.

use crate::{Result, Store, row::Fields};

/// Figures of what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageFigures {
    /// Calls that there are.
    pub calls: i64,
    /// Bytes of recordings, and of those with silence in them.
    pub recordings_bytes: i64,
    /// Bytes that arrived of uploads which are under way.
    pub uploads_bytes: i64,
    /// Bytes of the database itself, where it says so.
    pub database_bytes: Option<i64>,
}

/// How far recordings were looked through for numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedactionFigures {
    /// Recordings in which there are any.
    pub with_numbers: i64,
    /// Those of them that nobody can listen to: nothing with silence in it has been made yet.
    pub not_silent_yet: i64,
    /// Recordings of calls that are ready and that were never looked through.
    pub not_looked_through: i64,
}

impl Store {
    /// Counts recordings by what was done about numbers in them.
    #[tracing::instrument(name = "db.storage.redaction_figures", level = "debug", skip_all)]
    pub async fn redaction_figures(&self) -> Result<RedactionFigures> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM recordings WHERE redaction_version > 0) AS with_numbers, \
               (SELECT COUNT(*) FROM recordings WHERE redaction_version > 0 AND redacted_version = 0) AS not_silent_yet, \
               (SELECT COUNT(*) FROM recordings WHERE redaction_looked_at IS NULL AND EXISTS \
                  (SELECT 1 FROM calls WHERE calls.recording_id = recordings.id AND calls.state = 'ready')) \
                 AS not_looked_through",
        )
        .fetch_one(self.read())
        .await?;
        let fields = Fields::of(&row, "recordings");
        Ok(RedactionFigures {
            with_numbers: fields.int("with_numbers")?,
            not_silent_yet: fields.int("not_silent_yet")?,
            not_looked_through: fields.int("not_looked_through")?,
        })
    }

    /// Counts what is stored, from what the database knows of it.
    #[tracing::instrument(name = "db.storage.figures", level = "debug", skip_all)]
    pub async fn storage_figures(&self) -> Result<StorageFigures> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM calls) AS calls, \
               (SELECT CAST(COALESCE(SUM(size_bytes + COALESCE(redacted_size_bytes, 0)), 0) AS BIGINT) FROM recordings) AS recordings_bytes, \
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
