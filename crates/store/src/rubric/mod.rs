//! Rubrics: drafts that are worked on, and published versions that never change.

mod version;

use std::collections::HashSet;

use gametape_core::{
    TimeMs,
    id::{CriterionId, RubricId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    rubric::{DEFAULT_DESCRIPTION, DEFAULT_TITLE, Definition, Rubric, default_definition, default_rubric_id},
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    audit::Actor,
    conditions::{Conditions, Value},
    row::{Fields, clean, to_json},
};

pub use version::RubricVersionInfo;
pub(crate) use version::find_version;

/// A rubric to make.
#[derive(Debug, Clone)]
pub struct NewRubric {
    /// As shown.
    pub title: String,
    /// What it is for.
    pub description: String,
    /// What to begin with. Its criteria get ids of their own.
    pub draft: Definition,
}

/// What to change about a rubric; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct RubricPatch {
    /// Another title.
    pub title: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another draft, or none: then the rubric is what was published last. Criteria keep their ids where a
    /// draft or a version of this rubric has them already; all others get new ones.
    pub draft: Option<Option<Definition>>,
    /// Only if nobody changed the rubric since this version.
    pub if_version: Option<i64>,
}

macro_rules! rubric_columns {
    () => {
        "id, title, description, draft, current_version, version, archived_at, created_at"
    };
}
use rubric_columns;

fn read_rubric(row: &AnyRow) -> Result<Rubric> {
    let fields = Fields::of(row, "rubrics");
    Ok(Rubric {
        id: fields.parsed("id")?,
        title: fields.text("title")?,
        description: fields.text("description")?,
        draft: fields.opt_json("draft")?,
        current_version: fields.opt_int("current_version")?,
        version: fields.int("version")?,
        archived_at: fields.opt_int("archived_at")?,
        created_at: fields.int("created_at")?,
    })
}

/// Raises a rubric's version, which also keeps others from changing it until the transaction ends.
async fn lock(tx: &mut Tx, id: &RubricId, if_version: Option<i64>) -> Result<Rubric> {
    let row = sqlx::query(concat!(
        "UPDATE rubrics SET version = version + 1 WHERE id = $1 RETURNING ",
        rubric_columns!()
    ))
    .bind(id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    let row = row.ok_or_else(|| StoreError::not_found("rubric", id))?;
    let rubric = read_rubric(&row)?;
    if if_version.is_some_and(|version| version != rubric.version - 1) {
        return Err(StoreError::Stale { what: "rubric" });
    }
    Ok(rubric)
}

/// Ids of all criteria that a rubric has or had.
async fn known_criteria(tx: &mut Tx, rubric: &Rubric) -> Result<HashSet<CriterionId>> {
    let rows = sqlx::query("SELECT definition FROM rubric_versions WHERE rubric_id = $1")
        .bind(rubric.id.as_str())
        .fetch_all(&mut **tx)
        .await?;
    let mut definitions: Vec<Definition> = rows
        .iter()
        .map(|row| Fields::of(row, "rubric_versions").json("definition"))
        .collect::<Result<_>>()?;
    definitions.extend(rubric.draft.clone());
    let criteria = definitions.into_iter().flat_map(|definition| definition.criteria);
    Ok(criteria.map(|criterion| criterion.id).collect())
}

/// Gives new ids to the criteria whose ids are not `known`.
fn with_own_ids(mut definition: Definition, known: &HashSet<CriterionId>, now: TimeMs) -> Definition {
    for criterion in &mut definition.criteria {
        if !known.contains(&criterion.id) {
            criterion.id = CriterionId::new(now);
        }
    }
    definition
}

/// The version of a rubric that a new review takes. A conflict when there is none, or the rubric is archived.
pub(crate) async fn version_for_reviews(tx: &mut Tx, id: &RubricId) -> Result<i64> {
    let row = sqlx::query(concat!(
        "SELECT ",
        rubric_columns!(),
        " FROM rubrics WHERE id = $1"
    ))
    .bind(id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    let rubric = row.as_ref().map(read_rubric).transpose()?;
    let rubric = rubric.ok_or_else(|| StoreError::not_found("rubric", id))?;
    if rubric.archived_at.is_some() {
        return Err(StoreError::conflict("rubric", "it is archived"));
    }
    rubric
        .current_version
        .ok_or_else(|| StoreError::conflict("rubric", "it is not published yet"))
}

impl Store {
    /// Makes a rubric that nobody can use before it is published.
    #[tracing::instrument(name = "db.rubric.create", level = "debug", skip_all)]
    pub async fn rubric_create(&self, actor: &Actor, new: NewRubric) -> Result<Rubric> {
        let now = self.now();
        let draft = with_own_ids(new.draft, &HashSet::new(), now);
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "INSERT INTO rubrics (id, title, description, draft, version, created_by, created_at) \
             VALUES ($1, $2, $3, $4, 1, $5, $6) RETURNING ",
            rubric_columns!()
        ))
        .bind(RubricId::new(now).as_str())
        .bind(clean(&new.title).as_ref())
        .bind(clean(&new.description).as_ref())
        .bind(to_json(&draft))
        .bind(actor.user_id.as_ref().map(UserId::as_str))
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        let rubric = read_rubric(&row)?;
        tx.commit().await?;
        Ok(rubric)
    }

    /// Makes and publishes the default rubric, unless this database has had it before; what people made of it
    /// stays. Processes that do it at the same time wait for each other.
    #[tracing::instrument(name = "db.rubric.ensure_default", level = "debug", skip_all)]
    pub async fn rubric_ensure_default(&self) -> Result<()> {
        let now = self.now();
        let id = default_rubric_id();
        let mut tx = self.begin().await?;
        let row = sqlx::query(concat!(
            "INSERT INTO rubrics (id, title, description, current_version, version, created_at) \
             VALUES ($1, $2, $3, 1, 1, $4) ON CONFLICT (id) DO NOTHING RETURNING ",
            rubric_columns!()
        ))
        .bind(id.as_str())
        .bind(DEFAULT_TITLE)
        .bind(DEFAULT_DESCRIPTION)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(row) = row {
            let rubric = read_rubric(&row)?;
            version::insert(&mut tx, &rubric, 1, &default_definition(), &Actor::default(), now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A rubric.
    #[tracing::instrument(name = "db.rubric.get", level = "debug", skip_all)]
    pub async fn rubric_get(&self, id: &RubricId) -> Result<Option<Rubric>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            rubric_columns!(),
            " FROM rubrics WHERE id = $1"
        ))
        .bind(id.as_str())
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map(read_rubric).transpose()
    }

    /// Rubrics, the oldest first: those that are archived, or those that are not.
    #[tracing::instrument(name = "db.rubric.list", level = "debug", skip_all)]
    pub async fn rubric_list(&self, archived: bool, page: &PageRequest) -> Result<Page<Rubric>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let mut conditions = Conditions::default();
        let only: [Value; 0] = [];
        conditions.and(
            if archived {
                "archived_at IS NOT NULL"
            } else {
                "archived_at IS NULL"
            },
            only,
        );
        if let Some(Cursor { key, id }) = &page.after {
            conditions.and("created_at >= ?", [*key]);
            conditions.and(
                "(created_at > ? OR id > ?)",
                [Value::Int(*key), Value::Text(clean(id).into_owned())],
            );
        }
        let Conditions { sql, values } = conditions;
        let sql = format!(
            "SELECT {} FROM rubrics WHERE 1 = 1{sql} ORDER BY created_at, id LIMIT {}",
            rubric_columns!(),
            limit + 1
        );
        let rows = self.fetch(sql, values).await?;
        let rubrics = rows.iter().map(read_rubric).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(rubrics, limit, |rubric| Cursor {
            key: rubric.created_at,
            id: rubric.id.to_string(),
        }))
    }

    /// Changes a rubric's title, description and draft. Published versions stay as they are.
    #[tracing::instrument(name = "db.rubric.update", level = "debug", skip_all)]
    pub async fn rubric_update(&self, id: &RubricId, patch: RubricPatch) -> Result<Rubric> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let rubric = lock(&mut tx, id, patch.if_version).await?;
        let draft = match patch.draft {
            Some(Some(draft)) => {
                let known = known_criteria(&mut tx, &rubric).await?;
                Some(with_own_ids(draft, &known, now))
            }
            Some(None) => None,
            None => rubric.draft,
        };
        let row = sqlx::query(concat!(
            "UPDATE rubrics SET title = COALESCE($2, title), description = COALESCE($3, description), \
             draft = $4 WHERE id = $1 RETURNING ",
            rubric_columns!()
        ))
        .bind(id.as_str())
        .bind(patch.title.map(|title| clean(&title).into_owned()))
        .bind(patch.description.map(|text| clean(&text).into_owned()))
        .bind(draft.as_ref().map(to_json))
        .fetch_one(&mut *tx)
        .await?;
        let rubric = read_rubric(&row)?;
        tx.commit().await?;
        Ok(rubric)
    }

    /// Takes a rubric away from what is offered for new reviews, or offers it again. Reviews made with it stay
    /// as they are.
    #[tracing::instrument(name = "db.rubric.set_archived", level = "debug", skip_all)]
    pub async fn rubric_set_archived(
        &self,
        id: &RubricId,
        archived: bool,
        if_version: Option<i64>,
    ) -> Result<Rubric> {
        let now = self.now();
        let mut tx = self.begin().await?;
        lock(&mut tx, id, if_version).await?;
        let row = sqlx::query(concat!(
            "UPDATE rubrics SET archived_at = CASE WHEN $2 = 1 THEN COALESCE(archived_at, $3) END \
             WHERE id = $1 RETURNING ",
            rubric_columns!()
        ))
        .bind(id.as_str())
        .bind(i64::from(archived))
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        let rubric = read_rubric(&row)?;
        tx.commit().await?;
        Ok(rubric)
    }
}
