//! What happens to a call, for people who have it open. Events are written in the transaction of what they
//! tell about, so nobody is told of something that did not happen.

use gametape_core::{
    TimeMs,
    call::{CallProblem, CallState, Progress},
    event::{Event, EventAudience, EventKind},
    id::{CallId, SegmentId},
};

use crate::{
    Result, Store, StoreError, Tx,
    row::{Fields, to_json},
};

/// An event to write: its kind, and its data as JSON text.
pub(crate) struct NewEvent {
    kind: EventKind,
    data: String,
    audience: EventAudience,
}

impl NewEvent {
    /// An event for everybody who sees the call.
    pub(crate) fn new(kind: EventKind, data: &impl serde::Serialize) -> Self {
        Self {
            kind,
            data: to_json(data),
            audience: EventAudience::Everyone,
        }
    }

    /// The event for these people only.
    pub(crate) fn only_for(mut self, audience: EventAudience) -> Self {
        self.audience = audience;
        self
    }

    pub(crate) fn state(state: CallState, problem: Option<&CallProblem>) -> Self {
        let data = serde_json::json!({"state": state, "problem": problem});
        Self::new(EventKind::State, &data)
    }

    pub(crate) fn progress(progress: &Progress) -> Self {
        Self::new(EventKind::Progress, progress)
    }

    pub(crate) fn segment(segment: &gametape_core::transcript::Segment) -> Self {
        Self::new(EventKind::Segment, segment)
    }

    pub(crate) fn call() -> Self {
        Self::new(EventKind::Call, &serde_json::json!({}))
    }

    pub(crate) fn edit() -> Self {
        Self::new(EventKind::Edit, &serde_json::json!({}))
    }
}

/// What the column says: NULL, a JSON list of ids, or `scores:` and the id of whose they are.
fn audience_column(audience: &EventAudience) -> Option<String> {
    match audience {
        EventAudience::Everyone => None,
        EventAudience::People(user_ids) => Some(to_json(user_ids)),
        EventAudience::Scores { reviewer_id } => Some(format!("scores:{reviewer_id}")),
    }
}

fn read_audience(fields: Fields<'_>) -> Result<EventAudience> {
    let Some(text) = fields.opt_text("audience")? else {
        return Ok(EventAudience::Everyone);
    };
    match text.strip_prefix("scores:").map(str::parse) {
        Some(Ok(reviewer_id)) => Ok(EventAudience::Scores { reviewer_id }),
        // What can't be understood is for nobody.
        Some(Err(_)) => Ok(EventAudience::People(Vec::new())),
        None => Ok(EventAudience::People(fields.json("audience")?)),
    }
}

/// Writes events of a call, numbered on from its last one. Locks the call's row until the transaction ends.
pub(crate) async fn write(tx: &mut Tx, call_id: &CallId, now: TimeMs, events: &[NewEvent]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let count = events.len() as i64;
    let last: Option<i64> =
        sqlx::query_scalar("UPDATE calls SET event_seq = event_seq + $2 WHERE id = $1 RETURNING event_seq")
            .bind(call_id.as_str())
            .bind(count)
            .fetch_optional(&mut **tx)
            .await?;
    let last = last.ok_or_else(|| StoreError::not_found("call", call_id))?;
    for (seq, event) in (last - count + 1..).zip(events) {
        sqlx::query(
            "INSERT INTO events (call_id, seq, kind, data, audience, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(call_id.as_str())
        .bind(seq)
        .bind(event.kind.as_str())
        .bind(&event.data)
        .bind(audience_column(&event.audience))
        .bind(now)
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Drops what was said about the way of a call that has arrived: nobody needs it any more.
pub(crate) async fn forget_progress(tx: &mut Tx, call_id: &CallId) -> Result<()> {
    sqlx::query("DELETE FROM events WHERE call_id = $1 AND kind = 'progress'")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Drops what was told of a segment whose words must not be known any more.
pub(crate) async fn forget_segment(tx: &mut Tx, call_id: &CallId, id: &SegmentId) -> Result<()> {
    sqlx::query("DELETE FROM events WHERE call_id = $1 AND kind = 'segment' AND data LIKE $2 ESCAPE '\\'")
        .bind(call_id.as_str())
        .bind(format!("%\"{}\"%", id.as_str().replace('_', "\\_")))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Store {
    /// Events of a call behind number `after_seq`, in order, `limit` at most. Numbers may be missing where
    /// progress of a finished call was dropped.
    #[tracing::instrument(name = "db.event.list", level = "debug", skip_all)]
    pub async fn events_after(&self, call_id: &CallId, after_seq: i64, limit: i64) -> Result<Vec<Event>> {
        let rows = sqlx::query(
            "SELECT seq, kind, data, audience, created_at FROM events WHERE call_id = $1 AND seq > $2 \
             ORDER BY seq LIMIT $3",
        )
        .bind(call_id.as_str())
        .bind(after_seq)
        .bind(limit.max(0))
        .fetch_all(self.read())
        .await?;
        let read = |row| {
            let fields = Fields::of(row, "events");
            Ok(Event {
                call_id: call_id.clone(),
                seq: fields.int("seq")?,
                kind: fields.parsed("kind")?,
                data: fields.json("data")?,
                audience: read_audience(fields)?,
                created_at: fields.int("created_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Number of the last event of a call; 0 when there is none, or no such call.
    #[tracing::instrument(name = "db.event.last_seq", level = "debug", skip_all)]
    pub async fn event_last_seq(&self, call_id: &CallId) -> Result<i64> {
        let seq: Option<i64> = sqlx::query_scalar("SELECT event_seq FROM calls WHERE id = $1")
            .bind(call_id.as_str())
            .fetch_optional(self.read())
            .await?;
        Ok(seq.unwrap_or(0))
    }
}
