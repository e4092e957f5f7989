//! Corrections of transcripts: written as a segment's new text, kept as the few words that differ.

use gametape_core::{
    TimeMs,
    anchor::Anchor,
    edit::{Edit, lay_over_segments, plan},
    id::{AnchorId, CallId, EditId, SegmentId, TranscriptId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    transcript::Segment,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Result, Store, StoreError, Tx,
    anchor::{self, anchor_columns, read_anchor},
    call::{self, Speakers},
    event::{self, NewEvent},
    moment,
    row::{Fields, clean},
    search::{self, Document},
    transcript,
};

/// What a segment should read.
#[derive(Debug, Clone)]
pub struct Correction {
    /// Who says so.
    pub author_id: UserId,
    /// Its new text.
    pub text: String,
    /// Its text as the author read it; `None` to write whatever it says now.
    pub was: Option<String>,
}

macro_rules! edit_columns {
    () => {
        concat!(
            "edits.id AS id, edits.call_id AS call_id, edits.anchor_id AS anchor_id, \
             edits.author_id AS author_id, edits.replacement AS replacement, \
             edits.reverted_at AS reverted_at, edits.reverted_by AS reverted_by, \
             edits.created_at AS created_at, ",
            anchor_columns!()
        )
    };
}

fn read_edit(row: &AnyRow) -> Result<(AnchorId, Edit)> {
    let fields = Fields::of(row, "edits");
    let anchor = read_anchor(row)?;
    let reverted_by: Option<UserId> = fields.opt_parsed("reverted_by")?;
    let edit = Edit {
        id: fields.parsed("id")?,
        call_id: fields.parsed("call_id")?,
        anchor: anchor
            .ok_or_else(|| StoreError::not_found("anchor", &fields.text("anchor_id").unwrap_or_default()))?,
        author_id: fields.parsed("author_id")?,
        replacement: fields.text("replacement")?,
        reverted: reverted_by.zip(fields.opt_int("reverted_at")?),
        created_at: fields.int("created_at")?,
    };
    Ok((fields.parsed("anchor_id")?, edit))
}

/// The corrections of a call that count.
pub(crate) async fn active(connection: &mut AnyConnection, call_id: &CallId) -> Result<Vec<Edit>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        edit_columns!(),
        " FROM edits JOIN anchors ON anchors.id = edits.anchor_id \
         WHERE edits.call_id = $1 AND edits.reverted_at IS NULL AND anchors.status <> 'check' \
         ORDER BY edits.created_at, edits.id"
    ))
    .bind(call_id.as_str())
    .fetch_all(&mut *connection)
    .await?;
    rows.iter().map(|row| Ok(read_edit(row)?.1)).collect()
}

/// The corrections of a transcript's call that count and touch a stretch of time.
pub(crate) async fn active_between(
    tx: &mut Tx,
    transcript_id: &TranscriptId,
    start_ms: i64,
    end_ms: i64,
) -> Result<Vec<Edit>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        edit_columns!(),
        " FROM transcripts t JOIN edits ON edits.call_id = t.call_id \
         JOIN anchors ON anchors.id = edits.anchor_id \
         WHERE t.id = $1 AND edits.reverted_at IS NULL AND anchors.status <> 'check' \
           AND anchors.start_ms < $3 AND anchors.end_ms > $2 ORDER BY edits.created_at, edits.id"
    ))
    .bind(transcript_id.as_str())
    .bind(start_ms)
    .bind(end_ms)
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(|row| Ok(read_edit(row)?.1)).collect()
}

/// All corrections of a call with their anchors, the oldest first.
pub(crate) async fn all(tx: &mut Tx, call_id: &CallId) -> Result<Vec<(AnchorId, Edit)>> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        edit_columns!(),
        " FROM edits JOIN anchors ON anchors.id = edits.anchor_id WHERE edits.call_id = $1 \
         ORDER BY edits.created_at, edits.id"
    ))
    .bind(call_id.as_str())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(read_edit).collect()
}

/// Makes a segment findable by the words that people read.
pub(crate) async fn make_findable(tx: &mut Tx, call_id: &CallId, segment: &Segment) -> Result<()> {
    let Some(id) = &segment.id else {
        return Ok(());
    };
    let document = Document {
        kind: "segment",
        source_id: id.as_str(),
        call_id,
        range_ms: Some((segment.start_ms, segment.end_ms)),
        speaker_role: Some(segment.speaker.role.as_str()),
        text: &segment.text,
    };
    search::put(tx, &document).await
}

/// What people read of a call: which transcript, and what the machine heard.
struct Current {
    transcript_id: TranscriptId,
    heard: Vec<Segment>,
}

/// The transcript that people read, with its call held.
async fn hold_current(tx: &mut Tx, call_id: &CallId) -> Result<Option<Current>> {
    anchor::hold_call(tx, call_id).await?;
    let Some(call) = call::find(tx, call_id).await? else {
        return Ok(None);
    };
    let Some(transcript_id) = call.transcript_id else {
        return Ok(None);
    };
    let speakers = Speakers::read(tx, call_id, call.channels).await?;
    let heard = transcript::segments_of(tx, &transcript_id, &speakers).await?;
    Ok(Some(Current { transcript_id, heard }))
}

/// After corrections were made or taken back at `places`: quotes, moments, search and listeners learn of it.
/// Answers with the segments as they read now.
async fn tell(
    tx: &mut Tx,
    call_id: &CallId,
    current: Current,
    places: &[Anchor],
    now: TimeMs,
) -> Result<Vec<Segment>> {
    let Current {
        transcript_id,
        heard: mut segments,
    } = current;
    lay_over_segments(&mut segments, &active(tx, call_id).await?);
    let (Some(start_ms), Some(end_ms)) = (
        places.iter().map(|place| place.start_ms).min(),
        places.iter().map(|place| place.end_ms).max(),
    ) else {
        return Ok(segments);
    };
    for segment in &segments {
        let touched = places.iter().any(|place| {
            place.channel == Some(segment.channel)
                && place.start_ms <= segment.end_ms
                && place.end_ms >= segment.start_ms
        });
        if touched {
            make_findable(tx, call_id, segment).await?;
        }
    }
    anchor::requote(tx, call_id, &transcript_id, &segments, (start_ms, end_ms)).await?;
    moment::refresh(tx, call_id, start_ms, end_ms, now).await?;
    event::write(tx, call_id, now, &[NewEvent::edit()]).await?;
    Ok(segments)
}

async fn insert(
    tx: &mut Tx,
    call_id: &CallId,
    anchor: &Anchor,
    replacement: &str,
    author_id: &UserId,
    now: TimeMs,
) -> Result<()> {
    let anchor_id = anchor::insert(tx, call_id, anchor, now).await?;
    sqlx::query(
        "INSERT INTO edits (id, call_id, anchor_id, author_id, replacement, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(EditId::new(now).as_str())
    .bind(call_id.as_str())
    .bind(anchor_id.as_str())
    .bind(author_id.as_str())
    .bind(replacement)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn take_back(tx: &mut Tx, id: &EditId, by: &UserId, now: TimeMs) -> Result<()> {
    sqlx::query("UPDATE edits SET reverted_at = $2, reverted_by = $3 WHERE id = $1 AND reverted_at IS NULL")
        .bind(id.as_str())
        .bind(now)
        .bind(by.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

impl Store {
    /// Corrects a segment of the transcript that people read: the words in which its new text differs become
    /// corrections, and earlier ones that they change are taken back. Answers with the segment as it reads
    /// now. A conflict when the machine heard no words there; stale when the segment does not read as the
    /// author saw it.
    #[tracing::instrument(name = "db.segment.correct", level = "debug", skip_all)]
    pub async fn segment_correct(
        &self,
        call_id: &CallId,
        segment_id: &SegmentId,
        correction: Correction,
    ) -> Result<Segment> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let missing = || StoreError::not_found("segment", segment_id);
        let current = hold_current(&mut tx, call_id).await?.ok_or_else(missing)?;
        let is_it = |segment: &Segment| segment.id.as_ref() == Some(segment_id);
        let index = current.heard.iter().position(is_it).ok_or_else(missing)?;
        let edits = active(&mut tx, call_id).await?;
        let mut shown = current.heard.clone();
        lay_over_segments(&mut shown, &edits);
        let same = |a: &str, b: &str| a.split_whitespace().eq(b.split_whitespace());
        let segment = shown.swap_remove(index);
        if correction.was.is_some_and(|was| !same(&was, &segment.text)) {
            return Err(StoreError::Stale { what: "segment" });
        }
        if same(&correction.text, &segment.text) {
            return Ok(segment);
        }
        let text = clean(&correction.text);
        let plan = plan(&current.heard, &edits, index, &text, &current.transcript_id)
            .map_err(|error| StoreError::conflict("segment", error.to_string()))?;
        let mut places = Vec::new();
        for edit in plan.revert.iter().filter_map(|index| edits.get(*index)) {
            take_back(&mut tx, &edit.id, &correction.author_id, now).await?;
            places.push(edit.anchor.clone());
        }
        for new in plan.make {
            insert(
                &mut tx,
                call_id,
                &new.anchor,
                &new.replacement,
                &correction.author_id,
                now,
            )
            .await?;
            places.push(new.anchor);
        }
        let mut segments = tell(&mut tx, call_id, current, &places, now).await?;
        tx.commit().await?;
        Ok(segments.swap_remove(index))
    }

    /// Corrections of a call, those that were taken back too, the oldest first.
    #[tracing::instrument(name = "db.edit.list", level = "debug", skip_all)]
    pub async fn edit_list(&self, call_id: &CallId, page: &PageRequest) -> Result<Page<Edit>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let after = page.after.clone().unwrap_or(Cursor {
            key: i64::MIN,
            id: String::new(),
        });
        let rows = sqlx::query(concat!(
            "SELECT ",
            edit_columns!(),
            " FROM edits JOIN anchors ON anchors.id = edits.anchor_id \
             WHERE edits.call_id = $1 AND edits.created_at >= $2 AND (edits.created_at > $2 OR edits.id > $3) \
             ORDER BY edits.created_at, edits.id LIMIT $4"
        ))
        .bind(call_id.as_str())
        .bind(after.key)
        .bind(clean(&after.id).as_ref())
        .bind(i64::from(limit) + 1)
        .fetch_all(self.read())
        .await?;
        let edits = rows
            .iter()
            .map(|row| Ok(read_edit(row)?.1))
            .collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(edits, limit, |edit| Cursor {
            key: edit.created_at,
            id: edit.id.to_string(),
        }))
    }

    /// Takes a correction back: its words read as the machine heard them again. Twice is no error.
    #[tracing::instrument(name = "db.edit.revert", level = "debug", skip_all)]
    pub async fn edit_revert(&self, call_id: &CallId, id: &EditId, by: &UserId) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let missing = || StoreError::not_found("edit", id);
        let current = hold_current(&mut tx, call_id).await?.ok_or_else(missing)?;
        let edits = all(&mut tx, call_id).await?;
        let edit = edits
            .into_iter()
            .map(|(_, edit)| edit)
            .find(|edit| edit.id == *id);
        let edit = edit.ok_or_else(missing)?;
        if edit.reverted.is_none() {
            take_back(&mut tx, id, by, now).await?;
            tell(&mut tx, call_id, current, &[edit.anchor], now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
