//! An order that search results and hits of trackers share: the newest call first, and along its recording.

use gametape_core::{TimeMs, page::Cursor};

use crate::{
    conditions::{Conditions, Value},
    row::clean,
};

/// `ORDER BY` of rows with these columns.
pub(crate) const ORDER: &str = " ORDER BY call_at DESC, call_id DESC, at_ms, item_id";

/// Where a page ended.
pub(crate) struct Place {
    /// When the call was made.
    pub(crate) call_at: TimeMs,
    /// Which call.
    pub(crate) call_id: String,
    /// Where in its recording; -1 for what has no place there.
    pub(crate) at_ms: i64,
    /// What breaks ties.
    pub(crate) item_id: String,
}

impl Place {
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor {
            key: self.call_at,
            id: format!("{} {} {}", self.call_id, self.at_ms, self.item_id),
        }
    }

    /// The place that a cursor names; one that we can't have given names a place, too.
    fn of(cursor: &Cursor) -> Self {
        let mut parts = cursor.id.splitn(3, ' ');
        let mut next = || clean(parts.next().unwrap_or_default()).into_owned();
        Self {
            call_at: cursor.key,
            call_id: next(),
            at_ms: next().parse().unwrap_or(i64::MIN),
            item_id: next(),
        }
    }
}

/// Leaves what is behind a cursor, of a table `calls` and with the place in it and the tie breaker as given: the
/// text of a condition with places for four times the call's time, twice its id, twice the place and the rest.
pub(crate) fn behind(sql: &mut Conditions, cursor: &Cursor, condition: &'static str) {
    let place = Place::of(cursor);
    let (at, call_id, at_ms) = (
        Value::Int(place.call_at),
        Value::Text(place.call_id),
        Value::Int(place.at_ms),
    );
    sql.and(
        condition,
        [
            at.clone(),
            at.clone(),
            at,
            call_id.clone(),
            call_id,
            at_ms.clone(),
            at_ms,
            Value::Text(place.item_id),
        ],
    );
}

/// The condition for [`behind`]: `$at` is the place in the recording, `$item` what breaks ties.
macro_rules! behind_condition {
    ($at:literal, $item:literal) => {
        concat!(
            "calls.created_at <= ? AND (calls.created_at < ? OR (calls.created_at = ? AND (calls.id < ? \
             OR (calls.id = ? AND (",
            $at,
            " > ? OR (",
            $at,
            " = ? AND ",
            $item,
            " > ?))))))"
        )
    };
}
pub(crate) use behind_condition;
