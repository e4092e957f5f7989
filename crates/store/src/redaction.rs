//! Numbers that were taken out of what is said: where, and what is served in place of the original.

use gametape_core::{
    id::{AnchorId, CallId, RecordingId, SegmentId, TranscriptId},
    redact::{Number, RedactedObject, Redaction, merged},
    transcript::Word,
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    DeletePayload, Fence, Result, Store, StoreError, Tx, call,
    event::{self, NewEvent},
    job, moment,
    recording::{self, RecordingRow},
    row::{Fields, clean, to_json},
    search,
};

/// How long an object that another took the place of stays: people may be listening to it.
const LINGERS_MS: i64 = 10 * 60_000;

/// A segment with words taken out.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskedSegment {
    /// Which.
    pub id: SegmentId,
    /// The words as a sentence.
    pub text: String,
    /// The words one by one: as many as there were, at the same times.
    pub words: Vec<Word>,
}

fn read(row: &AnyRow) -> Result<Redaction> {
    let fields = Fields::of(row, "redactions");
    Ok(Redaction {
        channel: fields.int("channel")?.max(0) as usize,
        number: Number {
            kind: fields.parsed("kind")?,
            start_ms: fields.int("start_ms")?,
            end_ms: fields.int("end_ms")?,
        },
    })
}

async fn of_recording(connection: &mut AnyConnection, id: &RecordingId) -> Result<Vec<Redaction>> {
    let rows = sqlx::query(
        "SELECT channel, start_ms, end_ms, kind FROM redactions WHERE recording_id = $1 ORDER BY channel, start_ms",
    )
    .bind(id.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(read).collect()
}

/// The recording that the holder of the fence works on.
async fn held_recording(tx: &mut Tx, fence: &Fence) -> Result<RecordingRow> {
    let job = job::hold(tx, fence).await?;
    let no_call = || StoreError::conflict("job", "it belongs to no call with a recording");
    let call_id = job.call_id.ok_or_else(no_call)?;
    let call = call::find(tx, &call_id).await?;
    let id = call.and_then(|call| call.recording_id).ok_or_else(no_call)?;
    recording::lock(tx, &id).await?.ok_or_else(no_call)
}

/// What an anchor says of the words at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Whose it is.
    pub anchor_id: AnchorId,
    /// What stands before it, the quote, and what stands behind.
    pub texts: [String; 3],
}

impl Store {
    /// Adds numbers that were found in the recording of a job's call to those that are known. Adding what is known
    /// already changes nothing.
    #[tracing::instrument(name = "db.redaction.add", level = "debug", skip_all)]
    pub async fn redactions_add(&self, fence: &Fence, found: &[Redaction]) -> Result<()> {
        if found.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin().await?;
        let id = held_recording(&mut tx, fence).await?.recording.id;
        let known = of_recording(&mut tx, &id).await?;
        let all = merged(known.iter().chain(found).copied().collect());
        if all == known {
            return Ok(());
        }
        sqlx::query("DELETE FROM redactions WHERE recording_id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        for Redaction { channel, number } in all {
            sqlx::query(
                "INSERT INTO redactions (recording_id, channel, start_ms, end_ms, kind) VALUES ($1, $2, $3, $4, $5)",
            )
            .bind(id.as_str())
            .bind(channel as i64)
            .bind(number.start_ms)
            .bind(number.end_ms)
            .bind(number.kind.as_str())
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query("UPDATE recordings SET redaction_version = redaction_version + 1 WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The numbers that were taken out of a recording, by channel and time, and their version.
    #[tracing::instrument(name = "db.redaction.list", level = "debug", skip_all)]
    pub async fn redactions_list(&self, id: &RecordingId) -> Result<(i64, Vec<Redaction>)> {
        // In this order: what is added in between belongs to a later version, and is made silent with it again.
        let version: Option<i64> =
            sqlx::query_scalar("SELECT redaction_version FROM recordings WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(self.read())
                .await?;
        let mut connection = self.read().acquire().await?;
        Ok((version.unwrap_or(0), of_recording(&mut connection, id).await?))
    }

    /// Writes down that a whole transcript of a job's call was looked through, if it was, and the object that is served
    /// from now on in place of the original. One that another worker has made of a later version stays; the object
    /// that is not needed any more is deleted after a while.
    #[tracing::instrument(name = "db.redaction.settle", level = "debug", skip_all)]
    pub async fn redaction_settle(
        &self,
        fence: &Fence,
        looked: bool,
        made: Option<&RedactedObject>,
    ) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let recording = held_recording(&mut tx, fence).await?.recording;
        if looked {
            sqlx::query("UPDATE recordings SET redaction_looked_at = $2 WHERE id = $1")
                .bind(recording.id.as_str())
                .bind(now)
                .execute(&mut *tx)
                .await?;
        }
        let current = recording.redaction.object.map_or(0, |object| object.version);
        if let Some(made) = made.filter(|made| made.version != current) {
            if made.version > current {
                sqlx::query(
                    "UPDATE recordings SET redacted_version = $2, redacted_size_bytes = $3, redacted_sha256 = $4 \
                     WHERE id = $1",
                )
                .bind(recording.id.as_str())
                .bind(made.version)
                .bind(made.size_bytes)
                .bind(&made.sha256)
                .execute(&mut *tx)
                .await?;
            }
            let old = made.version.min(current);
            if old > 0 {
                let payload = DeletePayload::redacted(&recording.id, old);
                job::enqueue_delete(&mut tx, &payload, now, now + LINGERS_MS).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Writes segments of a transcript of a job's call anew, with words taken out. What was told of them to those who
    /// have the call open is forgotten, and they are told to read the transcript again. A segment that is not there is
    /// passed over.
    #[tracing::instrument(name = "db.transcript.mask", level = "debug", skip_all)]
    pub async fn transcript_mask(
        &self,
        fence: &Fence,
        transcript_id: &TranscriptId,
        segments: &[MaskedSegment],
    ) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let job = job::hold(&mut tx, fence).await?;
        let call_id = job.call_id.as_ref();
        let call_id = call_id.ok_or_else(|| StoreError::conflict("job", "it belongs to no call"))?;
        let mut changed = false;
        for segment in segments {
            let text = clean(&segment.text);
            let written = sqlx::query(
                "UPDATE segments SET text = $4, words = $5 WHERE id = $1 AND transcript_id = $2 AND transcript_id IN \
                   (SELECT id FROM transcripts WHERE call_id = $3)",
            )
            .bind(segment.id.as_str())
            .bind(transcript_id.as_str())
            .bind(call_id.as_str())
            .bind(text.as_ref())
            .bind(to_json(&segment.words))
            .execute(&mut *tx)
            .await?;
            if written.rows_affected() == 0 {
                continue;
            }
            changed = true;
            event::forget_segment(&mut tx, call_id, &segment.id).await?;
            search::reword(&mut tx, segment.id.as_str(), &text).await?;
        }
        if changed {
            // Moments quote the transcript that people read.
            moment::rebuild(&mut tx, call_id, now).await?;
            event::write(&mut tx, call_id, now, &[NewEvent::edit()]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What is quoted of the words of a call, by comments, evidence and corrections.
    #[tracing::instrument(name = "db.redaction.quotes", level = "debug", skip_all)]
    pub async fn quotes_list(&self, call_id: &CallId) -> Result<Vec<Quote>> {
        let rows =
            sqlx::query("SELECT id, prefix, quote, suffix FROM anchors WHERE call_id = $1 ORDER BY id")
                .bind(call_id.as_str())
                .fetch_all(self.read())
                .await?;
        let read = |row| {
            let fields = Fields::of(row, "anchors");
            Ok(Quote {
                anchor_id: fields.parsed("id")?,
                texts: [
                    fields.text("prefix")?,
                    fields.text("quote")?,
                    fields.text("suffix")?,
                ],
            })
        };
        rows.iter().map(read).collect()
    }

    /// Writes quotes of a job's call anew, with words taken out. An anchor that is not there is passed over.
    #[tracing::instrument(name = "db.redaction.mask_quotes", level = "debug", skip_all)]
    pub async fn quotes_mask(&self, fence: &Fence, quotes: &[Quote]) -> Result<()> {
        let mut tx = self.begin().await?;
        let job = job::hold(&mut tx, fence).await?;
        for Quote { anchor_id, texts } in quotes {
            let [prefix, quote, suffix] = texts;
            sqlx::query(
                "UPDATE anchors SET prefix = $3, quote = $4, suffix = $5 WHERE id = $1 AND call_id = $2",
            )
            .bind(anchor_id.as_str())
            .bind(job.call_id.as_ref().map(CallId::as_str))
            .bind(clean(prefix).as_ref())
            .bind(clean(quote).as_ref())
            .bind(clean(suffix).as_ref())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
