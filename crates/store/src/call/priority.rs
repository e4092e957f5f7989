//! How soon the work on a call is done.

use gametape_core::{
    audit::AuditAction,
    call::{Call, CallState},
    id::CallId,
    job::Priority,
};

use super::{
    bump, call_columns, find_existing, read_call,
    stop::{ROUNDS, still_moving},
};
use crate::{
    Result, Store, StoreError,
    audit::{self, Actor, NewAudit},
    event::{self, NewEvent},
    job,
};

impl Store {
    /// Gives the work on a call another priority: it takes its place among the others as if it had come just now. A
    /// conflict when no work is left to do on it.
    #[tracing::instrument(name = "db.call.prioritize", level = "debug", skip_all)]
    pub async fn call_prioritize(&self, actor: &Actor, id: &CallId, priority: Priority) -> Result<Call> {
        for _ in 0..ROUNDS {
            if let Some(call) = self.try_prioritize(actor, id, priority).await? {
                return Ok(call);
            }
        }
        Err(still_moving())
    }

    /// `None` when a stage ended meanwhile, whose successor may have the old priority.
    async fn try_prioritize(&self, actor: &Actor, id: &CallId, priority: Priority) -> Result<Option<Call>> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = find_existing(&mut tx, id).await?;
        if call.state.is_final() {
            let state = call.state;
            return Err(StoreError::conflict("call", format!("it is {state} already")));
        }
        if call.priority == priority {
            return Ok(Some(call));
        }
        if call.state != CallState::Uploading {
            job::move_stage(&mut tx, &call, priority, now).await?;
        }
        let row = sqlx::query(concat!(
            "UPDATE calls SET priority = $4, ",
            bump!("$2"),
            " WHERE id = $1 AND updated_at = $3 RETURNING ",
            call_columns!()
        ))
        .bind(id.as_str())
        .bind(now)
        .bind(call.updated_at)
        .bind(priority.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            tx.rollback().await?;
            return Ok(None);
        };
        let entry = NewAudit::of(AuditAction::CallPriority, "call", id.as_str()).in_call(id);
        let entry = entry.with(serde_json::json!({"before": call.priority, "after": priority}));
        audit::write(&mut tx, now, actor, &entry).await?;
        event::write(&mut tx, id, now, &[NewEvent::call()]).await?;
        let call = read_call(&row)?;
        tx.commit().await?;
        Ok(Some(call))
    }
}
