//! Looking through calls: at once when one becomes ready, and bit by bit when a tracker is new or changed.

use std::collections::BTreeMap;

use gametape_core::{
    id::{CallId, SegmentId, TrackerId},
    tracker::{Phrases, Tracker},
    transcript::Segment,
};
use sqlx::AssertSqlSafe;

use super::{read_tracker, tracker_columns};
use crate::{Result, Store, Tx, call::Speakers, row::Fields};

/// Hits that are written with one statement.
const AT_ONCE: usize = 64;

/// Trackers that look for something.
async fn enabled(tx: &mut Tx) -> Result<Vec<Tracker>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        tracker_columns!(),
        " FROM trackers WHERE disabled_at IS NULL AND deleted_at IS NULL ORDER BY id"
    ))
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(read_tracker).collect()
}

/// Puts all calls that have a transcript on a tracker's list. What is on it is written again, so that who takes
/// it off at the same time waits, and then looks for what the tracker looks for from now on.
pub(super) async fn look_everywhere(tx: &mut Tx, id: &str) -> Result<()> {
    sqlx::query(
        "INSERT INTO tracker_todo (tracker_id, call_id) SELECT $1, id FROM calls WHERE transcript_id IS NOT NULL \
         ON CONFLICT (tracker_id, call_id) DO UPDATE SET call_id = excluded.call_id",
    )
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Puts a call on the list of all trackers.
pub(crate) async fn look_again(tx: &mut Tx, call_id: &CallId) -> Result<()> {
    sqlx::query(
        "INSERT INTO tracker_todo (tracker_id, call_id) SELECT trackers.id, calls.id FROM trackers \
         CROSS JOIN calls WHERE calls.id = $1 AND calls.transcript_id IS NOT NULL \
           AND trackers.disabled_at IS NULL AND trackers.deleted_at IS NULL \
         ON CONFLICT (tracker_id, call_id) DO UPDATE SET call_id = excluded.call_id",
    )
    .bind(call_id.as_str())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Looks through a call with all trackers. The caller has locked the call's row.
pub(crate) async fn look_through(tx: &mut Tx, call_id: &CallId) -> Result<()> {
    let trackers = enabled(tx).await?;
    sqlx::query("DELETE FROM tracker_hits WHERE call_id = $1")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    let segments = segments_of(tx, call_id).await?;
    for tracker in &trackers {
        mark(tx, call_id, &segments, tracker).await?;
    }
    Ok(())
}

/// The transcript that people read; nothing as long as it grows.
async fn segments_of(tx: &mut Tx, call_id: &CallId) -> Result<Vec<Segment>> {
    let Some(call) = crate::call::find(tx, call_id).await? else {
        return Ok(Vec::new());
    };
    let speakers = Speakers::read(tx, call_id, call.channels).await?;
    let rows = sqlx::query(
        "SELECT s.id, s.start_ms, s.end_ms, s.channel, s.words FROM transcripts t CROSS JOIN segments s \
         WHERE t.id = $1 AND t.completed_at IS NOT NULL AND s.transcript_id = t.id \
         ORDER BY s.start_ms, s.channel, s.id",
    )
    .bind(call.transcript_id.as_ref().map(ToString::to_string))
    .fetch_all(&mut **tx)
    .await?;
    let read = |row| {
        let fields = Fields::of(row, "segments");
        let channel = fields.int("channel")?.max(0) as usize;
        Ok(Segment {
            id: Some(fields.parsed("id")?),
            start_ms: fields.int("start_ms")?,
            end_ms: fields.int("end_ms")?,
            channel,
            speaker: speakers.on(channel),
            text: String::new(),
            words: fields.json("words")?,
            edited: false,
        })
    };
    rows.iter().map(read).collect()
}

/// Writes where a tracker finds something.
async fn mark(tx: &mut Tx, call_id: &CallId, segments: &[Segment], tracker: &Tracker) -> Result<()> {
    const COLUMNS: usize = 6;
    let phrases = Phrases::new(&tracker.phrases);
    let mut hits = Vec::new();
    for segment in segments {
        let counts = tracker
            .speaker_role
            .is_none_or(|role| role == segment.speaker.role);
        if let (Some(id), true) = (&segment.id, counts) {
            hits.extend(phrases.find(segment).into_iter().map(|found| (id, found)));
        }
    }
    for hits in hits.chunks(AT_ONCE) {
        let rows: Vec<String> = (0..hits.len())
            .map(|row| {
                let places: Vec<String> = (1..=COLUMNS).map(|i| format!("${}", row * COLUMNS + i)).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        let sql = format!(
            "INSERT INTO tracker_hits (tracker_id, call_id, segment_id, start_ms, end_ms, phrase) VALUES {} \
             ON CONFLICT (tracker_id, segment_id, start_ms) DO NOTHING",
            rows.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (segment_id, found) in hits {
            query = query
                .bind(tracker.id.as_str())
                .bind(call_id.as_str())
                .bind(SegmentId::as_str(segment_id))
                .bind(found.start_ms)
                .bind(found.end_ms)
                .bind(found.phrase);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Looks through a call with those of the wanted trackers that are still on its list. The call is locked first,
/// as everywhere, so that nobody makes another transcript current meanwhile.
async fn scan(tx: &mut Tx, call_id: &CallId, wanted: &[TrackerId]) -> Result<()> {
    sqlx::query("UPDATE calls SET event_seq = event_seq WHERE id = $1")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    let mut taken = Vec::new();
    for id in wanted {
        let done = sqlx::query("DELETE FROM tracker_todo WHERE tracker_id = $1 AND call_id = $2")
            .bind(id.as_str())
            .bind(call_id.as_str())
            .execute(&mut **tx)
            .await?;
        if done.rows_affected() > 0 {
            taken.push(id);
        }
    }
    if taken.is_empty() {
        return Ok(());
    }
    // Read after they were taken: what they look for now.
    let trackers = enabled(tx).await?;
    let segments = segments_of(tx, call_id).await?;
    for tracker in trackers.iter().filter(|tracker| taken.contains(&&tracker.id)) {
        sqlx::query("DELETE FROM tracker_hits WHERE tracker_id = $1 AND call_id = $2")
            .bind(tracker.id.as_str())
            .bind(call_id.as_str())
            .execute(&mut **tx)
            .await?;
        mark(tx, call_id, &segments, tracker).await?;
    }
    Ok(())
}

impl Store {
    /// Looks through the next calls on the trackers' lists, `limit` pairs of tracker and call at most, and says
    /// whether more may be left. Several processes may do so at once.
    #[tracing::instrument(name = "db.tracker.scan_next", level = "debug", skip_all)]
    pub async fn tracker_scan_next(&self, limit: i64) -> Result<bool> {
        let limit = limit.max(1);
        let rows = sqlx::query(
            "SELECT tracker_id, call_id FROM tracker_todo ORDER BY call_id DESC, tracker_id DESC LIMIT $1",
        )
        .bind(limit)
        .fetch_all(self.read())
        .await?;
        let mut todo: BTreeMap<CallId, Vec<TrackerId>> = BTreeMap::new();
        for row in &rows {
            let fields = Fields::of(row, "tracker_todo");
            let trackers = todo.entry(fields.parsed("call_id")?).or_default();
            trackers.push(fields.parsed("tracker_id")?);
        }
        if todo.is_empty() {
            return Ok(false);
        }
        let mut tx = self.begin().await?;
        for (call_id, wanted) in &todo {
            scan(&mut tx, call_id, wanted).await?;
        }
        tx.commit().await?;
        Ok(rows.len() as i64 == limit)
    }
}
