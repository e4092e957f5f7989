//! Published versions of rubrics: written once, never changed.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    id::{RubricId, UserId},
    rubric::{Definition, Rubric, RubricVersion},
};
use sqlx::any::AnyRow;

use super::{lock, read_rubric, rubric_columns};
use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    row::{Fields, to_json},
};

/// A published version in a list, without what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RubricVersionInfo {
    /// Its number, from 1.
    pub version: i64,
    /// The rubric's title when it was published.
    pub title: String,
    /// When it was published.
    pub published_at: TimeMs,
}

fn read_version(row: &AnyRow) -> Result<RubricVersion> {
    let fields = Fields::of(row, "rubric_versions");
    Ok(RubricVersion {
        rubric_id: fields.parsed("rubric_id")?,
        version: fields.int("version")?,
        title: fields.text("title")?,
        definition: fields.json("definition")?,
        published_at: fields.int("published_at")?,
    })
}

/// Writes a version of a rubric.
pub(super) async fn insert(
    tx: &mut Tx,
    rubric: &Rubric,
    version: i64,
    definition: &Definition,
    actor: &Actor,
    now: TimeMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO rubric_versions (rubric_id, version, title, definition, published_by, published_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(rubric.id.as_str())
    .bind(version)
    .bind(&rubric.title)
    .bind(to_json(definition))
    .bind(actor.user_id.as_ref().map(UserId::as_str))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A published version, as the transaction sees it.
pub(crate) async fn find_version(tx: &mut Tx, id: &RubricId, version: i64) -> Result<RubricVersion> {
    let row = sqlx::query(
        "SELECT rubric_id, version, title, definition, published_at FROM rubric_versions \
         WHERE rubric_id = $1 AND version = $2",
    )
    .bind(id.as_str())
    .bind(version)
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.ok_or_else(|| StoreError::not_found("version of the rubric", &version))?;
    read_version(&row)
}

impl Store {
    /// Freezes the draft as the next version, which new reviews take from now on. A conflict when there is
    /// no draft; incomplete, with all reasons, when it can't be used as it is.
    #[tracing::instrument(name = "db.rubric.publish", level = "debug", skip_all)]
    pub async fn rubric_publish(
        &self,
        actor: &Actor,
        id: &RubricId,
        if_version: Option<i64>,
    ) -> Result<Rubric> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let rubric = lock(&mut tx, id, if_version).await?;
        let draft = rubric
            .draft
            .as_ref()
            .ok_or_else(|| StoreError::conflict("rubric", "it has no draft to publish"))?;
        let reasons = draft.check();
        if !reasons.is_empty() {
            return Err(StoreError::Incomplete {
                what: "rubric",
                reasons,
            });
        }
        let version = rubric.current_version.unwrap_or(0) + 1;
        insert(&mut tx, &rubric, version, draft, actor, now).await?;
        let row = sqlx::query(concat!(
            "UPDATE rubrics SET current_version = $2, draft = NULL WHERE id = $1 RETURNING ",
            rubric_columns!()
        ))
        .bind(id.as_str())
        .bind(version)
        .fetch_one(&mut *tx)
        .await?;
        let published = read_rubric(&row)?;
        let entry = NewAudit::of(AuditAction::RubricPublish, "rubric", id.as_str())
            .with(serde_json::json!({"version": version}));
        audit::write(&mut tx, now, actor, &entry).await?;
        tx.commit().await?;
        Ok(published)
    }

    /// All published versions of a rubric, the newest first.
    #[tracing::instrument(name = "db.rubric.versions", level = "debug", skip_all)]
    pub async fn rubric_versions(&self, id: &RubricId) -> Result<Vec<RubricVersionInfo>> {
        let rows = sqlx::query(
            "SELECT version, title, published_at FROM rubric_versions WHERE rubric_id = $1 \
             ORDER BY version DESC",
        )
        .bind(id.as_str())
        .fetch_all(self.read())
        .await?;
        let read = |row| {
            let fields = Fields::of(row, "rubric_versions");
            Ok(RubricVersionInfo {
                version: fields.int("version")?,
                title: fields.text("title")?,
                published_at: fields.int("published_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// A published version of a rubric.
    #[tracing::instrument(name = "db.rubric.version_get", level = "debug", skip_all)]
    pub async fn rubric_version_get(&self, id: &RubricId, version: i64) -> Result<Option<RubricVersion>> {
        let row = sqlx::query(
            "SELECT rubric_id, version, title, definition, published_at FROM rubric_versions \
             WHERE rubric_id = $1 AND version = $2",
        )
        .bind(id.as_str())
        .bind(version)
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map(read_version).transpose()
    }
}
