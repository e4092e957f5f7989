//! Places in calls: comments, evidence and corrections are tied to one each, made with them and deleted with
//! them.

use gametape_core::{
    TimeMs,
    anchor::{Anchor, AnchorStatus, quote_of},
    id::{AnchorId, CallId, TranscriptId},
    transcript::Word,
};
use sqlx::any::AnyRow;

use crate::{Result, Tx, row::Fields};

/// Words further away from a place than this are no context of it.
const CONTEXT_MS: i64 = 30_000;

/// Where in a call somebody points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording; behind the start.
    pub end_ms: i64,
    /// The channel whose words are meant; `None` for all of them.
    pub channel: Option<usize>,
}

/// Columns of a table `anchors` that [`read_anchor`] reads; they are null where an outer join found none.
macro_rules! anchor_columns {
    () => {
        "anchors.start_ms AS anchor_start_ms, anchors.end_ms AS anchor_end_ms, \
         anchors.channel AS anchor_channel, anchors.quote AS anchor_quote, \
         anchors.prefix AS anchor_prefix, anchors.suffix AS anchor_suffix, \
         anchors.status AS anchor_status, anchors.transcript_id AS anchor_transcript_id"
    };
}
pub(crate) use anchor_columns;

/// The anchor in a row; `None` where an outer join found none.
pub(crate) fn read_anchor(row: &AnyRow) -> Result<Option<Anchor>> {
    let fields = Fields::of(row, "anchors");
    let Some(start_ms) = fields.opt_int("anchor_start_ms")? else {
        return Ok(None);
    };
    Ok(Some(Anchor {
        start_ms,
        end_ms: fields.int("anchor_end_ms")?,
        channel: fields
            .opt_int("anchor_channel")?
            .map(|channel| channel.max(0) as usize),
        quote: fields.text("anchor_quote")?,
        prefix: fields.text("anchor_prefix")?,
        suffix: fields.text("anchor_suffix")?,
        status: fields.parsed("anchor_status")?,
        transcript_id: fields.opt_parsed("anchor_transcript_id")?,
    }))
}

/// Words of a transcript that are said between two times, in order of their starts.
pub(crate) async fn words_between(
    tx: &mut Tx,
    transcript_id: &TranscriptId,
    channel: Option<usize>,
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<Word>> {
    let rows = sqlx::query(
        "SELECT id, words FROM segments WHERE transcript_id = $1 AND start_ms < $3 AND end_ms > $2 \
           AND ($4 IS NULL OR channel = $4) ORDER BY start_ms, channel, id",
    )
    .bind(transcript_id.as_str())
    .bind(start_ms)
    .bind(end_ms)
    .bind(channel.map(|channel| channel as i64))
    .fetch_all(&mut **tx)
    .await?;
    let mut words = Vec::new();
    for row in &rows {
        words.extend(Fields::of(row, "segments").json::<Vec<Word>>("words")?);
    }
    words.sort_by_key(|word| word.start_ms);
    Ok(words)
}

/// Makes an anchor of the words that people read at `place` just now.
pub(crate) async fn create(tx: &mut Tx, call_id: &CallId, place: &Place, now: TimeMs) -> Result<AnchorId> {
    let transcript_id: Option<Option<String>> =
        sqlx::query_scalar("SELECT transcript_id FROM calls WHERE id = $1")
            .bind(call_id.as_str())
            .fetch_optional(&mut **tx)
            .await?;
    let transcript_id: Option<TranscriptId> = transcript_id.flatten().and_then(|id| id.parse().ok());
    let words = match &transcript_id {
        Some(id) => {
            let (from, until) = (place.start_ms - CONTEXT_MS, place.end_ms + CONTEXT_MS);
            words_between(tx, id, place.channel, from, until).await?
        }
        None => Vec::new(),
    };
    let quote = quote_of(&words, place.start_ms, place.end_ms);
    let id = AnchorId::new(now);
    sqlx::query(
        "INSERT INTO anchors (id, call_id, transcript_id, start_ms, end_ms, channel, quote, prefix, suffix, \
         status, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(id.as_str())
    .bind(call_id.as_str())
    .bind(transcript_id.as_ref().map(TranscriptId::as_str))
    .bind(place.start_ms)
    .bind(place.end_ms)
    .bind(place.channel.map(|channel| channel as i64))
    .bind(&quote.quote)
    .bind(&quote.prefix)
    .bind(&quote.suffix)
    .bind(AnchorStatus::Exact.as_str())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Deletes an anchor that nothing is tied to any more.
pub(crate) async fn delete(tx: &mut Tx, id: &AnchorId) -> Result<()> {
    sqlx::query("DELETE FROM anchors WHERE id = $1")
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
