//! Taking what the rules say. Whether a call goes is decided anew in the transaction that deletes it.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    call::Call,
    erasure::ErasureKind,
    id::CallId,
    page::Cursor,
    retention::{Due, NOTICE_MS, RetentionRule, RetentionTarget, Rules},
};

use super::{
    described,
    preview::{Row, subject},
    read_rules,
};
use crate::{
    Actor, NewAudit, Result, Store, StoreError, Tx, audit,
    call::{bump, find, remove},
    erasure,
    event::{self, NewEvent},
    inbox, job, recording,
};

/// Calls that one step looks at.
const AT_ONCE: i64 = 500;

/// What a step of a sweep did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RetentionSwept {
    /// Calls that went.
    pub calls: usize,
    /// Recordings that went without their calls.
    pub recordings: usize,
    /// Owners who were told that something goes soon.
    pub told: usize,
    /// Where the next step goes on; `None` at the end.
    pub next: Option<Cursor>,
}

/// Deletes the recording of a call that was read in this transaction; the call stays, and work on it ends. Says no
/// where somebody changed it meanwhile: then all of it is to be taken back.
pub(crate) async fn take_recording(tx: &mut Tx, call: &Call, now: TimeMs) -> Result<bool> {
    let Some(recording_id) = &call.recording_id else {
        return Ok(false);
    };
    job::cancel_jobs_of(tx, &call.id, now).await?;
    let quiet_at = job::quiet_at(tx, &call.id, now).await?;
    recording::lock(tx, recording_id).await?;
    let taken = sqlx::query(concat!(
        "UPDATE calls SET recording_id = NULL, recording_deleted_at = $2, progress = NULL, \
           state = CASE WHEN state IN ('ready', 'failed') THEN state ELSE 'cancelled' END, ",
        bump!("$2"),
        " WHERE id = $1 AND updated_at = $3"
    ))
    .bind(call.id.as_str())
    .bind(now)
    .bind(call.updated_at)
    .execute(&mut **tx)
    .await?;
    if taken.rows_affected() == 0 {
        return Ok(false);
    }
    event::write(tx, &call.id, now, &[NewEvent::call()]).await?;
    inbox::call_stays(tx, &call.id).await?;
    recording::drop_unused(tx, recording_id, now, quiet_at).await?;
    erasure::note(tx, call.id.as_str(), ErasureKind::Recording, now).await?;
    Ok(true)
}

/// What of a call goes now, and by which rule; nothing while it is held, or its recording is being worked on.
fn due<'r>(rules: &'r Rules, call: &Call, now: TimeMs) -> Option<&'r RetentionRule> {
    if call.hold.is_some() {
        return None;
    }
    let fate = rules.fate(&subject(
        call.team_id.as_ref(),
        &call.tags,
        call.created_at,
        call.recording_id.as_ref(),
    ));
    let is_due = |due: &Due<'_>| due.at <= now;
    let recording = fate.recording.filter(is_due).filter(|_| call.state.is_final());
    fate.call.filter(is_due).or(recording).map(|due| due.rule)
}

impl Store {
    /// Goes on with a sweep behind `after`: deletes what goes by the rules now, and tells owners of what goes soon.
    #[tracing::instrument(name = "db.retention.sweep", level = "debug", skip_all)]
    pub async fn retention_sweep(&self, after: Option<&Cursor>) -> Result<RetentionSwept> {
        let now = self.now();
        let mut swept = RetentionSwept::default();
        let rules = Rules::new(self.retention_list().await?);
        let Some(shortest_ms) = rules.shortest_ms() else {
            return Ok(swept);
        };
        let rows = self
            .calls_made_by(now + NOTICE_MS - shortest_ms, after, AT_ONCE)
            .await?;
        if rows.len() as i64 == AT_ONCE {
            swept.next = rows.last().map(Row::cursor);
        }
        for row in rows.iter().filter(|row| !row.held) {
            let fate = rules.fate(&row.subject());
            let Some(first) = fate.first() else { continue };
            if first.at <= now {
                match self.retention_take(&row.call_id).await {
                    Ok(Some(RetentionTarget::Call)) => swept.calls += 1,
                    Ok(Some(RetentionTarget::Recording)) => swept.recordings += 1,
                    Ok(None) => {}
                    Err(error @ StoreError::Unavailable(_)) => return Err(error),
                    // One call that can't go must not keep the others.
                    Err(error) => {
                        tracing::warn!(call.id = %row.call_id, "a rule could not be followed: {error}");
                    }
                }
            } else if first.at <= now + NOTICE_MS && !row.told {
                swept.told += usize::from(self.tell_of_leaving(&row.call_id).await?);
            }
        }
        Ok(swept)
    }

    /// Deletes a call, or its recording, if the rules say so now; `None` when they don't, or somebody changes it just
    /// now: then the next sweep looks again.
    async fn retention_take(&self, id: &CallId) -> Result<Option<RetentionTarget>> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let Some(call) = find(&mut tx, id).await? else {
            return Ok(None);
        };
        let rules = read_rules(&mut tx).await?;
        let Some(rule) = due(&rules, &call, now) else {
            return Ok(None);
        };
        let (gone, action) = match rule.target {
            RetentionTarget::Call => (remove(&mut tx, &call, now).await?, AuditAction::RetentionCall),
            RetentionTarget::Recording => (
                take_recording(&mut tx, &call, now).await?,
                AuditAction::RetentionRecording,
            ),
        };
        if !gone {
            tx.rollback().await?;
            return Ok(None);
        }
        let mut detail = described(rule);
        detail["owner_id"] = serde_json::json!(call.owner_id);
        let entry = NewAudit::of(action, "call", id.as_str()).in_call(id).with(detail);
        audit::write(&mut tx, now, &Actor::default(), &entry).await?;
        tx.commit().await?;
        Ok(Some(rule.target))
    }

    /// Tells the owner of a call that something of it goes soon; says whether it was news.
    async fn tell_of_leaving(&self, id: &CallId) -> Result<bool> {
        let mut tx = self.begin().await?;
        let told = inbox::call_leaves(&mut tx, id, self.now()).await?;
        tx.commit().await?;
        Ok(told)
    }
}
