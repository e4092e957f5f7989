//! The way of a call through its states, as its upload and its jobs move it on. All of it runs inside the
//! caller's transaction.

use gametape_core::{
    TimeMs,
    call::{Call, CallProblem, CallState, Progress, Stage, TalkFigures},
    id::CallId,
    inbox::NoticeKind,
    stats::TalkStats,
};

use super::{bump, call_columns, find, original_of, read_call};
use crate::{
    Result, Tx,
    event::{self, NewEvent},
    inbox, job,
    recording::RecordingRow,
    row::to_json,
};

/// Gives a call the recording that its upload became. A call that still waits is queued; one that was
/// stopped keeps its state, and may be tried again. `None` when the call is gone.
pub(crate) async fn attach_recording(
    tx: &mut Tx,
    call_id: &CallId,
    recording: &RecordingRow,
    now: TimeMs,
) -> Result<Option<Call>> {
    let Some(before) = find(tx, call_id).await? else {
        return Ok(None);
    };
    let recording_id = &recording.recording.id;
    let original = original_of(tx, &before.owner_id, recording_id, call_id).await?;
    let row = sqlx::query(concat!(
        "UPDATE calls SET recording_id = $3, upload_id = NULL, duration_ms = $4, channels = $5, \
           duplicate_of = $6, state = CASE WHEN state = 'uploading' THEN 'queued' ELSE state END, ",
        bump!("$2"),
        " WHERE id = $1 RETURNING ",
        call_columns!()
    ))
    .bind(call_id.as_str())
    .bind(now)
    .bind(recording_id.as_str())
    .bind(recording.duration_ms)
    .bind(recording.channels)
    .bind(original)
    .fetch_optional(&mut **tx)
    .await?;
    let Some(call) = row.as_ref().map(read_call).transpose()? else {
        return Ok(None);
    };
    let news = if call.state == CallState::Queued {
        job::enqueue_stage(tx, call_id, recording.first_stage(), None, now).await?;
        NewEvent::state(call.state, None)
    } else {
        NewEvent::call()
    };
    event::write(tx, call_id, now, &[news]).await?;
    find(tx, call_id).await
}

/// Writes the figures that lists filter and sort by; none where there are no statistics.
pub(crate) async fn set_talk(tx: &mut Tx, call_id: &CallId, stats: Option<&TalkStats>) -> Result<()> {
    let talk = stats.map(TalkFigures::of).unwrap_or_default();
    sqlx::query(
        "UPDATE calls SET rep_talk_permille = $2, rep_longest_monologue_ms = $3, rep_question_count = $4, \
           interruption_count = $5, patience_ms = $6 WHERE id = $1",
    )
    .bind(call_id.as_str())
    .bind(talk.rep_talk_permille)
    .bind(talk.rep_longest_monologue_ms)
    .bind(talk.rep_question_count)
    .bind(talk.interruption_count)
    .bind(talk.patience_ms)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Shows that a worker has begun a stage. A worker that goes on where another stopped leaves the progress as
/// it is.
pub(crate) async fn start_stage(tx: &mut Tx, call_id: &CallId, stage: Stage, now: TimeMs) -> Result<()> {
    let Some(call) = find(tx, call_id).await? else {
        return Ok(());
    };
    let mut news = Vec::new();
    if call.state != CallState::Processing {
        news.push(NewEvent::state(CallState::Processing, None));
    }
    let progress = match call.progress {
        Some(progress) if progress.stage == stage => progress,
        _ => {
            let progress = Progress {
                stage,
                percent: 0.0,
                eta_ms: None,
            };
            news.push(NewEvent::progress(&progress));
            progress
        }
    };
    if news.is_empty() {
        return Ok(());
    }
    sqlx::query(concat!(
        "UPDATE calls SET state = 'processing', progress = $3, ",
        bump!("$2"),
        " WHERE id = $1"
    ))
    .bind(call_id.as_str())
    .bind(now)
    .bind(to_json(&progress))
    .execute(&mut **tx)
    .await?;
    event::write(tx, call_id, now, &news).await
}

/// Notes how far a call is, and answers with the number as it was noted: a finite percentage. This is no
/// change in the sense of `updated_at`, or else people could never save anything while work goes on.
pub(crate) async fn set_progress(tx: &mut Tx, call_id: &CallId, progress: &Progress) -> Result<Progress> {
    let percent = if progress.percent.is_finite() {
        progress.percent.clamp(0.0, 100.0)
    } else {
        0.0
    };
    let progress = Progress { percent, ..*progress };
    sqlx::query("UPDATE calls SET progress = $2 WHERE id = $1")
        .bind(call_id.as_str())
        .bind(to_json(&progress))
        .execute(&mut **tx)
        .await?;
    Ok(progress)
}

/// Notes that a call changed, for those who compare `updated_at`.
pub(crate) async fn touch(tx: &mut Tx, call_id: &CallId, now: TimeMs) -> Result<()> {
    sqlx::query(concat!("UPDATE calls SET ", bump!("$2"), " WHERE id = $1"))
        .bind(call_id.as_str())
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Fails a call that is being worked on.
pub(crate) async fn fail(tx: &mut Tx, call_id: &CallId, now: TimeMs, problem: &CallProblem) -> Result<()> {
    sqlx::query(concat!(
        "UPDATE calls SET state = 'failed', problem = $3, progress = NULL, ",
        bump!("$2"),
        " WHERE id = $1"
    ))
    .bind(call_id.as_str())
    .bind(now)
    .bind(to_json(problem))
    .execute(&mut **tx)
    .await?;
    inbox::call_ended(tx, call_id, NoticeKind::CallFailed, now).await?;
    event::write(
        tx,
        call_id,
        now,
        &[NewEvent::state(CallState::Failed, Some(problem))],
    )
    .await?;
    event::forget_progress(tx, call_id).await
}

/// Fails a call whose upload is gone, if it still waits for it.
pub(crate) async fn fail_waiting(
    tx: &mut Tx,
    call_id: &CallId,
    now: TimeMs,
    problem: &CallProblem,
) -> Result<()> {
    match find(tx, call_id).await? {
        Some(call) if call.state == CallState::Uploading => fail(tx, call_id, now, problem).await,
        _ => Ok(()),
    }
}
