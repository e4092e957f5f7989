//! Places in calls: comments, evidence and corrections are tied to one each, made with them and deleted with
//! them.

mod reattach;

use gametape_core::{
    TimeMs,
    anchor::{Anchor, AnchorStatus, middle_ms, quote_of},
    edit::{Stretch, lay_over},
    id::{AnchorId, CallId, TranscriptId},
    transcript::Word,
};
use sqlx::any::AnyRow;

use crate::{Result, StoreError, Tx, edit, row::Fields};

pub(crate) use reattach::{reattach, requote};

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

/// Keeps others from writing what hangs on a call until the transaction ends.
pub(crate) async fn hold_call(tx: &mut Tx, call_id: &CallId) -> Result<()> {
    let held = sqlx::query("UPDATE calls SET event_seq = event_seq WHERE id = $1")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    if held.rows_affected() == 0 {
        return Err(StoreError::not_found("call", call_id));
    }
    Ok(())
}

/// What one speaker says without a break, as people read it.
pub(crate) struct Spoken {
    /// Channel, counted from 0.
    pub(crate) channel: usize,
    /// Start, in milliseconds of the recording.
    pub(crate) start_ms: i64,
    /// End, in milliseconds of the recording.
    pub(crate) end_ms: i64,
    /// The words, in order.
    pub(crate) words: Vec<Word>,
}

/// The segments of a transcript that reach between two times, in order, corrections and all.
pub(crate) async fn spoken_between(
    tx: &mut Tx,
    transcript_id: &TranscriptId,
    channel: Option<usize>,
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<Spoken>> {
    let rows = sqlx::query(
        "SELECT id, start_ms, end_ms, channel, words FROM segments \
         WHERE transcript_id = $1 AND start_ms < $3 AND end_ms > $2 AND ($4 IS NULL OR channel = $4) \
         ORDER BY start_ms, channel, id",
    )
    .bind(transcript_id.as_str())
    .bind(start_ms)
    .bind(end_ms)
    .bind(channel.map(|channel| channel as i64))
    .fetch_all(&mut **tx)
    .await?;
    let read = |row| {
        let fields = Fields::of(row, "segments");
        Ok(Spoken {
            channel: fields.int("channel")?.max(0) as usize,
            start_ms: fields.int("start_ms")?,
            end_ms: fields.int("end_ms")?,
            words: fields.json("words")?,
        })
    };
    let mut spoken: Vec<Spoken> = rows.iter().map(read).collect::<Result<_>>()?;
    let edits = edit::active_between(tx, transcript_id, start_ms, end_ms).await?;
    if !edits.is_empty() {
        let (mut text, mut edited) = (vec![String::new(); spoken.len()], vec![false; spoken.len()]);
        let parts = spoken.iter_mut().zip(&mut text).zip(&mut edited);
        let mut stretches: Vec<Stretch<'_>> = parts
            .map(|((spoken, text), edited)| Stretch {
                channel: spoken.channel,
                text,
                words: &mut spoken.words,
                edited,
            })
            .collect();
        lay_over(&mut stretches, &edits);
    }
    Ok(spoken)
}

/// Words of a transcript as people read them, corrections and all, that are said between two times, in order
/// of their middles.
pub(crate) async fn words_between(
    tx: &mut Tx,
    transcript_id: &TranscriptId,
    channel: Option<usize>,
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<Word>> {
    let spoken = spoken_between(tx, transcript_id, channel, start_ms, end_ms).await?;
    let mut words: Vec<Word> = spoken.into_iter().flat_map(|spoken| spoken.words).collect();
    words.sort_by_key(|word| (middle_ms(word), word.start_ms));
    Ok(words)
}

/// Makes an anchor of the words that people read at `place` just now.
pub(crate) async fn create(tx: &mut Tx, call_id: &CallId, place: &Place, now: TimeMs) -> Result<AnchorId> {
    let anchor = quoting(tx, call_id, place).await?;
    insert(tx, call_id, &anchor, now).await
}

/// An anchor at `place`, with the words that people read there just now.
pub(crate) async fn quoting(tx: &mut Tx, call_id: &CallId, place: &Place) -> Result<Anchor> {
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
    Ok(Anchor {
        start_ms: place.start_ms,
        end_ms: place.end_ms,
        channel: place.channel,
        quote: quote.quote,
        prefix: quote.prefix,
        suffix: quote.suffix,
        status: AnchorStatus::Exact,
        transcript_id,
    })
}

/// Writes an anchor down.
pub(crate) async fn insert(tx: &mut Tx, call_id: &CallId, anchor: &Anchor, now: TimeMs) -> Result<AnchorId> {
    let id = AnchorId::new(now);
    sqlx::query(
        "INSERT INTO anchors (id, call_id, transcript_id, start_ms, end_ms, channel, quote, prefix, suffix, \
         status, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(id.as_str())
    .bind(call_id.as_str())
    .bind(anchor.transcript_id.as_ref().map(TranscriptId::as_str))
    .bind(anchor.start_ms)
    .bind(anchor.end_ms)
    .bind(anchor.channel.map(|channel| channel as i64))
    .bind(&anchor.quote)
    .bind(&anchor.prefix)
    .bind(&anchor.suffix)
    .bind(anchor.status.as_str())
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
