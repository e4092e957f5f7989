//! Places of a call in a transcript that was made anew.

use std::collections::{BTreeMap, HashSet};

use gametape_core::{
    TimeMs,
    anchor::{Anchor, AnchorStatus, Words, quote_of},
    edit::{self as correction, lay_over_segments},
    id::{AnchorId, CallId, TranscriptId},
    transcript::{Segment, Word},
};

use super::{anchor_columns, read_anchor};
use crate::{Result, Tx, call::Speakers, comment, edit, moment, row::Fields, transcript};

/// The words of a transcript: all of them, and those of each channel.
struct Streams<'a> {
    segments: &'a [Segment],
    made: BTreeMap<Option<usize>, Words>,
}

impl<'a> Streams<'a> {
    fn of(segments: &'a [Segment]) -> Self {
        Self {
            segments,
            made: BTreeMap::new(),
        }
    }

    fn on(&mut self, channel: Option<usize>) -> &Words {
        let segments = self.segments;
        self.made.entry(channel).or_insert_with(|| {
            let segments = segments
                .iter()
                .filter(|segment| channel.is_none_or(|channel| segment.channel == channel));
            Words::new(
                segments
                    .flat_map(|segment| segment.words.clone())
                    .collect::<Vec<Word>>(),
            )
        })
    }
}

/// Writes down where an anchor is now.
async fn update(tx: &mut Tx, id: &AnchorId, anchor: &Anchor) -> Result<()> {
    sqlx::query(
        "UPDATE anchors SET transcript_id = $2, start_ms = $3, end_ms = $4, quote = $5, prefix = $6, \
         suffix = $7, status = $8 WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(anchor.transcript_id.as_ref().map(TranscriptId::as_str))
    .bind(anchor.start_ms)
    .bind(anchor.end_ms)
    .bind(&anchor.quote)
    .bind(&anchor.prefix)
    .bind(&anchor.suffix)
    .bind(anchor.status.as_str())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The anchors of comments and of evidence on a call.
async fn places(tx: &mut Tx, call_id: &CallId) -> Result<Vec<(AnchorId, Anchor)>> {
    let rows = sqlx::query(concat!(
        "SELECT anchors.id AS id, ",
        anchor_columns!(),
        " FROM anchors WHERE anchors.call_id = $1 \
         AND NOT EXISTS (SELECT 1 FROM edits WHERE edits.anchor_id = anchors.id) ORDER BY start_ms, id"
    ))
    .bind(call_id.as_str())
    .fetch_all(&mut **tx)
    .await?;
    let mut places = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(anchor) = read_anchor(row)? {
            places.push((Fields::of(row, "anchors").parsed("id")?, anchor));
        }
    }
    Ok(places)
}

/// Transcripts of a call that are complete: only their words were all there when they were quoted.
async fn complete_ids(tx: &mut Tx, call_id: &CallId) -> Result<HashSet<String>> {
    let ids: Vec<String> =
        sqlx::query_scalar("SELECT id FROM transcripts WHERE call_id = $1 AND completed_at IS NOT NULL")
            .bind(call_id.as_str())
            .fetch_all(&mut **tx)
            .await?;
    Ok(ids.into_iter().collect())
}

/// Ties all that has a place in a call to a transcript that has just become the one that people read. The
/// corrections come first, as comments quote what they make of the words. What was quoted while words were
/// still missing is quoted again. The caller holds the call.
pub(crate) async fn reattach(
    tx: &mut Tx,
    call_id: &CallId,
    transcript_id: &TranscriptId,
    now: TimeMs,
) -> Result<()> {
    let mut edits = edit::all(tx, call_id).await?;
    let places = places(tx, call_id).await?;
    if edits.is_empty() && places.is_empty() {
        return Ok(());
    }
    let channels: Option<i64> = sqlx::query_scalar("SELECT channels FROM calls WHERE id = $1")
        .bind(call_id.as_str())
        .fetch_one(&mut **tx)
        .await?;
    let speakers = Speakers::read(tx, call_id, channels).await?;
    let mut segments = transcript::segments_of(tx, transcript_id, &speakers).await?;
    let mut heard = Streams::of(&segments);
    for (anchor_id, edit) in &mut edits {
        // Words that are written never change within a transcript.
        if edit.anchor.transcript_id.as_ref() != Some(transcript_id) {
            edit.anchor = correction::reattach(edit, heard.on(edit.anchor.channel), transcript_id);
            update(tx, anchor_id, &edit.anchor).await?;
        }
    }
    let edits: Vec<_> = edits.into_iter().map(|(_, edit)| edit).collect();
    lay_over_segments(&mut segments, &edits);
    for segment in segments.iter().filter(|segment| segment.edited) {
        edit::make_findable(tx, call_id, segment).await?;
    }
    let complete = complete_ids(tx, call_id).await?;
    let mut read = Streams::of(&segments);
    let mut moved = HashSet::new();
    for (anchor_id, old) in places {
        let words = read.on(old.channel);
        let quoted = old.transcript_id.as_ref().filter(|id| *id != transcript_id);
        let new = if quoted.is_some_and(|id| complete.contains(id.as_str())) {
            words.reattach(&old, transcript_id)
        } else {
            quoted_anew(&old, words.words(), transcript_id)
        };
        if (new.start_ms, new.end_ms) != (old.start_ms, old.end_ms) {
            moved.insert(anchor_id.clone());
        }
        if new != old {
            update(tx, &anchor_id, &new).await?;
        }
    }
    comment::make_findable_at(tx, call_id, &moved).await?;
    moment::rebuild(tx, call_id, now).await
}

/// The anchor with what is said there now.
fn quoted_anew(old: &Anchor, words: &[Word], transcript_id: &TranscriptId) -> Anchor {
    let quote = quote_of(words, old.start_ms, old.end_ms);
    Anchor {
        quote: quote.quote,
        prefix: quote.prefix,
        suffix: quote.suffix,
        status: AnchorStatus::Exact,
        transcript_id: Some(transcript_id.clone()),
        ..old.clone()
    }
}

/// Comments and evidence near a correction quote the words as they read now. `segments` are those of the
/// transcript that people read, with their corrections.
pub(crate) async fn requote(
    tx: &mut Tx,
    call_id: &CallId,
    transcript_id: &TranscriptId,
    segments: &[Segment],
    changed: (i64, i64),
) -> Result<()> {
    let mut read = Streams::of(segments);
    let (from_ms, until_ms) = (changed.0 - super::CONTEXT_MS, changed.1 + super::CONTEXT_MS);
    for (anchor_id, old) in places(tx, call_id).await? {
        let is_near = old.start_ms < until_ms && old.end_ms > from_ms;
        let is_current = old.transcript_id.as_ref() == Some(transcript_id);
        if !is_near || !is_current || old.status == AnchorStatus::Check {
            continue;
        }
        let mut new = quoted_anew(&old, read.on(old.channel).words(), transcript_id);
        new.status = old.status;
        if new != old {
            update(tx, &anchor_id, &new).await?;
        }
    }
    Ok(())
}
