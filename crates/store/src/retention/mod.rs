//! Rules for how long calls are kept, what they would take, and taking it.

mod preview;
mod sweep;

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    id::{RetentionRuleId, TeamId},
    retention::{GRACE_MS, RetentionRule, RetentionTarget, Rules},
};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::{
    Actor, NewAudit, Result, Store, StoreError, Tx, audit, inbox,
    row::{Fields, clean, fold},
};

pub use preview::{DueAt, Leaving, Preview, PreviewTotals, WhatIf};
pub use sweep::RetentionSwept;
pub(crate) use sweep::take_recording;

/// A rule to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRetentionRule {
    /// For the calls of this team; `None` for all.
    pub team_id: Option<TeamId>,
    /// With this label; `None` for any and none.
    pub tag: Option<String>,
    /// What goes.
    pub target: RetentionTarget,
    /// After how many days; `None` keeps it for good.
    pub keep_days: Option<i64>,
}

macro_rules! rule_columns {
    () => {
        "id, team_id, tag, target, keep_days, effective_at, version, created_at"
    };
}

fn read_rule(row: &AnyRow) -> Result<RetentionRule> {
    let fields = Fields::of(row, "retention_rules");
    Ok(RetentionRule {
        id: fields.parsed("id")?,
        team_id: fields.opt_parsed("team_id")?,
        tag: fields.opt_text("tag")?,
        target: fields.parsed("target")?,
        keep_days: fields.opt_int("keep_days")?,
        effective_at: fields.int("effective_at")?,
        version: fields.int("version")?,
        created_at: fields.int("created_at")?,
    })
}

/// All rules, as the transaction sees them.
async fn read_rules(tx: &mut Tx) -> Result<Rules> {
    let rows = sqlx::query(concat!("SELECT ", rule_columns!(), " FROM retention_rules"))
        .fetch_all(&mut **tx)
        .await?;
    Ok(Rules::new(rows.iter().map(read_rule).collect::<Result<_>>()?))
}

/// What the audit log says about a rule.
fn described(rule: &RetentionRule) -> serde_json::Value {
    json!({
        "rule_id": rule.id, "team_id": rule.team_id, "tag": rule.tag, "what": rule.target,
        "keep_days": rule.keep_days,
    })
}

/// Keeps everything for a day after the rules changed, or what they look at in many calls, and takes back what owners
/// were told.
pub(crate) async fn pause(tx: &mut Tx, now: TimeMs) -> Result<()> {
    sqlx::query("UPDATE retention_rules SET effective_at = $1 WHERE effective_at < $1")
        .bind(now + GRACE_MS)
        .execute(&mut **tx)
        .await?;
    inbox::calls_stay(tx).await
}

async fn note_change(
    tx: &mut Tx,
    now: TimeMs,
    actor: &Actor,
    before: Option<&RetentionRule>,
    after: Option<&RetentionRule>,
) -> Result<()> {
    let Some(rule) = after.or(before) else {
        return Ok(());
    };
    let detail = json!({"before": before.map(described), "after": after.map(described)});
    let entry = NewAudit::of(AuditAction::RetentionChange, "retention", rule.id.as_str()).with(detail);
    audit::write(tx, now, actor, &entry).await
}

/// Reads a rule and keeps others from changing it until the transaction ends.
async fn lock(tx: &mut Tx, id: &RetentionRuleId) -> Result<RetentionRule> {
    let row = sqlx::query(concat!(
        "UPDATE retention_rules SET version = version WHERE id = $1 RETURNING ",
        rule_columns!()
    ))
    .bind(id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref()
        .map(read_rule)
        .transpose()?
        .ok_or_else(|| StoreError::not_found("rule", id))
}

impl Store {
    /// Makes a rule. A conflict when there is one for the same calls, or no such team.
    #[tracing::instrument(name = "db.retention.create", level = "debug", skip_all)]
    pub async fn retention_create(&self, actor: &Actor, new: &NewRetentionRule) -> Result<RetentionRule> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "INSERT INTO retention_rules (id, team_id, tag, tag_folded, target, keep_days, effective_at, version, \
             created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8) RETURNING ",
            rule_columns!()
        ))
        .bind(RetentionRuleId::new(now).as_str())
        .bind(new.team_id.as_ref().map(TeamId::as_str))
        .bind(new.tag.as_deref().map(|tag| clean(tag).into_owned()))
        .bind(new.tag.as_deref().map(fold))
        .bind(new.target.as_str())
        .bind(new.keep_days)
        .bind(now + GRACE_MS)
        .bind(now)
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| match &error {
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                StoreError::conflict("rule", "there is one for the same calls already")
            }
            _ => StoreError::or_gone(error, "rule", "there is no such team"),
        })?;
        let rule = read_rule(&row)?;
        pause(&mut tx, now).await?;
        note_change(&mut tx, now, actor, None, Some(&rule)).await?;
        tx.commit().await?;
        Ok(rule)
    }

    /// All rules, the oldest first.
    #[tracing::instrument(name = "db.retention.list", level = "debug", skip_all)]
    pub async fn retention_list(&self) -> Result<Vec<RetentionRule>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            rule_columns!(),
            " FROM retention_rules ORDER BY created_at, id"
        ))
        .fetch_all(self.read())
        .await?;
        rows.iter().map(read_rule).collect()
    }

    /// Changes how long a rule keeps calls; with `if_version`, only if nobody else changed it since.
    #[tracing::instrument(name = "db.retention.update", level = "debug", skip_all)]
    pub async fn retention_update(
        &self,
        actor: &Actor,
        id: &RetentionRuleId,
        keep_days: Option<i64>,
        if_version: Option<i64>,
    ) -> Result<RetentionRule> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let before = lock(&mut tx, id).await?;
        if if_version.is_some_and(|version| version != before.version) {
            return Err(StoreError::Stale { what: "rule" });
        }
        if before.keep_days == keep_days {
            return Ok(before);
        }
        pause(&mut tx, now).await?;
        let row = sqlx::query(concat!(
            "UPDATE retention_rules SET keep_days = $2, version = version + 1 WHERE id = $1 RETURNING ",
            rule_columns!()
        ))
        .bind(id.as_str())
        .bind(keep_days)
        .fetch_one(&mut *tx)
        .await?;
        let after = read_rule(&row)?;
        note_change(&mut tx, now, actor, Some(&before), Some(&after)).await?;
        tx.commit().await?;
        Ok(after)
    }

    /// Takes a rule away. What it kept for longer than others is theirs then, after the same day of grace.
    #[tracing::instrument(name = "db.retention.delete", level = "debug", skip_all)]
    pub async fn retention_delete(&self, actor: &Actor, id: &RetentionRuleId) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let before = lock(&mut tx, id).await?;
        sqlx::query("DELETE FROM retention_rules WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        pause(&mut tx, now).await?;
        note_change(&mut tx, now, actor, Some(&before), None).await?;
        tx.commit().await?;
        Ok(())
    }
}
