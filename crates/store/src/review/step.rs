//! The life of a review: handed over, shown, taken back, taken up again, answered.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    event::EventAudience,
    id::{ReviewId, UserId},
    review::{Review, ReviewResponse, ReviewState},
    rubric::{Missing, missing, result},
};

use super::{Changing, lock, save, score, write_step};
use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    inbox, moment,
    row::Fields,
    rubric,
};

/// Who is told when a review leaves a state or comes to one: those who see it there.
fn audience(state: ReviewState, review: &Review, owner_id: &UserId) -> EventAudience {
    match state {
        ReviewState::Draft | ReviewState::Withdrawn => {
            EventAudience::People(vec![review.reviewer_id.clone()])
        }
        ReviewState::Submitted => EventAudience::People(vec![review.reviewer_id.clone(), owner_id.clone()]),
        ReviewState::Released => EventAudience::Scores {
            reviewer_id: review.reviewer_id.clone(),
        },
    }
}

/// Makes the moments anew that a review's evidence belongs to, after the review was shown or hidden.
async fn refresh_moments(tx: &mut Tx, review: &Review, now: TimeMs) -> Result<()> {
    let rows = sqlx::query(
        "SELECT evidence.id AS id, anchors.start_ms AS start_ms, anchors.end_ms AS end_ms FROM evidence \
         JOIN anchors ON anchors.id = evidence.anchor_id WHERE evidence.review_id = $1 \
         ORDER BY anchors.start_ms, evidence.id",
    )
    .bind(review.id.as_str())
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        let fields = Fields::of(row, "anchors");
        let (start_ms, end_ms) = (fields.int("start_ms")?, fields.int("end_ms")?);
        moment::refresh(tx, &review.call_id, start_ms, end_ms, now).await?;
    }
    Ok(())
}

/// The person in the history; what the command line does is done in the author's name.
fn person<'a>(actor: &'a Actor, review: &'a Review) -> &'a UserId {
    actor.user_id.as_ref().unwrap_or(&review.reviewer_id)
}

/// Notes in the audit log that a review was shown, or that one which others saw was taken away.
async fn note(
    tx: &mut Tx,
    actor: &Actor,
    action: AuditAction,
    before: ReviewState,
    review: &Review,
    now: TimeMs,
) -> Result<()> {
    let entry = NewAudit::of(action, "review", review.id.as_str())
        .in_call(&review.call_id)
        .with(serde_json::json!({"from": before, "to": review.state}));
    audit::write(tx, now, actor, &entry).await
}

impl Store {
    /// Hands a draft to the reviewee, with its result. Incomplete, with all that is missing, when a criterion
    /// has neither a value nor is not applicable, or a value has no evidence where the rubric wants some. What
    /// the reviewee answered to an earlier submission is left to the history.
    #[tracing::instrument(name = "db.review.submit", level = "debug", skip_all)]
    pub async fn review_submit(
        &self,
        actor: &Actor,
        id: &ReviewId,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let Changing { mut review, owner_id } = lock(&mut tx, id, &[ReviewState::Draft], if_version).await?;
        let version = rubric::find_version(&mut tx, &review.rubric_id, review.rubric_version).await?;
        let scores = score::fetch(&mut *tx, std::slice::from_ref(id)).await?;
        let scores = scores.into_values().next().unwrap_or_default();
        let lacks = missing(&version.definition, &scores);
        if !lacks.is_empty() {
            return Err(StoreError::Incomplete {
                what: "review",
                reasons: lacks.iter().map(Missing::to_string).collect(),
            });
        }
        review.state = ReviewState::Submitted;
        review.submitted_at = Some(now);
        review.result_permille = result(&version.definition, &scores).permille;
        review.response = None;
        let audience = audience(ReviewState::Submitted, &review, &owner_id);
        let review = save(&mut tx, &review, audience, now).await?;
        write_step(&mut tx, id, person(actor, &review), "submit", None, now).await?;
        inbox::review_received(&mut tx, &review, &owner_id, now).await?;
        inbox::review_handed_over(&mut tx, &review.call_id, &review.reviewer_id, &owner_id, now).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// Shows a submitted review to everybody who sees the call.
    #[tracing::instrument(name = "db.review.release", level = "debug", skip_all)]
    pub async fn review_release(
        &self,
        actor: &Actor,
        id: &ReviewId,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let Changing { mut review, owner_id } =
            lock(&mut tx, id, &[ReviewState::Submitted], if_version).await?;
        review.state = ReviewState::Released;
        review.released_at = Some(now);
        let audience = audience(ReviewState::Released, &review, &owner_id);
        let review = save(&mut tx, &review, audience, now).await?;
        write_step(&mut tx, id, person(actor, &review), "release", None, now).await?;
        let before = ReviewState::Submitted;
        note(&mut tx, actor, AuditAction::ReviewRelease, before, &review, now).await?;
        refresh_moments(&mut tx, &review, now).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// Takes a review back for good; only its author sees it from now on.
    #[tracing::instrument(name = "db.review.withdraw", level = "debug", skip_all)]
    pub async fn review_withdraw(
        &self,
        actor: &Actor,
        id: &ReviewId,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let allowed = [ReviewState::Draft, ReviewState::Submitted, ReviewState::Released];
        let mut tx = self.begin().await?;
        let mut changing = lock(&mut tx, id, &allowed, if_version).await?;
        changing.review.withdrawn_at = Some(now);
        let review = hide(&mut tx, actor, changing, ReviewState::Withdrawn, None, now).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// Takes up a review again that was submitted or released; until it is submitted again only its author
    /// sees it.
    #[tracing::instrument(name = "db.review.reopen", level = "debug", skip_all)]
    pub async fn review_reopen(
        &self,
        actor: &Actor,
        id: &ReviewId,
        reason: &str,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let allowed = [ReviewState::Submitted, ReviewState::Released];
        let mut tx = self.begin().await?;
        let mut changing = lock(&mut tx, id, &allowed, if_version).await?;
        changing.review.released_at = None;
        changing.review.result_permille = None;
        let review = hide(&mut tx, actor, changing, ReviewState::Draft, Some(reason), now).await?;
        tx.commit().await?;
        Ok(review)
    }

    /// Answers a submitted or released review for the reviewee.
    #[tracing::instrument(name = "db.review.respond", level = "debug", skip_all)]
    pub async fn review_respond(
        &self,
        actor: &Actor,
        id: &ReviewId,
        response: ReviewResponse,
        note: &str,
        if_version: Option<i64>,
    ) -> Result<Review> {
        let now = self.now();
        let allowed = [ReviewState::Submitted, ReviewState::Released];
        let mut tx = self.begin().await?;
        let Changing { mut review, owner_id } = lock(&mut tx, id, &allowed, if_version).await?;
        review.response = Some((response, note.to_owned(), now));
        let audience = audience(review.state, &review, &owner_id);
        let review = save(&mut tx, &review, audience, now).await?;
        let reason = Some(note).filter(|note| !note.is_empty());
        write_step(
            &mut tx,
            id,
            person(actor, &review),
            response.as_str(),
            reason,
            now,
        )
        .await?;
        inbox::review_answered(&mut tx, &review, &owner_id, now).await?;
        tx.commit().await?;
        Ok(review)
    }
}

/// Takes a review to a state in which its author alone sees it. Those who saw it before are told.
async fn hide(
    tx: &mut Tx,
    actor: &Actor,
    changing: Changing,
    to: ReviewState,
    reason: Option<&str>,
    now: TimeMs,
) -> Result<Review> {
    let Changing { mut review, owner_id } = changing;
    let before = review.state;
    review.state = to;
    let audience = audience(before, &review, &owner_id);
    let review = save(tx, &review, audience, now).await?;
    let action = if to == ReviewState::Draft {
        "reopen"
    } else {
        "withdraw"
    };
    write_step(tx, &review.id, person(actor, &review), action, reason, now).await?;
    inbox::review_gone(tx, &review.id).await?;
    if to == ReviewState::Draft {
        inbox::review_begun(tx, &review, now).await?;
    }
    // A draft that is thrown away is nobody else's business.
    if before != ReviewState::Draft {
        note(tx, actor, AuditAction::ReviewWithdraw, before, &review, now).await?;
    }
    if before == ReviewState::Released {
        refresh_moments(tx, &review, now).await?;
    }
    Ok(review)
}
