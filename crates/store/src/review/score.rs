//! What reviews say about each criterion, and the places in the call that this rests on.

use std::collections::HashMap;

use gametape_core::{
    id::{AnchorId, CriterionId, EvidenceId, ReviewId},
    review::{Evidence, Rating, Review, ReviewState, Score},
    rubric::{Criterion, Definition},
};
use sqlx::{Any, AssertSqlSafe, Executor, any::AnyRow};

use super::{Changing, author_alone, lock, save};
use crate::{
    Place, Result, Store, StoreError, Tx,
    anchor::{self, anchor_columns, read_anchor},
    conditions::{self, Value},
    idempotency,
    row::{Fields, clean},
    rubric,
};

/// Places that one score may rest on.
const MAX_EVIDENCE: i64 = 50;

/// The scores of reviews, each with its evidence, in one query. A criterion that has evidence only is there
/// too. Reviews without any are left out.
pub(super) async fn fetch<'e, E>(
    executor: E,
    review_ids: &[ReviewId],
) -> Result<HashMap<ReviewId, Vec<Score>>>
where
    E: Executor<'e, Database = Any>,
{
    if review_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let places: Vec<String> = (1..=review_ids.len()).map(|place| format!("${place}")).collect();
    let places = places.join(", ");
    let sql = format!(
        "SELECT line.review_id AS review_id, line.criterion_id AS criterion_id, \
           scores.criterion_id AS scored, scores.value AS value, scores.note AS note, \
           scores.updated_at AS updated_at, evidence.id AS evidence_id, \
           evidence.created_at AS evidence_created_at, {} \
         FROM (SELECT review_id, criterion_id FROM scores WHERE review_id IN ({places}) \
               UNION SELECT review_id, criterion_id FROM evidence WHERE review_id IN ({places})) line \
         LEFT JOIN scores ON scores.review_id = line.review_id AND scores.criterion_id = line.criterion_id \
         LEFT JOIN evidence ON evidence.review_id = line.review_id \
           AND evidence.criterion_id = line.criterion_id \
         LEFT JOIN anchors ON anchors.id = evidence.anchor_id \
         ORDER BY line.review_id, line.criterion_id, evidence.created_at, evidence.id",
        anchor_columns!()
    );
    let values = review_ids.iter().map(|id| Value::from(id.as_str())).collect();
    let query = conditions::bind(sqlx::query(AssertSqlSafe(sql)), values);
    let rows = query.fetch_all(executor).await?;
    let mut scores: HashMap<ReviewId, Vec<Score>> = HashMap::new();
    for row in &rows {
        let review_id = Fields::of(row, "scores").parsed("review_id")?;
        add_row(scores.entry(review_id).or_default(), row)?;
    }
    Ok(scores)
}

/// Adds a row to the scores of its review; rows of one criterion come one after the other.
fn add_row(scores: &mut Vec<Score>, row: &AnyRow) -> Result<()> {
    let fields = Fields::of(row, "scores");
    let criterion_id: CriterionId = fields.parsed("criterion_id")?;
    if scores.last().is_none_or(|last| last.criterion_id != criterion_id) {
        let rating = match (fields.opt_text("scored")?, fields.opt_int("value")?) {
            (None, _) => None,
            (Some(_), Some(value)) => Some(Rating::Value(value)),
            (Some(_), None) => Some(Rating::NotApplicable),
        };
        scores.push(Score {
            criterion_id,
            rating,
            note: fields.opt_text("note")?.unwrap_or_default(),
            evidence: Vec::new(),
            updated_at: fields.opt_int("updated_at")?.unwrap_or_default(),
        });
    }
    let evidence_id = fields.opt_parsed("evidence_id")?;
    if let (Some(score), Some(id), Some(anchor)) = (scores.last_mut(), evidence_id, read_anchor(row)?) {
        score.evidence.push(Evidence { id, anchor });
        score.updated_at = score.updated_at.max(fields.int("evidence_created_at")?);
    }
    Ok(())
}

/// Puts scores into the order of their rubric.
pub(super) fn sort(scores: &mut [Score], definition: &Definition) {
    scores.sort_by_key(|score| {
        let place = |criterion: &Criterion| criterion.id == score.criterion_id;
        definition.criteria.iter().position(place)
    });
}

/// Draft reviews are what is scored, and only by the criteria of their version of the rubric.
async fn lock_for_scoring(
    tx: &mut Tx,
    id: &ReviewId,
    criterion_id: &CriterionId,
    if_version: Option<i64>,
) -> Result<(Review, Criterion)> {
    let Changing { review, .. } = lock(tx, id, &[ReviewState::Draft], if_version).await?;
    let version = rubric::find_version(tx, &review.rubric_id, review.rubric_version).await?;
    let criteria = version.definition.criteria.into_iter();
    let criterion = criteria
        .into_iter()
        .find(|criterion| criterion.id == *criterion_id);
    let criterion = criterion.ok_or_else(|| StoreError::not_found("criterion", criterion_id))?;
    Ok((review, criterion))
}

async fn insert_evidence(
    tx: &mut Tx,
    review: &Review,
    criterion_id: &CriterionId,
    place: &Place,
    now: i64,
) -> Result<Evidence> {
    let anchor_id = anchor::create(tx, &review.call_id, place, now).await?;
    let id = EvidenceId::new(now);
    sqlx::query(
        "INSERT INTO evidence (id, review_id, criterion_id, anchor_id, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id.as_str())
    .bind(review.id.as_str())
    .bind(criterion_id.as_str())
    .bind(anchor_id.as_str())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    let row = sqlx::query(concat!(
        "SELECT ",
        anchor_columns!(),
        " FROM anchors WHERE id = $1"
    ))
    .bind(anchor_id.as_str())
    .fetch_one(&mut **tx)
    .await?;
    let anchor = read_anchor(&row)?.ok_or_else(|| StoreError::not_found("anchor", &anchor_id))?;
    Ok(Evidence { id, anchor })
}

/// The place that an earlier try of the same request added to this draft.
async fn added_before(tx: &mut Tx, id: &ReviewId) -> Result<Option<(Review, Evidence)>> {
    let Some(evidence_id) = idempotency::made(tx, EvidenceId::PREFIX).await? else {
        return Ok(None);
    };
    let Changing { review, .. } = lock(tx, id, &[ReviewState::Draft], None).await?;
    let scores = fetch(&mut **tx, std::slice::from_ref(id)).await?;
    let evidence = scores
        .into_values()
        .flatten()
        .flat_map(|score| score.evidence)
        .find(|evidence| evidence.id.as_str() == evidence_id);
    Ok(evidence.map(|evidence| (review, evidence)))
}

impl Store {
    /// Says something about a criterion in a draft, in place of what was said before. A conflict for a value
    /// that is not on the criterion's scale.
    #[tracing::instrument(name = "db.review.set_score", level = "debug", skip_all)]
    pub async fn review_set_score(
        &self,
        id: &ReviewId,
        criterion_id: &CriterionId,
        rating: Rating,
        note: &str,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let (review, criterion) = lock_for_scoring(&mut tx, id, criterion_id, if_version).await?;
        let value = match rating {
            Rating::Value(value) if criterion.scale.has(value) => Some(value),
            Rating::Value(value) => {
                let detail = format!("{value} is not on its scale {}", criterion.scale);
                return Err(StoreError::conflict("criterion", detail));
            }
            Rating::NotApplicable => None,
        };
        sqlx::query(
            "INSERT INTO scores (review_id, criterion_id, value, note, updated_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (review_id, criterion_id) \
             DO UPDATE SET value = excluded.value, note = excluded.note, updated_at = excluded.updated_at",
        )
        .bind(id.as_str())
        .bind(criterion_id.as_str())
        .bind(value)
        .bind(clean(note).as_ref())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        let review = save(&mut tx, &review, author_alone(&review), now).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// Takes back what a draft says about a criterion, if it says anything; evidence stays.
    #[tracing::instrument(name = "db.review.unset_score", level = "debug", skip_all)]
    pub async fn review_unset_score(
        &self,
        id: &ReviewId,
        criterion_id: &CriterionId,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let (review, _) = lock_for_scoring(&mut tx, id, criterion_id, if_version).await?;
        sqlx::query("DELETE FROM scores WHERE review_id = $1 AND criterion_id = $2")
            .bind(id.as_str())
            .bind(criterion_id.as_str())
            .execute(&mut *tx)
            .await?;
        let review = save(&mut tx, &review, author_alone(&review), now).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// Ties a criterion of a draft to a place in the call. A conflict where it has as many as it may have.
    #[tracing::instrument(name = "db.review.add_evidence", level = "debug", skip_all)]
    pub async fn review_add_evidence(
        &self,
        id: &ReviewId,
        criterion_id: &CriterionId,
        place: &Place,
        if_version: Option<i64>,
    ) -> Result<(Review, Evidence)> {
        let now = self.now();
        let mut tx = self.begin().await?;
        if let Some(made) = added_before(&mut tx, id).await? {
            return Ok(made);
        }
        let (review, _) = lock_for_scoring(&mut tx, id, criterion_id, if_version).await?;
        let count: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM evidence WHERE review_id = $1 AND criterion_id = $2")
                .bind(id.as_str())
                .bind(criterion_id.as_str())
                .fetch_one(&mut *tx)
                .await?;
        if count >= MAX_EVIDENCE {
            let detail = format!("a score may rest on {MAX_EVIDENCE} places");
            return Err(StoreError::conflict("review", detail));
        }
        let evidence = insert_evidence(&mut tx, &review, criterion_id, place, now).await?;
        let review = save(&mut tx, &review, author_alone(&review), now).await?;
        idempotency::note(&mut tx, EvidenceId::PREFIX, evidence.id.as_str()).await?;
        tx.commit().await?;
        Ok((review, evidence))
    }

    /// Takes a place away from a draft.
    #[tracing::instrument(name = "db.review.remove_evidence", level = "debug", skip_all)]
    pub async fn review_remove_evidence(
        &self,
        id: &ReviewId,
        evidence_id: &EvidenceId,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let Changing { review, .. } = lock(&mut tx, id, &[ReviewState::Draft], if_version).await?;
        let row =
            sqlx::query("DELETE FROM evidence WHERE id = $1 AND review_id = $2 RETURNING id, anchor_id")
                .bind(evidence_id.as_str())
                .bind(id.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        let row = row.ok_or_else(|| StoreError::not_found("evidence", evidence_id))?;
        let anchor_id: AnchorId = Fields::of(&row, "evidence").parsed("anchor_id")?;
        anchor::delete(&mut tx, &anchor_id).await?;
        let review = save(&mut tx, &review, author_alone(&review), now).await?;
        tx.commit().await?;
        Ok(review)
    }
}
