//! What is noted of consent.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    call::Call,
    consent::Consent,
    id::{CallId, UserId},
};
use serde_json::json;

use super::opt_clean;
use crate::{
    Result, Tx,
    audit::{self, Actor, NewAudit},
};

/// What somebody notes of consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// What is known.
    pub status: Consent,
    /// How it was given, or where that can be read.
    pub note: Option<String>,
}

/// Writes it into the call's row.
pub(super) async fn write(
    tx: &mut Tx,
    id: &CallId,
    by: Option<&UserId>,
    new: &NewConsent,
    now: TimeMs,
) -> Result<()> {
    sqlx::query(
        "UPDATE calls SET consent = $2, consent_note = $3, consent_by = $4, consent_at = $5 WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(new.status.as_str())
    .bind(opt_clean(new.note.as_deref()))
    .bind(by.map(UserId::as_str))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes it where it says something new, and notes who did. The log says nothing of the note, which may name people.
pub(super) async fn change(
    tx: &mut Tx,
    actor: &Actor,
    call: &Call,
    new: &NewConsent,
    now: TimeMs,
) -> Result<()> {
    let before = &call.consent;
    if before.status == new.status && before.note == opt_clean(new.note.as_deref()) {
        return Ok(());
    }
    write(tx, &call.id, actor.user_id.as_ref(), new, now).await?;
    let entry = NewAudit::of(AuditAction::CallConsent, "call", call.id.as_str()).in_call(&call.id);
    let entry = entry.with(json!({"before": before.status, "after": new.status}));
    audit::write(tx, now, actor, &entry).await
}
