//! Calls: made, listed, changed, stopped, tried again, deleted.

mod consent;
mod details;
mod hold;
mod list;
mod priority;
mod speaker;
mod stage;
mod stop;

use gametape_core::{
    TimeMs,
    call::{Call, CallState, Deal, TalkFigures},
    consent::ConsentRecord,
    id::{CallId, RecordingId, UploadId, UserId},
    job::Priority,
    retention::Hold,
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    event::{self, NewEvent},
    idempotency, job, recording,
    row::{Fields, clean, fold},
    search, upload,
};

pub use consent::NewConsent;
pub use details::{CallDetails, CallPatch, DealPatch};
pub use hold::NewHold;
pub use list::{Bounds, CallFilter};

pub(crate) use speaker::Speakers;
pub(crate) use stage::{attach_recording, fail, fail_waiting, set_progress, set_talk, start_stage, touch};
pub(crate) use stop::remove;

/// A call to make.
#[derive(Debug, Clone)]
pub struct NewCall {
    /// The rep whose call it is.
    pub owner_id: UserId,
    /// As shown in lists.
    pub title: String,
    /// When the conversation took place, if known.
    pub occurred_at: Option<TimeMs>,
    /// Language asked for; `None` to detect it.
    pub language: Option<String>,
    /// Model asked for; `None` for the worker's default.
    pub model: Option<String>,
    /// How soon the work on it is done.
    pub priority: Priority,
    /// Its upload, complete or not.
    pub upload_id: UploadId,
    /// What people know about it.
    pub details: CallDetails,
}

macro_rules! call_columns {
    () => {
        "id, title, owner_id, state, progress, priority, problem, occurred_at, requested_language, language, \
         duration_ms, channels, requested_model, recording_id, upload_id, transcript_id, duplicate_of, \
         team_id, visibility, tags, participants, invited, deal_name, deal_stage, deal_amount_minor, \
         deal_currency, deal_outcome, deal_external_id, consent, consent_note, consent_by, consent_at, \
         held_at, held_by, hold_reason, hold_note, recording_deleted_at, rep_talk_permille, rep_longest_monologue_ms, \
         rep_question_count, interruption_count, patience_ms, comment_count, \
         (SELECT CAST(COUNT(*) AS BIGINT) FROM redactions WHERE redactions.recording_id = calls.recording_id) \
           AS redaction_count, created_at, updated_at, event_seq"
    };
}
pub(crate) use call_columns;

/// The assignment that tells writers that compare `updated_at` of a change; the argument is the place of the
/// time now. It grows even when two changes come within a millisecond.
macro_rules! bump {
    ($now:literal) => {
        concat!(
            "updated_at = CASE WHEN updated_at >= ",
            $now,
            " THEN updated_at + 1 ELSE ",
            $now,
            " END"
        )
    };
}
pub(crate) use bump;

pub(crate) fn read_call(row: &AnyRow) -> Result<Call> {
    let fields = Fields::of(row, "calls");
    Ok(Call {
        id: fields.parsed("id")?,
        title: fields.text("title")?,
        owner_id: fields.parsed("owner_id")?,
        state: fields.parsed("state")?,
        progress: fields.opt_json("progress")?,
        priority: fields.parsed("priority")?,
        problem: fields.opt_json("problem")?,
        occurred_at: fields.opt_int("occurred_at")?,
        requested_language: fields.opt_text("requested_language")?,
        language: fields.opt_text("language")?,
        duration_ms: fields.opt_int("duration_ms")?,
        channels: fields.opt_int("channels")?,
        requested_model: fields.opt_text("requested_model")?,
        recording_id: fields.opt_parsed("recording_id")?,
        upload_id: fields.opt_parsed("upload_id")?,
        transcript_id: fields.opt_parsed("transcript_id")?,
        duplicate_of: fields.opt_parsed("duplicate_of")?,
        team_id: fields.opt_parsed("team_id")?,
        visibility: fields.parsed("visibility")?,
        tags: fields.json("tags")?,
        participants: fields.json("participants")?,
        invited: fields.json("invited")?,
        deal: read_deal(fields)?,
        consent: ConsentRecord {
            status: fields.parsed("consent")?,
            note: fields.opt_text("consent_note")?,
            noted_by: fields.opt_parsed("consent_by")?,
            noted_at: fields.opt_int("consent_at")?,
        },
        hold: read_hold(fields)?,
        recording_deleted_at: fields.opt_int("recording_deleted_at")?,
        talk: read_talk(fields)?,
        comment_count: fields.int("comment_count")?,
        redaction_count: fields.int("redaction_count")?,
        created_at: fields.int("created_at")?,
        updated_at: fields.int("updated_at")?,
        last_event: fields.int("event_seq")?,
    })
}

fn read_deal(fields: Fields<'_>) -> Result<Deal> {
    Ok(Deal {
        name: fields.opt_text("deal_name")?,
        stage: fields.opt_text("deal_stage")?,
        amount_minor: fields.opt_int("deal_amount_minor")?,
        currency: fields.opt_text("deal_currency")?,
        outcome: fields.opt_parsed("deal_outcome")?,
        external_id: fields.opt_text("deal_external_id")?,
    })
}

fn read_hold(fields: Fields<'_>) -> Result<Option<Hold>> {
    let Some(held_at) = fields.opt_int("held_at")? else {
        return Ok(None);
    };
    Ok(Some(Hold {
        reason: fields.parsed("hold_reason")?,
        note: fields.opt_text("hold_note")?,
        held_by: fields.opt_parsed("held_by")?,
        held_at,
    }))
}

fn read_talk(fields: Fields<'_>) -> Result<TalkFigures> {
    Ok(TalkFigures {
        rep_talk_permille: fields.opt_int("rep_talk_permille")?,
        rep_longest_monologue_ms: fields.opt_int("rep_longest_monologue_ms")?,
        rep_question_count: fields.opt_int("rep_question_count")?,
        interruption_count: fields.opt_int("interruption_count")?,
        patience_ms: fields.opt_int("patience_ms")?,
    })
}

/// A call, as the transaction sees it.
pub(crate) async fn find(tx: &mut Tx, id: &CallId) -> Result<Option<Call>> {
    let row = sqlx::query(concat!("SELECT ", call_columns!(), " FROM calls WHERE id = $1"))
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(read_call).transpose()
}

async fn find_existing(tx: &mut Tx, id: &CallId) -> Result<Call> {
    find(tx, id)
        .await?
        .ok_or_else(|| StoreError::not_found("call", id))
}

/// The oldest other call of `owner_id` with this recording, which the caller has locked.
async fn original_of(
    tx: &mut Tx,
    owner_id: &UserId,
    recording_id: &RecordingId,
    call_id: &CallId,
) -> Result<Option<String>> {
    let original = sqlx::query_scalar(
        "SELECT id FROM calls WHERE recording_id = $1 AND owner_id = $2 AND id <> $3 \
         ORDER BY created_at, id LIMIT 1",
    )
    .bind(recording_id.as_str())
    .bind(owner_id.as_str())
    .bind(call_id.as_str());
    Ok(original.fetch_optional(&mut **tx).await?)
}

/// The call that an earlier try of the same request made.
async fn made_before(tx: &mut Tx) -> Result<Option<Call>> {
    let Some(id) = idempotency::made(tx, CallId::PREFIX).await? else {
        return Ok(None);
    };
    match id.parse() {
        Ok(id) => find_existing(tx, &id).await.map(Some),
        Err(_) => Ok(None),
    }
}

/// Text from outside that may be missing, as both engines can hold it.
fn opt_clean(text: Option<&str>) -> Option<String> {
    text.map(|text| clean(text).into_owned())
}

impl Store {
    /// Makes a call of an upload. Where that is complete, work on it begins at the first stage its recording
    /// still needs; otherwise the call waits for it. Another person's upload is not found; one that a call
    /// was made of already is a conflict, and so are a team and invited people who are gone.
    #[tracing::instrument(name = "db.call.create", level = "debug", skip_all)]
    pub async fn call_create(&self, new: NewCall) -> Result<Call> {
        let now = self.now();
        let id = CallId::new(now);
        let mut tx = self.begin().await?;
        if let Some(call) = made_before(&mut tx).await? {
            return Ok(call);
        }
        let upload = upload::take(&mut tx, &new.upload_id, &new.owner_id, &id).await?;
        let recording = match &upload.recording_id {
            Some(recording_id) => Some(
                recording::lock(&mut tx, recording_id)
                    .await?
                    .ok_or_else(|| StoreError::conflict("upload", "its recording was deleted"))?,
            ),
            None => None,
        };
        let state = if recording.is_some() {
            CallState::Queued
        } else {
            CallState::Uploading
        };
        let recording_id = recording.as_ref().map(|row| row.recording.id.clone());
        let original = match &recording_id {
            Some(recording_id) => original_of(&mut tx, &new.owner_id, recording_id, &id).await?,
            None => None,
        };
        sqlx::query(
            "INSERT INTO calls (id, owner_id, title, title_folded, state, occurred_at, requested_language, \
             requested_model, duration_ms, channels, recording_id, upload_id, duplicate_of, event_seq, \
             created_at, updated_at, priority) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14, $14, $15)",
        )
        .bind(id.as_str())
        .bind(new.owner_id.as_str())
        .bind(clean(&new.title).as_ref())
        .bind(fold(&new.title))
        .bind(state.as_str())
        .bind(new.occurred_at)
        .bind(opt_clean(new.language.as_deref()))
        .bind(opt_clean(new.model.as_deref()))
        .bind(recording.as_ref().and_then(|row| row.duration_ms))
        .bind(recording.as_ref().and_then(|row| row.channels))
        .bind(recording_id.as_ref().map(RecordingId::as_str))
        .bind(recording.is_none().then_some(new.upload_id.as_str()))
        .bind(original)
        .bind(now)
        .bind(new.priority.as_str())
        .execute(&mut *tx)
        .await?;
        event::write(&mut tx, &id, now, &[NewEvent::state(state, None)]).await?;
        if let Some(consent) = &new.details.consent {
            consent::write(&mut tx, &id, Some(&new.owner_id), consent, now).await?;
        }
        let call = details::write(&mut tx, &id, None, &new.details).await?;
        search::put(&mut tx, &search::Document::title(&call)).await?;
        if let Some(recording) = &recording {
            job::enqueue_stage(&mut tx, &id, recording.first_stage(), None, now).await?;
        }
        idempotency::note(&mut tx, CallId::PREFIX, id.as_str()).await?;
        tx.commit().await?;
        Ok(call)
    }

    /// The call that an earlier try of the request under way made, whose answer was lost.
    #[tracing::instrument(name = "db.call.made_before", level = "debug", skip_all)]
    pub async fn call_made_before(&self) -> Result<Option<Call>> {
        if !idempotency::is_under_key() {
            return Ok(None);
        }
        let mut tx = self.begin().await?;
        let call = made_before(&mut tx).await?;
        tx.rollback().await?;
        Ok(call)
    }

    /// A call.
    #[tracing::instrument(name = "db.call.get", level = "debug", skip_all)]
    pub async fn call_get(&self, id: &CallId) -> Result<Option<Call>> {
        let row = sqlx::query(concat!("SELECT ", call_columns!(), " FROM calls WHERE id = $1"))
            .bind(id.as_str())
            .fetch_optional(self.read())
            .await?;
        row.as_ref().map(read_call).transpose()
    }

    /// Talk statistics of a call, as JSON text, once they are made.
    #[tracing::instrument(name = "db.call.stats", level = "debug", skip_all)]
    pub async fn call_stats(&self, id: &CallId) -> Result<Option<String>> {
        let stats: Option<Option<String>> = sqlx::query_scalar("SELECT stats FROM calls WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(self.read())
            .await?;
        Ok(stats.flatten())
    }
}
