//! Templates for comments that people write often.

use gametape_core::{
    comment::{CommentTemplate, CommentText},
    id::{TemplateId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
};
use sqlx::any::AnyRow;

use super::{opt_clean, read_text};
use crate::{
    Result, Store, StoreError,
    row::{Fields, clean},
};

/// A template to make.
#[derive(Debug, Clone)]
pub struct NewTemplate {
    /// Whose.
    pub owner_id: UserId,
    /// Whether everybody may use it.
    pub shared: bool,
    /// As shown in the list of templates.
    pub title: String,
    /// What comments made of it say.
    pub text: CommentText,
}

/// What a template should be.
#[derive(Debug, Clone)]
pub struct TemplatePatch {
    /// Whether everybody may use it.
    pub shared: bool,
    /// Its title.
    pub title: String,
    /// What comments made of it say.
    pub text: CommentText,
    /// Only if it still has this version.
    pub if_version: Option<i64>,
}

macro_rules! template_columns {
    () => {
        "id, owner_id, shared_at, title, kind, body, situation, behaviour, impact, version, created_at"
    };
}

fn read_template(row: &AnyRow) -> Result<CommentTemplate> {
    let fields = Fields::of(row, "comment_templates");
    Ok(CommentTemplate {
        id: fields.parsed("id")?,
        owner_id: fields.parsed("owner_id")?,
        shared: fields.opt_int("shared_at")?.is_some(),
        title: fields.text("title")?,
        text: read_text(fields)?,
        version: fields.int("version")?,
        created_at: fields.int("created_at")?,
    })
}

impl Store {
    /// Makes a template.
    #[tracing::instrument(name = "db.template.create", level = "debug", skip_all)]
    pub async fn template_create(&self, new: NewTemplate) -> Result<CommentTemplate> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "INSERT INTO comment_templates (id, owner_id, shared_at, title, kind, body, situation, behaviour, \
             impact, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10) RETURNING ",
            template_columns!()
        ))
        .bind(TemplateId::new(now).as_str())
        .bind(new.owner_id.as_str())
        .bind(new.shared.then_some(now))
        .bind(clean(&new.title).as_ref())
        .bind(new.text.kind.as_str())
        .bind(clean(&new.text.body).as_ref())
        .bind(opt_clean(new.text.situation.as_ref()))
        .bind(opt_clean(new.text.behaviour.as_ref()))
        .bind(opt_clean(new.text.impact.as_ref()))
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        let template = read_template(&row)?;
        tx.commit().await?;
        Ok(template)
    }

    /// A template.
    #[tracing::instrument(name = "db.template.get", level = "debug", skip_all)]
    pub async fn template_get(&self, id: &TemplateId) -> Result<Option<CommentTemplate>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            template_columns!(),
            " FROM comment_templates WHERE id = $1"
        ))
        .bind(id.as_str())
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map(read_template).transpose()
    }

    /// The templates that somebody may use, their own and shared ones, the oldest first.
    #[tracing::instrument(name = "db.template.list", level = "debug", skip_all)]
    pub async fn template_list(&self, user_id: &UserId, page: &PageRequest) -> Result<Page<CommentTemplate>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let after = page.after.clone().unwrap_or(Cursor {
            key: i64::MIN,
            id: String::new(),
        });
        let rows = sqlx::query(concat!(
            "SELECT ",
            template_columns!(),
            " FROM comment_templates WHERE (owner_id = $1 OR shared_at IS NOT NULL) \
               AND created_at >= $2 AND (created_at > $2 OR id > $3) ORDER BY created_at, id LIMIT $4"
        ))
        .bind(user_id.as_str())
        .bind(after.key)
        .bind(clean(&after.id).as_ref())
        .bind(i64::from(limit) + 1)
        .fetch_all(self.read())
        .await?;
        let templates = rows.iter().map(read_template).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(templates, limit, |template| Cursor {
            key: template.created_at,
            id: template.id.to_string(),
        }))
    }

    /// Changes a template. Stale when `if_version` is given and somebody changed it since.
    #[tracing::instrument(name = "db.template.update", level = "debug", skip_all)]
    pub async fn template_update(&self, id: &TemplateId, patch: TemplatePatch) -> Result<CommentTemplate> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "UPDATE comment_templates SET title = $2, kind = $3, body = $4, situation = $5, behaviour = $6, \
               impact = $7, shared_at = CASE WHEN $8 = 1 THEN COALESCE(shared_at, $9) ELSE NULL END, \
               version = version + 1 WHERE id = $1 AND ($10 IS NULL OR version = $10) RETURNING ",
            template_columns!()
        ))
        .bind(id.as_str())
        .bind(clean(&patch.title).as_ref())
        .bind(patch.text.kind.as_str())
        .bind(clean(&patch.text.body).as_ref())
        .bind(opt_clean(patch.text.situation.as_ref()))
        .bind(opt_clean(patch.text.behaviour.as_ref()))
        .bind(opt_clean(patch.text.impact.as_ref()))
        .bind(i64::from(patch.shared))
        .bind(self.now())
        .bind(patch.if_version)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            let known = sqlx::query("SELECT id FROM comment_templates WHERE id = $1")
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            return Err(match known {
                Some(_) => StoreError::Stale { what: "template" },
                None => StoreError::not_found("template", id),
            });
        };
        let template = read_template(&row)?;
        tx.commit().await?;
        Ok(template)
    }

    /// Deletes a template; comments made of it stay.
    #[tracing::instrument(name = "db.template.delete", level = "debug", skip_all)]
    pub async fn template_delete(&self, id: &TemplateId) -> Result<()> {
        let mut tx = self.begin().await?;
        let deleted = sqlx::query("DELETE FROM comment_templates WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        if deleted.rows_affected() == 0 {
            return Err(StoreError::not_found("template", id));
        }
        tx.commit().await?;
        Ok(())
    }
}
