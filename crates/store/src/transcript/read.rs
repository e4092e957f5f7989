//! Reading transcripts.

use gametape_core::{
    call::Call,
    edit::lay_over_segments,
    id::{CallId, TranscriptId},
    transcript::{Segment, Transcript},
};
use sqlx::{AnyConnection, any::AnyRow};

use super::{TranscriptInfo, read_transcript, transcript_columns};
use crate::{Result, Store, call::Speakers, edit, row::Fields};

fn read_segment(row: &AnyRow, speakers: &Speakers) -> Result<Segment> {
    let fields = Fields::of(row, "segments");
    let channel = fields.int("channel")?.max(0) as usize;
    Ok(Segment {
        id: Some(fields.parsed("id")?),
        start_ms: fields.int("start_ms")?,
        end_ms: fields.int("end_ms")?,
        channel,
        speaker: speakers.on(channel),
        text: fields.text("text")?,
        words: fields.json("words")?,
        edited: false,
    })
}

/// The segments of a transcript as the machine heard them, in order.
pub(crate) async fn segments_of(
    connection: &mut AnyConnection,
    transcript_id: &TranscriptId,
    speakers: &Speakers,
) -> Result<Vec<Segment>> {
    let rows = sqlx::query(
        "SELECT id, start_ms, end_ms, channel, text, words FROM segments WHERE transcript_id = $1 \
         ORDER BY start_ms, channel, id",
    )
    .bind(transcript_id.as_str())
    .fetch_all(&mut *connection)
    .await?;
    rows.iter().map(|row| read_segment(row, speakers)).collect()
}

impl Store {
    /// The transcript that people read, complete or growing, with their corrections; `None` when the call has
    /// none yet, or is gone.
    #[tracing::instrument(name = "db.transcript.read", level = "debug", skip_all)]
    pub async fn transcript_read(&self, call_id: &CallId) -> Result<Option<Transcript>> {
        let mut transcript = self.transcript_read_machine(call_id).await?;
        if let Some(transcript) = &mut transcript {
            let edits = edit::active(&mut *self.read().acquire().await?, call_id).await?;
            lay_over_segments(&mut transcript.segments, &edits);
        }
        Ok(transcript)
    }

    /// The transcript that people read, as the machine heard it.
    #[tracing::instrument(name = "db.transcript.read_machine", level = "debug", skip_all)]
    pub async fn transcript_read_machine(&self, call_id: &CallId) -> Result<Option<Transcript>> {
        let Some(call) = self.call_get(call_id).await? else {
            return Ok(None);
        };
        let row = sqlx::query(concat!(
            "SELECT ",
            transcript_columns!(),
            " FROM transcripts WHERE id = $1"
        ))
        .bind(call.transcript_id.as_ref().map(TranscriptId::as_str))
        .fetch_optional(self.read())
        .await?;
        self.read_segments(&call, row.as_ref()).await
    }

    /// A version of the transcript of a call, as the machine heard it.
    #[tracing::instrument(name = "db.transcript.read_version", level = "debug", skip_all)]
    pub async fn transcript_read_version(
        &self,
        call_id: &CallId,
        version: i64,
    ) -> Result<Option<Transcript>> {
        let Some(call) = self.call_get(call_id).await? else {
            return Ok(None);
        };
        let row = sqlx::query(concat!(
            "SELECT ",
            transcript_columns!(),
            " FROM transcripts WHERE call_id = $1 AND version = $2"
        ))
        .bind(call_id.as_str())
        .bind(version)
        .fetch_optional(self.read())
        .await?;
        self.read_segments(&call, row.as_ref()).await
    }

    async fn read_segments(&self, call: &Call, row: Option<&AnyRow>) -> Result<Option<Transcript>> {
        let Some(info) = row.map(read_transcript).transpose()?.map(|row| row.info) else {
            return Ok(None);
        };
        let mut connection = self.read().acquire().await?;
        let speakers = Speakers::read(&mut connection, &call.id, call.channels).await?;
        let segments = segments_of(&mut connection, &info.id, &speakers).await?;
        Ok(Some(Transcript {
            language: info.language,
            duration_ms: call.duration_ms.unwrap_or(0),
            model: info.model,
            complete: info.complete,
            segments,
        }))
    }

    /// The segments of one version of the transcript of a call, complete or not, as the machine heard them.
    #[tracing::instrument(name = "db.transcript.segments", level = "debug", skip_all)]
    pub async fn transcript_segments(&self, call: &Call, id: &TranscriptId) -> Result<Vec<Segment>> {
        let mut connection = self.read().acquire().await?;
        let speakers = Speakers::read(&mut connection, &call.id, call.channels).await?;
        segments_of(&mut connection, id, &speakers).await
    }

    /// All versions of the transcript of a call, the oldest first.
    #[tracing::instrument(name = "db.transcript.versions", level = "debug", skip_all)]
    pub async fn transcript_versions(&self, call_id: &CallId) -> Result<Vec<TranscriptInfo>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            transcript_columns!(),
            " FROM transcripts WHERE call_id = $1 ORDER BY version"
        ))
        .bind(call_id.as_str())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(|row| Ok(read_transcript(row)?.info)).collect()
    }
}
