//! Searching: what can be found is written here, in the transaction of what it is about.

mod find;

use gametape_core::{
    call::Call,
    id::{CallId, TranscriptId},
    search::SearchKind,
    transcript::SpeakerRole,
    words::cut,
};
use sqlx::AssertSqlSafe;

pub use find::SearchFilter;
pub(crate) use find::{cut_page, read_found_call};

use crate::{
    Result, StoreError, Tx,
    call::Speakers,
    row::{Fields, clean},
};

/// Words of a text that can be found. PostgreSQL's places of words end a little further on.
const MOST_WORDS: usize = 16_000;

/// Documents that are written with one statement.
const AT_ONCE: usize = 64;

/// A text that can be found.
#[derive(Debug, Clone)]
pub(crate) struct Document<'a> {
    /// `title`, `segment` or `comment`.
    pub(crate) kind: &'static str,
    /// Id of the call, the segment or the comment.
    pub(crate) source_id: &'a str,
    /// The call it belongs to.
    pub(crate) call_id: &'a CallId,
    /// Where in the recording, if it has a place there.
    pub(crate) range_ms: Option<(i64, i64)>,
    /// Who says it, for segments.
    pub(crate) speaker_role: Option<&'a str>,
    /// The text.
    pub(crate) text: &'a str,
}

impl<'a> Document<'a> {
    /// The title of a call.
    pub(crate) fn title(call: &'a Call) -> Self {
        Self {
            kind: SearchKind::Title.as_str(),
            source_id: call.id.as_str(),
            call_id: &call.id,
            range_ms: None,
            speaker_role: None,
            text: &call.title,
        }
    }
}

/// The words of a text as they are indexed.
fn indexed(text: &str) -> String {
    let words: Vec<String> = cut(text)
        .into_iter()
        .take(MOST_WORDS)
        .map(|cut| cut.word)
        .collect();
    words.join(" ")
}

/// Makes a text findable, in place of what the same source said before.
pub(crate) async fn put(tx: &mut Tx, document: &Document<'_>) -> Result<()> {
    put_all(tx, std::slice::from_ref(document)).await
}

/// Makes texts findable; no two may have the same source.
async fn put_all(tx: &mut Tx, documents: &[Document<'_>]) -> Result<()> {
    const COLUMNS: usize = 8;
    for documents in documents.chunks(AT_ONCE) {
        let rows: Vec<String> = (0..documents.len())
            .map(|row| {
                let places: Vec<String> = (1..=COLUMNS).map(|i| format!("${}", row * COLUMNS + i)).collect();
                format!("({})", places.join(", "))
            })
            .collect();
        let sql = format!(
            "INSERT INTO search_documents (kind, source_id, call_id, start_ms, end_ms, speaker_role, text, words) \
             VALUES {} ON CONFLICT (source_id) DO UPDATE SET kind = excluded.kind, call_id = excluded.call_id, \
               start_ms = excluded.start_ms, end_ms = excluded.end_ms, speaker_role = excluded.speaker_role, \
               text = excluded.text, words = excluded.words",
            rows.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for document in documents {
            query = query
                .bind(document.kind)
                .bind(document.source_id)
                .bind(document.call_id.as_str())
                .bind(document.range_ms.map(|(start_ms, _)| start_ms))
                .bind(document.range_ms.map(|(_, end_ms)| end_ms))
                .bind(document.speaker_role)
                .bind(clean(document.text).into_owned())
                .bind(indexed(document.text));
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

/// Changes a text that can be found, if it can.
pub(crate) async fn reword(tx: &mut Tx, source_id: &str, text: &str) -> Result<()> {
    sqlx::query("UPDATE search_documents SET text = $2, words = $3 WHERE source_id = $1")
        .bind(source_id)
        .bind(clean(text).as_ref())
        .bind(indexed(text))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes a text away.
pub(crate) async fn remove(tx: &mut Tx, source_id: &str) -> Result<()> {
    sqlx::query("DELETE FROM search_documents WHERE source_id = $1")
        .bind(source_id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Makes the segments of a transcript findable, in place of those of all other transcripts of the call.
pub(crate) async fn put_transcript(
    tx: &mut Tx,
    call_id: &CallId,
    transcript_id: &TranscriptId,
) -> Result<()> {
    sqlx::query("DELETE FROM search_documents WHERE call_id = $1 AND kind = 'segment'")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    let call = crate::call::find(tx, call_id).await?;
    let call = call.ok_or_else(|| StoreError::not_found("call", call_id))?;
    let speakers = Speakers::read(tx, call_id, call.channels).await?;
    let rows =
        sqlx::query("SELECT id, start_ms, end_ms, channel, text FROM segments WHERE transcript_id = $1")
            .bind(transcript_id.as_str())
            .fetch_all(&mut **tx)
            .await?;
    let mut segments = Vec::with_capacity(rows.len());
    for row in &rows {
        let fields = Fields::of(row, "segments");
        let role = speakers.on(fields.int("channel")?.max(0) as usize).role;
        let range_ms = (fields.int("start_ms")?, fields.int("end_ms")?);
        segments.push((fields.text("id")?, range_ms, role, fields.text("text")?));
    }
    let documents: Vec<_> = segments
        .iter()
        .map(|(id, range_ms, role, text)| Document {
            kind: SearchKind::Segment.as_str(),
            source_id: id,
            call_id,
            range_ms: Some(*range_ms),
            speaker_role: Some(role.as_str()),
            text,
        })
        .collect();
    put_all(tx, &documents).await
}

/// Notes that somebody else than it was thought speaks on a channel.
pub(crate) async fn set_role(tx: &mut Tx, call_id: &CallId, channel: usize, role: SpeakerRole) -> Result<()> {
    sqlx::query(
        "UPDATE search_documents SET speaker_role = $3 WHERE call_id = $1 AND kind = 'segment' \
           AND source_id IN (SELECT s.id FROM segments s JOIN calls ON calls.transcript_id = s.transcript_id \
             WHERE calls.id = $1 AND s.channel = $2)",
    )
    .bind(call_id.as_str())
    .bind(channel as i64)
    .bind(role.as_str())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
