//! Versions of the words of a call: begun and completed here, written and read next door.

mod ahead;
mod append;
mod read;

use gametape_core::{
    TimeMs,
    call::Call,
    id::{CallId, JobId, TranscriptId},
    transcript::Word,
};
use sqlx::any::AnyRow;

use crate::{
    Fence, Result, Store, StoreError, Tx, anchor,
    call::{self, bump},
    event::{self, NewEvent},
    job,
    row::{Fields, clean},
    search,
};

pub(crate) use ahead::hand_over;
pub(crate) use read::segments_of;

/// What a transcribing job finds when it begins, or goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptProgress {
    /// The version it writes.
    pub transcript_id: TranscriptId,
    /// Numbers of the windows that are written already, in order.
    pub windows_done: Vec<i64>,
    /// Language, if it was given or is known from those windows.
    pub language: Option<String>,
}

/// How a recording is cut for hearing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    /// How many pieces.
    pub total: i64,
    /// Their length at most, in milliseconds: with another one, none is cut at the same places.
    pub length_ms: i64,
}

/// A segment to write.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSegment {
    /// Start, in milliseconds of the recording.
    pub start_ms: i64,
    /// End, in milliseconds of the recording.
    pub end_ms: i64,
    /// Channel, counted from 0.
    pub channel: usize,
    /// The words as a sentence.
    pub text: String,
    /// The words one by one, in order.
    pub words: Vec<Word>,
}

/// A version of the words of a call, without the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranscriptInfo {
    /// Which.
    pub id: TranscriptId,
    /// Its number within the call, from 1.
    pub version: i64,
    /// Model that made it.
    pub model: String,
    /// Its language, once known.
    pub language: Option<String>,
    /// Whether no more segments are to come.
    pub complete: bool,
    /// When it was begun.
    pub created_at: TimeMs,
}

macro_rules! transcript_columns {
    () => {
        "id, call_id, job_id, version, model, language, windows_total, window_ms, completed_at, created_at"
    };
}
use transcript_columns;

struct TranscriptRow {
    info: TranscriptInfo,
    call_id: CallId,
    job_id: JobId,
    windows_total: i64,
    window_ms: i64,
}

fn read_transcript(row: &AnyRow) -> Result<TranscriptRow> {
    let fields = Fields::of(row, "transcripts");
    Ok(TranscriptRow {
        info: TranscriptInfo {
            id: fields.parsed("id")?,
            version: fields.int("version")?,
            model: fields.text("model")?,
            language: fields.opt_text("language")?,
            complete: fields.opt_int("completed_at")?.is_some(),
            created_at: fields.int("created_at")?,
        },
        call_id: fields.parsed("call_id")?,
        job_id: fields.parsed("job_id")?,
        windows_total: fields.int("windows_total")?,
        window_ms: fields.int("window_ms")?,
    })
}

async fn find_unfinished(tx: &mut Tx, call_id: &CallId) -> Result<Option<TranscriptRow>> {
    let row = sqlx::query(concat!(
        "SELECT ",
        transcript_columns!(),
        " FROM transcripts WHERE call_id = $1 AND completed_at IS NULL"
    ))
    .bind(call_id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(read_transcript).transpose()
}

async fn windows_done(tx: &mut Tx, id: &TranscriptId) -> Result<Vec<i64>> {
    let windows = sqlx::query_scalar(
        "SELECT window_no FROM transcript_windows WHERE transcript_id = $1 ORDER BY window_no",
    );
    Ok(windows.bind(id.as_str()).fetch_all(&mut **tx).await?)
}

/// Makes the transcript that people read another one.
async fn set_current(
    tx: &mut Tx,
    call_id: &CallId,
    id: &TranscriptId,
    language: Option<&str>,
    now: TimeMs,
) -> Result<()> {
    sqlx::query(concat!(
        "UPDATE calls SET transcript_id = $3, language = $4, ",
        bump!("$2"),
        " WHERE id = $1"
    ))
    .bind(call_id.as_str())
    .bind(now)
    .bind(id.as_str())
    .bind(language)
    .execute(&mut **tx)
    .await?;
    event::write(tx, call_id, now, &[NewEvent::call()]).await
}

/// What a job wants to write.
struct Wanted<'a> {
    job_id: &'a JobId,
    model: &'a str,
    language: Option<&'a str>,
    windows: Windows,
}

async fn insert(tx: &mut Tx, call: &Call, wanted: &Wanted<'_>, now: TimeMs) -> Result<TranscriptId> {
    let id = TranscriptId::new(now);
    sqlx::query(
        "INSERT INTO transcripts (id, call_id, job_id, version, model, language, windows_total, window_ms, \
           created_at) \
         VALUES ($1, $2, $3, \
           (SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) + 1 FROM transcripts WHERE call_id = $2), \
           $4, $5, $6, $7, $8)",
    )
    .bind(id.as_str())
    .bind(call.id.as_str())
    .bind(wanted.job_id.as_str())
    .bind(clean(wanted.model).as_ref())
    .bind(wanted.language)
    .bind(wanted.windows.total)
    .bind(wanted.windows.length_ms)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// Ends the transcript of a job: from now on it is what people read, and what comments, evidence and corrections
/// are tied to. A conflict when windows are missing.
pub(crate) async fn complete(
    tx: &mut Tx,
    call_id: &CallId,
    job_id: &JobId,
    language: Option<&str>,
    now: TimeMs,
) -> Result<()> {
    let unfinished = find_unfinished(tx, call_id)
        .await?
        .filter(|row| row.job_id == *job_id);
    let row = unfinished.ok_or_else(|| StoreError::conflict("transcript", "the job has begun none"))?;
    let done = windows_done(tx, &row.info.id).await?.len() as i64;
    if done != row.windows_total {
        let detail = format!("only {done} of {} windows are written", row.windows_total);
        return Err(StoreError::conflict("transcript", detail));
    }
    let language = language.or(row.info.language.as_deref());
    sqlx::query("UPDATE transcripts SET completed_at = $2, language = $3 WHERE id = $1")
        .bind(row.info.id.as_str())
        .bind(now)
        .bind(language)
        .execute(&mut **tx)
        .await?;
    set_current(tx, call_id, &row.info.id, language, now).await?;
    // Corrections, and comments that came before it or are tied to an older one, get its words.
    search::put_transcript(tx, call_id, &row.info.id).await?;
    anchor::reattach(tx, call_id, &row.info.id, now).await
}

impl Store {
    /// Begins a transcript of so many windows, or goes on with the one that an earlier attempt of this job
    /// began with the same model and windows. The first transcript of a call can be read while it grows; a
    /// later one takes its place when it is complete. What another job left unfinished is deleted. To be
    /// called also when there is no speech at all.
    #[tracing::instrument(name = "db.transcript.begin", level = "debug", skip_all)]
    pub async fn transcript_begin(
        &self,
        fence: &Fence,
        call_id: &CallId,
        model: &str,
        language: Option<&str>,
        windows: Windows,
    ) -> Result<TranscriptProgress> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let job = job::hold(&mut tx, fence).await?;
        if job.call_id.as_ref() != Some(call_id) {
            return Err(StoreError::conflict(
                "transcript",
                "the job belongs to another call",
            ));
        }
        let call = call::find(&mut tx, call_id).await?;
        let call = call.ok_or_else(|| StoreError::not_found("call", call_id))?;
        let mut old = None;
        if let Some(row) = find_unfinished(&mut tx, call_id).await? {
            let begun = Windows {
                total: row.windows_total,
                length_ms: row.window_ms,
            };
            if row.job_id == job.id && row.info.model == model && begun == windows {
                let windows_done = windows_done(&mut tx, &row.info.id).await?;
                tx.commit().await?;
                return Ok(TranscriptProgress {
                    transcript_id: row.info.id,
                    windows_done,
                    language: row.info.language,
                });
            }
            sqlx::query("DELETE FROM transcripts WHERE id = $1")
                .bind(row.info.id.as_str())
                .execute(&mut *tx)
                .await?;
            old = Some(row.info.id);
        }
        let wanted = Wanted {
            job_id: &job.id,
            model,
            language,
            windows,
        };
        let transcript_id = insert(&mut tx, &call, &wanted, now).await?;
        if call.transcript_id.is_none() || call.transcript_id == old {
            set_current(&mut tx, call_id, &transcript_id, language, now).await?;
        }
        tx.commit().await?;
        Ok(TranscriptProgress {
            transcript_id,
            windows_done: Vec::new(),
            language: language.map(str::to_owned),
        })
    }
}
