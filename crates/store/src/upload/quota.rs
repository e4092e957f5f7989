//! How much of the room a person and a team take, and when that is enough.
//!
//! Recordings count once each; of an upload under way its whole length counts, as far as that is known. What the
//! program makes of a recording, as a copy with silence in it, is nothing that people answer for: it counts where
//! somebody looks for what fills the store, not where a limit is.

use gametape_core::id::{TeamId, UserId};

use crate::{Result, Store, StoreError, Tx, row::Fields};

/// Limits of what one person may upload; 0 stands for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UploadLimits {
    /// Uploads under way at a time.
    pub open_uploads: i64,
    /// Bytes of recordings and uploads together.
    pub person_bytes: i64,
}

/// A limit that can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Uploads of a person under way at a time.
    OpenUploads,
    /// Bytes of a person.
    PersonBytes,
    /// Bytes of a team.
    TeamBytes,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::OpenUploads => "uploads of a person at a time",
            Self::PersonBytes => "bytes of a person",
            Self::TeamBytes => "bytes of a team",
        })
    }
}

/// What a person takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PersonUsage {
    /// Bytes of their recordings.
    pub recordings_bytes: i64,
    /// Bytes that their uploads under way will have; what has arrived, where they did not say.
    pub uploads_bytes: i64,
    /// Their uploads under way.
    pub open_uploads: i64,
}

impl Limit {
    /// Whether `more` fits beside what is `used`; `most` is the limit, 0 for none.
    pub fn check(self, used: i64, more: i64, most: i64) -> Result<()> {
        if most > 0 && used.saturating_add(more) > most {
            return Err(StoreError::Full {
                limit: self,
                most,
                used,
            });
        }
        Ok(())
    }
}

impl PersonUsage {
    /// Bytes of all of it.
    pub fn bytes(&self) -> i64 {
        self.recordings_bytes.saturating_add(self.uploads_bytes)
    }

    /// Whether `size_bytes` more fit into a limit, where 0 stands for none.
    pub fn check(&self, size_bytes: i64, person_bytes: i64) -> Result<()> {
        Limit::PersonBytes.check(self.bytes(), size_bytes, person_bytes)
    }
}

/// Who takes how much room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Id of the person or team.
    pub id: String,
    /// Bytes of their recordings, with copies that have silence in them.
    pub bytes: i64,
}

macro_rules! usage_of_person {
    () => {
        "SELECT \
           (SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM recordings WHERE owner_id = $1) \
             AS recordings_bytes, \
           (SELECT CAST(COALESCE(SUM(COALESCE(size_bytes, offset_bytes)), 0) AS BIGINT) FROM uploads \
             WHERE owner_id = $1 AND completed_at IS NULL) AS uploads_bytes, \
           (SELECT COUNT(*) FROM uploads WHERE owner_id = $1 AND completed_at IS NULL) AS open_uploads"
    };
}

fn read_usage(row: &sqlx::any::AnyRow) -> Result<PersonUsage> {
    let fields = Fields::of(row, "uploads");
    Ok(PersonUsage {
        recordings_bytes: fields.int("recordings_bytes")?,
        uploads_bytes: fields.int("uploads_bytes")?,
        open_uploads: fields.int("open_uploads")?,
    })
}

/// Keeps somebody's other uploads from being begun until the transaction ends, and sees whether one more of
/// `size_bytes` fits; one whose length is not known yet counts as a byte.
pub(super) async fn check_room(
    tx: &mut Tx,
    owner_id: &UserId,
    size_bytes: Option<i64>,
    limits: UploadLimits,
) -> Result<()> {
    if limits == UploadLimits::default() {
        return Ok(());
    }
    sqlx::query("UPDATE users SET name = name WHERE id = $1")
        .bind(owner_id.as_str())
        .execute(&mut **tx)
        .await?;
    let row = sqlx::query(usage_of_person!())
        .bind(owner_id.as_str())
        .fetch_one(&mut **tx)
        .await?;
    let usage = read_usage(&row)?;
    Limit::OpenUploads.check(usage.open_uploads, 1, limits.open_uploads)?;
    usage.check(size_bytes.unwrap_or(1), limits.person_bytes)
}

impl Store {
    /// How much room a person takes.
    #[tracing::instrument(name = "db.upload.usage_of_person", level = "debug", skip_all)]
    pub async fn usage_of_person(&self, user_id: &UserId) -> Result<PersonUsage> {
        let row = sqlx::query(usage_of_person!())
            .bind(user_id.as_str())
            .fetch_one(self.read())
            .await?;
        read_usage(&row)
    }

    /// How many bytes the calls of a team take, with those whose recording is under way.
    #[tracing::instrument(name = "db.upload.usage_of_team", level = "debug", skip_all)]
    pub async fn usage_of_team(&self, team_id: &TeamId) -> Result<i64> {
        let row = sqlx::query(
            "SELECT \
               (SELECT CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM recordings WHERE id IN \
                 (SELECT recording_id FROM calls WHERE team_id = $1)) AS recordings_bytes, \
               (SELECT CAST(COALESCE(SUM(COALESCE(size_bytes, offset_bytes)), 0) AS BIGINT) FROM uploads \
                 WHERE id IN (SELECT upload_id FROM calls WHERE team_id = $1)) AS uploads_bytes",
        )
        .bind(team_id.as_str())
        .fetch_one(self.read())
        .await?;
        let fields = Fields::of(&row, "recordings");
        Ok(fields.int("recordings_bytes")? + fields.int("uploads_bytes")?)
    }

    /// The people whose recordings take the most room.
    #[tracing::instrument(name = "db.upload.largest_people", level = "debug", skip_all)]
    pub async fn largest_people(&self, limit: i64) -> Result<Vec<Share>> {
        let sql = "SELECT owner_id AS id, \
               CAST(SUM(size_bytes + COALESCE(redacted_size_bytes, 0)) AS BIGINT) AS bytes FROM recordings \
             GROUP BY owner_id ORDER BY 2 DESC, 1 LIMIT $1";
        self.shares(sql, limit).await
    }

    /// The teams whose calls take the most room.
    #[tracing::instrument(name = "db.upload.largest_teams", level = "debug", skip_all)]
    pub async fn largest_teams(&self, limit: i64) -> Result<Vec<Share>> {
        let sql = "SELECT team_id AS id, CAST(SUM(size_bytes) AS BIGINT) AS bytes FROM \
               (SELECT DISTINCT calls.team_id, recordings.id, \
                  recordings.size_bytes + COALESCE(recordings.redacted_size_bytes, 0) AS size_bytes FROM calls \
                JOIN recordings ON recordings.id = calls.recording_id WHERE calls.team_id IS NOT NULL) held \
             GROUP BY team_id ORDER BY 2 DESC, 1 LIMIT $1";
        self.shares(sql, limit).await
    }

    async fn shares(&self, sql: &'static str, limit: i64) -> Result<Vec<Share>> {
        let rows = sqlx::query(sql).bind(limit).fetch_all(self.read()).await?;
        let read = |row| {
            let fields = Fields::of(row, "recordings");
            Ok(Share {
                id: fields.text("id")?,
                bytes: fields.int("bytes")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
