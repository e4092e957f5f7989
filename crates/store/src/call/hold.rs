//! Holding calls, so that nobody deletes them, and releasing them.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    call::Call,
    id::{CallId, UserId},
    retention::HoldReason,
};
use serde_json::json;

use super::{bump, call_columns, details, opt_clean, read_call};
use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    event::{self, NewEvent},
    inbox,
};

/// A hold to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// Why.
    pub reason: HoldReason,
    /// More about it.
    pub note: Option<String>,
}

/// Writes a hold, or takes it away. Changing the call tells whoever deletes it at this moment to look again.
async fn write(
    tx: &mut Tx,
    id: &CallId,
    hold: Option<&NewHold>,
    by: Option<&UserId>,
    now: TimeMs,
) -> Result<Call> {
    event::write(tx, id, now, &[NewEvent::call()]).await?;
    let row = sqlx::query(concat!(
        "UPDATE calls SET held_at = $3, held_by = $4, hold_reason = $5, hold_note = $6, ",
        bump!("$2"),
        " WHERE id = $1 RETURNING ",
        call_columns!()
    ))
    .bind(id.as_str())
    .bind(now)
    .bind(hold.map(|_| now))
    .bind(by.filter(|_| hold.is_some()).map(UserId::as_str))
    .bind(hold.map(|hold| hold.reason.as_str()))
    .bind(hold.and_then(|hold| opt_clean(hold.note.as_deref())))
    .fetch_one(&mut **tx)
    .await?;
    read_call(&row)
}

impl Store {
    /// Holds a call: neither people nor rules delete it until it is released. One that is held already is held for
    /// this reason from now on.
    #[tracing::instrument(name = "db.call.hold", level = "debug", skip_all)]
    pub async fn call_hold(&self, actor: &Actor, id: &CallId, new: &NewHold) -> Result<Call> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = details::lock(&mut tx, id).await?;
        call.ok_or_else(|| StoreError::not_found("call", id))?;
        let call = write(&mut tx, id, Some(new), actor.user_id.as_ref(), now).await?;
        inbox::call_stays(&mut tx, id).await?;
        let entry = NewAudit::of(AuditAction::CallHold, "call", id.as_str()).in_call(id);
        let entry = entry.with(json!({"reason": new.reason}));
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(call)
    }

    /// Lets a call be deleted again. One that nobody holds stays as it is.
    #[tracing::instrument(name = "db.call.release", level = "debug", skip_all)]
    pub async fn call_release(&self, actor: &Actor, id: &CallId) -> Result<Call> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = details::lock(&mut tx, id).await?;
        let call = call.ok_or_else(|| StoreError::not_found("call", id))?;
        let Some(hold) = &call.hold else {
            return Ok(call);
        };
        let entry = NewAudit::of(AuditAction::CallRelease, "call", id.as_str()).in_call(id);
        let entry = entry.with(json!({"reason": hold.reason}));
        audit::write(&mut tx, now, actor, &entry).await?;
        let call = write(&mut tx, id, None, None, now).await?;
        tx.commit().await?;
        Ok(call)
    }
}
