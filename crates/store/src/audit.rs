//! The audit log: written in the transaction of what it tells about, never changed.

use gametape_core::{
    TimeMs,
    audit::{AuditAction, AuditEntry},
    id::{AuditId, CallId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, Tx,
    conditions::{Conditions, Value},
    row::{Fields, clean},
};

/// An administrator's looks at a call within this time are one entry.
const LOOK_EVERY_MS: i64 = 15 * 60_000;

/// Who does something that goes into the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// Who; `None` for the command line.
    pub user_id: Option<UserId>,
    /// Network address of the client.
    pub address: Option<String>,
}

/// Which entries to list.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// What this person did.
    pub actor_id: Option<UserId>,
    /// This kind of thing that people did.
    pub action: Option<AuditAction>,
    /// What was done to the thing with this id.
    pub target_id: Option<String>,
    /// At this time or later.
    pub from: Option<TimeMs>,
    /// Before this time.
    pub until: Option<TimeMs>,
}

/// What was done, for the log.
#[derive(Debug, Clone)]
pub struct NewAudit<'a> {
    /// What.
    pub action: AuditAction,
    /// The kind of thing it was done to.
    pub target_kind: &'static str,
    /// Which of them.
    pub target_id: &'a str,
    /// The call it belongs to.
    pub call_id: Option<&'a CallId>,
    /// More about it; never a secret.
    pub detail: serde_json::Value,
}

impl<'a> NewAudit<'a> {
    /// Something done to a thing outside of any call.
    pub fn of(action: AuditAction, target_kind: &'static str, target_id: &'a str) -> Self {
        Self {
            action,
            target_kind,
            target_id,
            call_id: None,
            detail: serde_json::json!({}),
        }
    }

    /// Something done to a thing in a call.
    #[must_use]
    pub fn in_call(mut self, call_id: &'a CallId) -> Self {
        self.call_id = Some(call_id);
        self
    }

    /// The entry with more about it.
    #[must_use]
    pub fn with(mut self, detail: serde_json::Value) -> Self {
        self.detail = detail;
        self
    }
}

/// Writes an entry, as part of what it tells about.
pub(crate) async fn write(tx: &mut Tx, now: TimeMs, actor: &Actor, new: &NewAudit<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit (id, at, actor_id, action, target_kind, target_id, call_id, address, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(AuditId::new(now).as_str())
    .bind(now)
    .bind(actor.user_id.as_ref().map(UserId::as_str))
    .bind(new.action.as_str())
    .bind(new.target_kind)
    .bind(clean(new.target_id).as_ref())
    .bind(new.call_id.map(CallId::as_str))
    .bind(actor.address.as_deref().map(|text| clean(text).into_owned()))
    .bind(new.detail.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn read_entry(row: &AnyRow) -> Result<AuditEntry> {
    let fields = Fields::of(row, "audit");
    Ok(AuditEntry {
        id: fields.parsed("id")?,
        at: fields.int("at")?,
        actor_id: fields.opt_parsed("actor_id")?,
        action: fields.parsed("action")?,
        target_kind: fields.text("target_kind")?,
        target_id: fields.text("target_id")?,
        call_id: fields.opt_parsed("call_id")?,
        address: fields.opt_text("address")?,
        detail: fields.json("detail")?,
    })
}

impl Store {
    /// Writes an entry about something that changes nothing else in the database.
    #[tracing::instrument(name = "db.audit.write", level = "debug", skip_all)]
    pub async fn audit_write(&self, actor: &Actor, new: NewAudit<'_>) -> Result<()> {
        let mut tx = self.begin().await?;
        write(&mut tx, self.now(), actor, &new).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes that an administrator looked at somebody else's call, once for all looks of a quarter of an hour.
    #[tracing::instrument(name = "db.audit.look", level = "debug", skip_all)]
    pub async fn audit_look(&self, actor: &Actor, call_id: &CallId) -> Result<()> {
        let now = self.now();
        let known = sqlx::query(
            "SELECT id FROM audit WHERE target_id = $1 AND at > $2 AND actor_id = $3 AND action = $4 LIMIT 1",
        )
        .bind(call_id.as_str())
        .bind(now - LOOK_EVERY_MS)
        .bind(actor.user_id.as_ref().map(UserId::as_str))
        .bind(AuditAction::CallLook.as_str())
        .fetch_optional(self.read())
        .await?;
        if known.is_some() {
            return Ok(());
        }
        let entry = NewAudit::of(AuditAction::CallLook, "call", call_id.as_str()).in_call(call_id);
        self.audit_write(actor, entry).await
    }

    /// Whether somebody signed in from this address at `since` or later.
    #[tracing::instrument(name = "db.audit.signed_in_from", level = "debug", skip_all)]
    pub async fn audit_signed_in_from(&self, user_id: &UserId, address: &str, since: TimeMs) -> Result<bool> {
        let known = sqlx::query(
            "SELECT id FROM audit WHERE actor_id = $1 AND at >= $2 AND action = $3 AND address = $4 LIMIT 1",
        )
        .bind(user_id.as_str())
        .bind(since)
        .bind(AuditAction::SessionCreate.as_str())
        .bind(clean(address).as_ref())
        .fetch_optional(self.read())
        .await?;
        Ok(known.is_some())
    }

    /// Entries of the log, the newest first.
    #[tracing::instrument(name = "db.audit.list", level = "debug", skip_all)]
    pub async fn audit_list(&self, filter: &AuditFilter, page: &PageRequest) -> Result<Page<AuditEntry>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let mut conditions = Conditions::default();
        if let Some(actor_id) = &filter.actor_id {
            conditions.and("actor_id = ?", [actor_id.as_str()]);
        }
        if let Some(action) = filter.action {
            conditions.and("action = ?", [action.as_str()]);
        }
        if let Some(target_id) = &filter.target_id {
            conditions.and("target_id = ?", [clean(target_id).as_ref()]);
        }
        if let Some(from) = filter.from {
            conditions.and("at >= ?", [from]);
        }
        if let Some(until) = filter.until {
            conditions.and("at < ?", [until]);
        }
        if let Some(Cursor { key, id }) = &page.after {
            conditions.and("at <= ?", [*key]);
            conditions.and(
                "(at < ? OR id < ?)",
                [Value::Int(*key), Value::Text(clean(id).into_owned())],
            );
        }
        let Conditions { sql, values } = conditions;
        let sql = format!(
            "SELECT id, at, actor_id, action, target_kind, target_id, call_id, address, detail FROM audit \
             WHERE 1 = 1{sql} ORDER BY at DESC, id DESC LIMIT {}",
            limit + 1
        );
        let rows = self.fetch(sql, values).await?;
        let entries = rows.iter().map(read_entry).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(entries, limit, |entry| Cursor {
            key: entry.at,
            id: entry.id.to_string(),
        }))
    }
}
