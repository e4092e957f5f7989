//! Trackers: lists of phrases, where they were found, and the calls that are still to be looked through.

mod scan;

use gametape_core::{
    id::{CallId, TrackerId, UserId},
    page::{MAX_LIMIT, Page, PageRequest},
    policy::VisibleCalls,
    tracker::{ShownHit, Tracker, TrackerHit, defaults},
    transcript::SpeakerRole,
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    by_call::{self, behind_condition},
    conditions::Conditions,
    row::{Fields, clean, to_json},
    search::{cut_page, read_found_call},
};

pub(crate) use scan::{look_again, look_through};

use scan::look_everywhere;

/// A tracker to make.
#[derive(Debug, Clone)]
pub struct NewTracker {
    /// As shown.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What to look for.
    pub phrases: Vec<String>,
    /// Whose words count; `None` for everybody's.
    pub speaker_role: Option<SpeakerRole>,
}

/// What to change about a tracker.
#[derive(Debug, Clone, Default)]
pub struct TrackerPatch {
    /// Another title.
    pub title: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other phrases.
    pub phrases: Option<Vec<String>>,
    /// Other people's words.
    pub speaker_role: Option<Option<SpeakerRole>>,
    /// Whether it looks for anything.
    pub enabled: Option<bool>,
}

macro_rules! tracker_columns {
    () => {
        "id, title, description, phrases, speaker_role, version, disabled_at, created_at"
    };
}
use tracker_columns;

fn read_tracker(row: &AnyRow) -> Result<Tracker> {
    let fields = Fields::of(row, "trackers");
    Ok(Tracker {
        id: fields.parsed("id")?,
        title: fields.text("title")?,
        description: fields.text("description")?,
        phrases: fields.json("phrases")?,
        speaker_role: fields.opt_parsed("speaker_role")?,
        version: fields.int("version")?,
        disabled_at: fields.opt_int("disabled_at")?,
        created_at: fields.int("created_at")?,
    })
}

fn read_hit(row: &AnyRow) -> Result<TrackerHit> {
    let fields = Fields::of(row, "tracker_hits");
    Ok(TrackerHit {
        tracker_id: fields.parsed("tracker_id")?,
        call_id: fields.parsed("call_id")?,
        segment_id: fields.parsed("segment_id")?,
        start_ms: fields.int("start_ms")?,
        end_ms: fields.int("end_ms")?,
        phrase: fields.text("phrase")?,
    })
}

fn phrases_json(phrases: &[String]) -> String {
    let phrases: Vec<_> = phrases.iter().map(|phrase| clean(phrase)).collect();
    to_json(&phrases)
}

async fn forget_hits(tx: &mut Tx, id: &TrackerId) -> Result<()> {
    for statement in [
        "DELETE FROM tracker_todo WHERE tracker_id = $1",
        "DELETE FROM tracker_hits WHERE tracker_id = $1",
    ] {
        sqlx::query(statement)
            .bind(id.as_str())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

impl Store {
    /// Makes the trackers that every installation begins with, those of them that never were there.
    pub(crate) async fn tracker_ensure_defaults(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        for tracker in defaults() {
            let made = sqlx::query(
                "INSERT INTO trackers (id, title, description, phrases, speaker_role, version, created_at) \
                 VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT (id) DO NOTHING",
            )
            .bind(tracker.id)
            .bind(tracker.title)
            .bind(tracker.description)
            .bind(phrases_json(&tracker.phrases()))
            .bind(tracker.speaker_role.map(SpeakerRole::as_str))
            .bind(self.now())
            .execute(&mut *tx)
            .await?;
            if made.rows_affected() > 0 {
                look_everywhere(&mut tx, tracker.id).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Makes a tracker. Calls that are here already are looked through in the background.
    #[tracing::instrument(name = "db.tracker.create", level = "debug", skip_all)]
    pub async fn tracker_create(&self, by: &UserId, new: NewTracker) -> Result<Tracker> {
        let now = self.now();
        let id = TrackerId::new(now);
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "INSERT INTO trackers (id, title, description, phrases, speaker_role, version, created_by, created_at) \
             VALUES ($1, $2, $3, $4, $5, 1, $6, $7) RETURNING ",
            tracker_columns!()
        ))
        .bind(id.as_str())
        .bind(clean(&new.title).as_ref())
        .bind(clean(&new.description).as_ref())
        .bind(phrases_json(&new.phrases))
        .bind(new.speaker_role.map(SpeakerRole::as_str))
        .bind(by.as_str())
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        look_everywhere(&mut tx, id.as_str()).await?;
        tx.commit().await?;
        read_tracker(&row)
    }

    /// All trackers, the oldest first.
    #[tracing::instrument(name = "db.tracker.list", level = "debug", skip_all)]
    pub async fn tracker_list(&self) -> Result<Vec<Tracker>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            tracker_columns!(),
            " FROM trackers WHERE deleted_at IS NULL ORDER BY created_at, id"
        ))
        .fetch_all(self.read())
        .await?;
        rows.iter().map(read_tracker).collect()
    }

    /// A tracker.
    #[tracing::instrument(name = "db.tracker.get", level = "debug", skip_all)]
    pub async fn tracker_get(&self, id: &TrackerId) -> Result<Option<Tracker>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            tracker_columns!(),
            " FROM trackers WHERE id = $1 AND deleted_at IS NULL"
        ))
        .bind(id.as_str())
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map(read_tracker).transpose()
    }

    /// Changes a tracker; with `if_version`, only if nobody else did since. Where it looks for something else
    /// now, all calls are looked through again in the background; a disabled one has no hits.
    #[tracing::instrument(name = "db.tracker.update", level = "debug", skip_all)]
    pub async fn tracker_update(
        &self,
        id: &TrackerId,
        patch: TrackerPatch,
        if_version: Option<i64>,
    ) -> Result<Tracker> {
        let now = self.now();
        let looks_elsewhere =
            patch.phrases.is_some() || patch.speaker_role.is_some() || patch.enabled.is_some();
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "UPDATE trackers SET title = COALESCE($2, title), description = COALESCE($3, description), \
               phrases = COALESCE($4, phrases), \
               speaker_role = CASE WHEN $5 = 1 THEN $6 ELSE speaker_role END, \
               disabled_at = CASE $7 WHEN 1 THEN NULL WHEN 0 THEN COALESCE(disabled_at, $8) \
                 ELSE disabled_at END, \
               version = version + 1 \
             WHERE id = $1 AND deleted_at IS NULL AND ($9 IS NULL OR version = $9) RETURNING ",
            tracker_columns!()
        ))
        .bind(id.as_str())
        .bind(patch.title.as_deref().map(|title| clean(title).into_owned()))
        .bind(patch.description.as_deref().map(|text| clean(text).into_owned()))
        .bind(patch.phrases.as_deref().map(phrases_json))
        .bind(i64::from(patch.speaker_role.is_some()))
        .bind(patch.speaker_role.flatten().map(SpeakerRole::as_str))
        .bind(patch.enabled.map_or(-1, i64::from))
        .bind(now)
        .bind(if_version)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            return Err(self.missing_or_stale(&mut tx, id).await?);
        };
        let tracker = read_tracker(&row)?;
        if tracker.disabled_at.is_some() {
            forget_hits(&mut tx, id).await?;
        } else if looks_elsewhere {
            look_everywhere(&mut tx, id.as_str()).await?;
        }
        tx.commit().await?;
        Ok(tracker)
    }

    async fn missing_or_stale(&self, tx: &mut Tx, id: &TrackerId) -> Result<StoreError> {
        let there: Option<i64> =
            sqlx::query_scalar("SELECT version FROM trackers WHERE id = $1 AND deleted_at IS NULL")
                .bind(id.as_str())
                .fetch_optional(&mut **tx)
                .await?;
        Ok(match there {
            Some(_) => StoreError::Stale { what: "tracker" },
            None => StoreError::not_found("tracker", id),
        })
    }

    /// Deletes a tracker and its hits; with `if_version`, only if nobody else changed it since.
    #[tracing::instrument(name = "db.tracker.delete", level = "debug", skip_all)]
    pub async fn tracker_delete(&self, id: &TrackerId, if_version: Option<i64>) -> Result<()> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query(
            "UPDATE trackers SET deleted_at = $2, version = version + 1 \
             WHERE id = $1 AND deleted_at IS NULL AND ($3 IS NULL OR version = $3)",
        )
        .bind(id.as_str())
        .bind(self.now())
        .bind(if_version)
        .execute(&mut *tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(self.missing_or_stale(&mut tx, id).await?);
        }
        forget_hits(&mut tx, id).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Hits in a call, in order of their starts.
    #[tracing::instrument(name = "db.tracker.hits_of_call", level = "debug", skip_all)]
    pub async fn tracker_hits_of_call(&self, call_id: &CallId) -> Result<Vec<TrackerHit>> {
        let rows = sqlx::query(
            "SELECT h.tracker_id, h.call_id, h.segment_id, h.start_ms, h.end_ms, h.phrase \
             FROM tracker_hits h JOIN trackers ON trackers.id = h.tracker_id \
             WHERE h.call_id = $1 AND trackers.deleted_at IS NULL AND trackers.disabled_at IS NULL \
             ORDER BY h.start_ms, h.tracker_id, h.segment_id",
        )
        .bind(call_id.as_str())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(read_hit).collect()
    }

    /// Hits of a tracker in calls that somebody may see: the newest call first, in each as they follow each
    /// other.
    #[tracing::instrument(name = "db.tracker.hits", level = "debug", skip_all)]
    pub async fn tracker_hits(
        &self,
        visible: &VisibleCalls,
        id: &TrackerId,
        page: &PageRequest,
    ) -> Result<Page<ShownHit>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let mut sql = Conditions::default();
        sql.push(
            "SELECT calls.created_at AS call_at, calls.id AS call_id, h.start_ms AS at_ms, \
               h.segment_id AS item_id, h.tracker_id AS tracker_id, h.segment_id AS segment_id, \
               h.start_ms AS start_ms, h.end_ms AS end_ms, h.phrase AS phrase, s.text AS text, \
               calls.title AS call_title, calls.owner_id AS call_owner_id, \
               calls.occurred_at AS call_occurred_at \
             FROM calls CROSS JOIN tracker_hits h CROSS JOIN segments s \
             WHERE h.tracker_id = ? AND h.call_id = calls.id AND s.id = h.segment_id",
            [id.as_str()],
        );
        sql.visible(visible);
        if let Some(cursor) = &page.after {
            by_call::behind(&mut sql, cursor, behind_condition!("h.start_ms", "h.segment_id"));
        }
        sql.text(by_call::ORDER);
        sql.push(" LIMIT ?", [i64::from(limit) + 1]);
        let mut rows = self.fetch(sql.sql, sql.values).await?;
        cut_page(&mut rows, limit, |row| {
            let fields = Fields::of(row, "tracker_hits");
            Ok(ShownHit {
                hit: read_hit(row)?,
                call: read_found_call(fields)?,
                text: fields.text("text")?,
            })
        })
    }
}
