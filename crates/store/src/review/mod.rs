//! Reviews: begun, filled in, handed over, shown, taken back.
//!
//! Whoever changes a review locks its call first, as everybody does who changes what hangs on a call; so
//! changes of the reviews of one call come one after the other, and what is read under the lock stays true.

mod export;
mod list;
mod score;
mod step;

use gametape_core::{
    TimeMs,
    event::{EventAudience, EventKind},
    id::{CallId, ReviewId, ReviewStepId, RubricId, UserId},
    review::{Review, ReviewState, ReviewStep, Score},
    rubric::RubricVersion,
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError, Tx,
    event::{self, NewEvent},
    idempotency, inbox,
    row::{Fields, clean},
    rubric,
};

pub use export::{ReviewExport, ReviewExportFilter};
pub use list::{ReviewFilter, ReviewLine, ReviewRelation};

/// A review with all that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewDetail {
    /// The review.
    pub review: Review,
    /// The version of the rubric that it is made with.
    pub rubric: RubricVersion,
    /// What was scored so far, in the order of the rubric.
    pub scores: Vec<Score>,
    /// What happened to it, in order.
    pub steps: Vec<ReviewStep>,
}

macro_rules! review_columns {
    () => {
        "reviews.id AS id, reviews.call_id AS call_id, reviews.reviewer_id AS reviewer_id, \
         reviews.rubric_id AS rubric_id, reviews.rubric_version AS rubric_version, reviews.state AS state, \
         reviews.summary AS summary, reviews.result_permille AS result_permille, \
         reviews.response AS response, reviews.response_note AS response_note, \
         reviews.responded_at AS responded_at, reviews.submitted_at AS submitted_at, \
         reviews.released_at AS released_at, reviews.withdrawn_at AS withdrawn_at, \
         reviews.version AS version, reviews.created_at AS created_at"
    };
}
use review_columns;

fn read_review(row: &AnyRow) -> Result<Review> {
    let fields = Fields::of(row, "reviews");
    let response = match fields.opt_parsed("response")? {
        Some(response) => Some((
            response,
            fields.opt_text("response_note")?.unwrap_or_default(),
            fields.int("responded_at")?,
        )),
        None => None,
    };
    Ok(Review {
        id: fields.parsed("id")?,
        call_id: fields.parsed("call_id")?,
        reviewer_id: fields.parsed("reviewer_id")?,
        rubric_id: fields.parsed("rubric_id")?,
        rubric_version: fields.int("rubric_version")?,
        state: fields.parsed("state")?,
        summary: fields.text("summary")?,
        result_permille: fields.opt_int("result_permille")?,
        response,
        submitted_at: fields.opt_int("submitted_at")?,
        released_at: fields.opt_int("released_at")?,
        withdrawn_at: fields.opt_int("withdrawn_at")?,
        version: fields.int("version")?,
        created_at: fields.int("created_at")?,
    })
}

fn read_step(row: &AnyRow) -> Result<ReviewStep> {
    let fields = Fields::of(row, "review_history");
    Ok(ReviewStep {
        id: fields.parsed("id")?,
        actor_id: fields.parsed("actor_id")?,
        action: fields.text("action")?,
        reason: fields.opt_text("reason")?,
        created_at: fields.int("created_at")?,
    })
}

/// A review that is being changed.
struct Changing {
    review: Review,
    /// Whose call it is about.
    owner_id: UserId,
}

/// Keeps others from changing a call and its reviews until the transaction ends; answers whose it is.
pub(crate) async fn lock_call(tx: &mut Tx, call_id: &CallId) -> Result<UserId> {
    let row = sqlx::query("UPDATE calls SET event_seq = event_seq WHERE id = $1 RETURNING id, owner_id")
        .bind(call_id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    let row = row.ok_or_else(|| StoreError::not_found("call", call_id))?;
    Fields::of(&row, "calls").parsed("owner_id")
}

/// A review that is in one of these states, under the lock of its call.
async fn lock(
    tx: &mut Tx,
    id: &ReviewId,
    allowed: &[ReviewState],
    if_version: Option<i64>,
) -> Result<Changing> {
    let missing = || StoreError::not_found("review", id);
    let call_id = sqlx::query("SELECT id, call_id FROM reviews WHERE id = $1")
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    let call_id = call_id.ok_or_else(missing)?;
    let owner_id = lock_call(tx, &Fields::of(&call_id, "reviews").parsed("call_id")?).await?;
    let row = sqlx::query(concat!(
        "SELECT ",
        review_columns!(),
        " FROM reviews WHERE id = $1"
    ))
    .bind(id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    let review = read_review(&row.ok_or_else(missing)?)?;
    if if_version.is_some_and(|version| version != review.version) {
        return Err(StoreError::Stale { what: "review" });
    }
    if !allowed.contains(&review.state) {
        return Err(StoreError::conflict("review", format!("it is {}", review.state)));
    }
    Ok(Changing { review, owner_id })
}

/// Writes what can change about a review, as its next version, and tells `audience` of it.
async fn save(tx: &mut Tx, review: &Review, audience: EventAudience, now: TimeMs) -> Result<Review> {
    let (response, note, responded_at) = match &review.response {
        Some((response, note, at)) => (Some(response.as_str()), Some(clean(note).into_owned()), Some(*at)),
        None => (None, None, None),
    };
    let row = sqlx::query(concat!(
        "UPDATE reviews SET state = $2, summary = $3, result_permille = $4, response = $5, \
         response_note = $6, responded_at = $7, submitted_at = $8, released_at = $9, withdrawn_at = $10, \
         version = version + 1 WHERE id = $1 RETURNING ",
        review_columns!()
    ))
    .bind(review.id.as_str())
    .bind(review.state.as_str())
    .bind(clean(&review.summary).as_ref())
    .bind(review.result_permille)
    .bind(response)
    .bind(note)
    .bind(responded_at)
    .bind(review.submitted_at)
    .bind(review.released_at)
    .bind(review.withdrawn_at)
    .fetch_one(&mut **tx)
    .await?;
    let review = read_review(&row)?;
    tell(tx, &review, audience, now).await?;
    Ok(review)
}

/// Tells `audience` where a review stands, and nothing of its scores.
async fn tell(tx: &mut Tx, review: &Review, audience: EventAudience, now: TimeMs) -> Result<()> {
    let data = serde_json::json!({"id": review.id, "state": review.state});
    let event = NewEvent::new(EventKind::Review, &data).only_for(audience);
    event::write(tx, &review.call_id, now, &[event]).await
}

/// Those who are told of changes that nobody else may see.
fn author_alone(review: &Review) -> EventAudience {
    EventAudience::People(vec![review.reviewer_id.clone()])
}

async fn write_step(
    tx: &mut Tx,
    review_id: &ReviewId,
    actor_id: &UserId,
    action: &str,
    reason: Option<&str>,
    now: TimeMs,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO review_history (id, review_id, actor_id, action, reason, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(ReviewStepId::new(now).as_str())
    .bind(review_id.as_str())
    .bind(actor_id.as_str())
    .bind(action)
    .bind(reason.map(|text| clean(text).into_owned()))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// Begins a review of a call with the current version of a rubric. A conflict when the rubric is not
    /// published or archived, and when the reviewer has a review of this call with it that is not withdrawn.
    #[tracing::instrument(name = "db.review.create", level = "debug", skip_all)]
    pub async fn review_create(
        &self,
        reviewer_id: &UserId,
        call_id: &CallId,
        rubric_id: &RubricId,
    ) -> Result<Review> {
        let now = self.now();
        let mut tx = self.begin().await?;
        if let Some(id) = idempotency::made(&mut tx, ReviewId::PREFIX).await? {
            let row = sqlx::query(concat!(
                "SELECT ",
                review_columns!(),
                " FROM reviews WHERE id = $1"
            ))
            .bind(&id)
            .fetch_optional(&mut *tx)
            .await?;
            return read_review(&row.ok_or_else(|| StoreError::not_found("review", &id))?);
        }
        lock_call(&mut tx, call_id).await?;
        let version = rubric::version_for_reviews(&mut tx, rubric_id).await?;
        let row = sqlx::query(concat!(
            "INSERT INTO reviews (id, call_id, reviewer_id, rubric_id, rubric_version, state, summary, \
             version, created_at) VALUES ($1, $2, $3, $4, $5, $6, '', 1, $7) RETURNING ",
            review_columns!()
        ))
        .bind(ReviewId::new(now).as_str())
        .bind(call_id.as_str())
        .bind(reviewer_id.as_str())
        .bind(rubric_id.as_str())
        .bind(version)
        .bind(ReviewState::Draft.as_str())
        .bind(now)
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| {
            StoreError::or_taken(error, "call", "you have a review of it with this rubric already")
        })?;
        let review = read_review(&row)?;
        write_step(&mut tx, &review.id, reviewer_id, "create", None, now).await?;
        inbox::review_begun(&mut tx, &review, now).await?;
        tell(&mut tx, &review, author_alone(&review), now).await?;
        idempotency::note(&mut tx, ReviewId::PREFIX, review.id.as_str()).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// A review without its scores.
    #[tracing::instrument(name = "db.review.get", level = "debug", skip_all)]
    pub async fn review_get(&self, id: &ReviewId) -> Result<Option<Review>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            review_columns!(),
            " FROM reviews WHERE id = $1"
        ))
        .bind(id.as_str())
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map(read_review).transpose()
    }

    /// A review with its rubric, scores and history, in four queries. Its version is the oldest of what is
    /// read, so a change that comes in between is never overwritten unknowingly.
    #[tracing::instrument(name = "db.review.read", level = "debug", skip_all)]
    pub async fn review_read(&self, id: &ReviewId) -> Result<Option<ReviewDetail>> {
        let Some(review) = self.review_get(id).await? else {
            return Ok(None);
        };
        let rubric = self
            .rubric_version_get(&review.rubric_id, review.rubric_version)
            .await?;
        // The call, and the review with it, may be deleted meanwhile; the rubric is not.
        let Some(rubric) = rubric else { return Ok(None) };
        let scores = score::fetch(self.read(), std::slice::from_ref(&review.id)).await?;
        let mut scores = scores.into_values().next().unwrap_or_default();
        score::sort(&mut scores, &rubric.definition);
        let rows = sqlx::query(
            "SELECT id, actor_id, action, reason, created_at FROM review_history WHERE review_id = $1 \
             ORDER BY created_at, id",
        )
        .bind(id.as_str())
        .fetch_all(self.read())
        .await?;
        Ok(Some(ReviewDetail {
            review,
            rubric,
            scores,
            steps: rows.iter().map(read_step).collect::<Result<_>>()?,
        }))
    }

    /// Whether somebody has an open review of a call: then they see nobody else's scores of it.
    #[tracing::instrument(name = "db.review.is_open", level = "debug", skip_all)]
    pub async fn review_is_open(&self, user_id: &UserId, call_id: &CallId) -> Result<bool> {
        let found = sqlx::query(
            "SELECT id FROM reviews WHERE reviewer_id = $1 AND call_id = $2 AND state = 'draft' LIMIT 1",
        )
        .bind(user_id.as_str())
        .bind(call_id.as_str())
        .fetch_optional(self.read())
        .await?;
        Ok(found.is_some())
    }

    /// Changes what a draft says about the call as a whole.
    #[tracing::instrument(name = "db.review.set_summary", level = "debug", skip_all)]
    pub async fn review_set_summary(
        &self,
        id: &ReviewId,
        summary: &str,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let Changing { mut review, .. } = lock(&mut tx, id, &[ReviewState::Draft], if_version).await?;
        summary.clone_into(&mut review.summary);
        let review = save(&mut tx, &review, author_alone(&review), now).await?;
        tx.commit().await?;
        Ok(review)
    }
}
