//! Writing a transcript, window by window.

use gametape_core::{
    TimeMs,
    call::Progress,
    id::{SegmentId, TranscriptId},
    transcript::{Segment, Word},
};

use super::{NewSegment, TranscriptRow, read_transcript, transcript_columns};
use crate::{
    Fence, Result, Store, StoreError, Tx,
    call::{self, Speakers},
    event::{self, NewEvent},
    job,
    row::{clean, to_json},
};

/// Word times and probabilities as JSON, in which there are no infinite numbers.
fn words_json(words: &[Word]) -> (Vec<Word>, String) {
    let tidy = |word: &Word| Word {
        confidence: if word.confidence.is_finite() {
            word.confidence.clamp(0.0, 1.0)
        } else {
            0.0
        },
        ..word.clone()
    };
    let words: Vec<_> = words.iter().map(tidy).collect();
    let json = to_json(&words);
    (words, json)
}

async fn insert_segments(
    tx: &mut Tx,
    transcript_id: &TranscriptId,
    window: i64,
    segments: &[NewSegment],
    speakers: &Speakers,
    now: TimeMs,
) -> Result<Vec<Segment>> {
    let mut written = Vec::with_capacity(segments.len());
    for segment in segments {
        let id = SegmentId::new(now);
        let text = clean(&segment.text).into_owned();
        let (words, json) = words_json(&segment.words);
        sqlx::query(
            "INSERT INTO segments (id, transcript_id, window_no, start_ms, end_ms, channel, text, words) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(id.as_str())
        .bind(transcript_id.as_str())
        .bind(window)
        .bind(segment.start_ms)
        .bind(segment.end_ms)
        .bind(segment.channel as i64)
        .bind(&text)
        .bind(json)
        .execute(&mut **tx)
        .await?;
        written.push(Segment {
            id: Some(id),
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            channel: segment.channel,
            speaker: speakers.on(segment.channel),
            text,
            words,
            edited: false,
        });
    }
    Ok(written)
}

/// The transcript that a window belongs to, if the holder of the fence may write it.
async fn find_writable(tx: &mut Tx, fence: &Fence, id: &TranscriptId, window: i64) -> Result<TranscriptRow> {
    let row = sqlx::query(concat!(
        "SELECT ",
        transcript_columns!(),
        " FROM transcripts WHERE id = $1"
    ))
    .bind(id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.as_ref().map(read_transcript).transpose()?;
    let row = row.ok_or_else(|| StoreError::not_found("transcript", id))?;
    if row.job_id != fence.job_id || row.info.complete {
        return Err(StoreError::conflict(
            "transcript",
            "it is complete, or another job writes it",
        ));
    }
    if !(0..row.windows_total).contains(&window) {
        let detail = format!("it has windows 0 to {}, not {window}", row.windows_total - 1);
        return Err(StoreError::conflict("transcript", detail));
    }
    Ok(row)
}

/// Notes the language that was heard in a transcript's first words.
async fn found_language(tx: &mut Tx, row: &TranscriptRow, language: &str, is_current: bool) -> Result<()> {
    let language = clean(language);
    sqlx::query("UPDATE transcripts SET language = $2 WHERE id = $1")
        .bind(row.info.id.as_str())
        .bind(language.as_ref())
        .execute(&mut **tx)
        .await?;
    if is_current {
        sqlx::query("UPDATE calls SET language = $2 WHERE id = $1")
            .bind(row.call_id.as_str())
            .bind(language.as_ref())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

impl Store {
    /// Writes the segments of a window, none if nothing was said in it, and shows how far the call is. Those
    /// who have the call open are sent the segments, unless they still read an older transcript. A conflict
    /// when the window is written already.
    #[tracing::instrument(name = "db.transcript.append", level = "debug", skip_all)]
    pub async fn transcript_append(
        &self,
        fence: &Fence,
        transcript_id: &TranscriptId,
        window: i64,
        language: Option<&str>,
        segments: &[NewSegment],
        progress: &Progress,
    ) -> Result<Vec<Segment>> {
        let now = self.now();
        let mut tx = self.begin().await?;
        job::hold(&mut tx, fence).await?;
        let row = find_writable(&mut tx, fence, transcript_id, window).await?;
        sqlx::query(
            "INSERT INTO transcript_windows (transcript_id, window_no, created_at) VALUES ($1, $2, $3)",
        )
        .bind(transcript_id.as_str())
        .bind(window)
        .bind(now)
        .execute(&mut *tx)
        .await
        .map_err(|error| StoreError::or_taken(error, "transcript", "this window is written already"))?;
        let call = call::find(&mut tx, &row.call_id).await?;
        let call = call.ok_or_else(|| StoreError::not_found("call", &row.call_id))?;
        let is_current = call.transcript_id.as_ref() == Some(transcript_id);
        if let (None, Some(language)) = (&row.info.language, language) {
            found_language(&mut tx, &row, language, is_current).await?;
        }
        let speakers = Speakers::read(&mut tx, &call.id, call.channels).await?;
        let written = insert_segments(&mut tx, transcript_id, window, segments, &speakers, now).await?;
        let progress = call::set_progress(&mut tx, &call.id, progress).await?;
        let mut news = Vec::new();
        if is_current {
            news.extend(written.iter().map(NewEvent::segment));
        }
        news.push(NewEvent::progress(&progress));
        event::write(&mut tx, &call.id, now, &news).await?;
        tx.commit().await?;
        Ok(written)
    }
}
