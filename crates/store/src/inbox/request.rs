//! Asking somebody for a review.

use gametape_core::{
    TimeMs,
    event::{EventAudience, EventKind},
    id::{CallId, RequestId, UserId},
    inbox::{NoticeKind, RequestState, ReviewRequest},
};
use sqlx::any::AnyRow;

use super::{About, NewNotice, write::write};
use crate::{
    Result, Store, StoreError, Tx,
    event::{self, NewEvent},
    review::lock_call,
    row::{Fields, clean},
};

/// A request to make.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// For a review of which call.
    pub call_id: CallId,
    /// Who asks.
    pub asker_id: UserId,
    /// Whom.
    pub asked_id: UserId,
    /// What to look at.
    pub note: Option<String>,
    /// By when.
    pub due_at: Option<TimeMs>,
}

macro_rules! request_columns {
    () => {
        "id, call_id, asker_id, asked_id, note, due_at, state, reason, ended_at, created_at"
    };
}

fn read_request(row: &AnyRow) -> Result<ReviewRequest> {
    let fields = Fields::of(row, "review_requests");
    Ok(ReviewRequest {
        id: fields.parsed("id")?,
        call_id: fields.parsed("call_id")?,
        asker_id: fields.parsed("asker_id")?,
        asked_id: fields.parsed("asked_id")?,
        note: fields.opt_text("note")?,
        due_at: fields.opt_int("due_at")?,
        state: fields.parsed("state")?,
        reason: fields.opt_text("reason")?,
        ended_at: fields.opt_int("ended_at")?,
        created_at: fields.int("created_at")?,
    })
}

/// Tells those who have the call open and whom it concerns.
async fn tell_open_pages(
    tx: &mut Tx,
    request: &ReviewRequest,
    owner_id: &UserId,
    state: Option<RequestState>,
    now: TimeMs,
) -> Result<()> {
    let data = serde_json::json!({"request_id": request.id, "state": state});
    let people = vec![
        request.asker_id.clone(),
        request.asked_id.clone(),
        owner_id.clone(),
    ];
    let event = NewEvent::new(EventKind::Review, &data).only_for(EventAudience::People(people));
    event::write(tx, &request.call_id, now, &[event]).await
}

async fn tell(
    tx: &mut Tx,
    request: &ReviewRequest,
    kind: NoticeKind,
    user_id: &UserId,
    actor_id: &UserId,
    now: TimeMs,
) -> Result<()> {
    let notice = NewNotice {
        user_id,
        kind,
        call_id: request.call_id.as_str(),
        actor_id: Some(actor_id),
        about: About {
            request: Some(&request.id),
            ..About::default()
        },
    };
    write(tx, &notice, now).await
}

/// A request, with its call held, and whose call it is.
async fn hold(tx: &mut Tx, id: &RequestId) -> Result<(ReviewRequest, UserId)> {
    let missing = || StoreError::not_found("request", id);
    let select = concat!(
        "SELECT ",
        request_columns!(),
        " FROM review_requests WHERE id = $1"
    );
    let row = sqlx::query(select)
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    let found = read_request(&row.ok_or_else(missing)?)?;
    let owner_id = lock_call(tx, &found.call_id).await?;
    // What was read before may have changed since.
    let row = sqlx::query(select)
        .bind(id.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok((read_request(&row.ok_or_else(missing)?)?, owner_id))
}

/// Settles what somebody was asked who hands over a review of a call, which the transaction holds.
pub(crate) async fn review_handed_over(
    tx: &mut Tx,
    call_id: &CallId,
    reviewer_id: &UserId,
    owner_id: &UserId,
    now: TimeMs,
) -> Result<()> {
    let rows = sqlx::query(concat!(
        "UPDATE review_requests SET state = 'done', ended_at = $3 \
         WHERE call_id = $1 AND asked_id = $2 AND state = 'open' RETURNING ",
        request_columns!()
    ))
    .bind(call_id.as_str())
    .bind(reviewer_id.as_str())
    .bind(now)
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        let request = read_request(row)?;
        tell_open_pages(tx, &request, owner_id, Some(RequestState::Done), now).await?;
    }
    Ok(())
}

impl Store {
    /// Asks somebody for a review of a call. A conflict when somebody has asked them already.
    #[tracing::instrument(name = "db.request.create", level = "debug", skip_all)]
    pub async fn request_create(&self, new: NewRequest) -> Result<ReviewRequest> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let owner_id = lock_call(&mut tx, &new.call_id).await?;
        let row = sqlx::query(concat!(
            "INSERT INTO review_requests (id, call_id, asker_id, asked_id, note, due_at, state, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, 'open', $7) RETURNING ",
            request_columns!()
        ))
        .bind(RequestId::new(now).as_str())
        .bind(new.call_id.as_str())
        .bind(new.asker_id.as_str())
        .bind(new.asked_id.as_str())
        .bind(new.note.as_deref().map(|note| clean(note).into_owned()))
        .bind(new.due_at)
        .bind(now)
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| {
            StoreError::or_taken(error, "call", "they have been asked for a review of it already")
        })?;
        let request = read_request(&row)?;
        tell(
            &mut tx,
            &request,
            NoticeKind::ReviewRequested,
            &request.asked_id,
            &request.asker_id,
            now,
        )
        .await?;
        tell_open_pages(&mut tx, &request, &owner_id, Some(RequestState::Open), now).await?;
        tx.commit().await?;
        Ok(request)
    }

    /// A request.
    #[tracing::instrument(name = "db.request.get", level = "debug", skip_all)]
    pub async fn request_get(&self, id: &RequestId) -> Result<Option<ReviewRequest>> {
        let row = sqlx::query(concat!(
            "SELECT ",
            request_columns!(),
            " FROM review_requests WHERE id = $1"
        ))
        .bind(id.as_str())
        .fetch_optional(self.read())
        .await?;
        row.as_ref().map(read_request).transpose()
    }

    /// All requests for reviews of a call, the oldest first.
    #[tracing::instrument(name = "db.request.list", level = "debug", skip_all)]
    pub async fn request_list(&self, call_id: &CallId) -> Result<Vec<ReviewRequest>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            request_columns!(),
            " FROM review_requests WHERE call_id = $1 ORDER BY created_at, id"
        ))
        .bind(call_id.as_str())
        .fetch_all(self.read())
        .await?;
        rows.iter().map(read_request).collect()
    }

    /// Hands a request back for the person asked, who says why; its asker is told. A conflict when it is not open.
    #[tracing::instrument(name = "db.request.hand_back", level = "debug", skip_all)]
    pub async fn request_hand_back(&self, id: &RequestId, reason: &str) -> Result<ReviewRequest> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let (before, owner_id) = hold(&mut tx, id).await?;
        if before.state != RequestState::Open {
            return Err(StoreError::conflict("request", format!("it is {}", before.state)));
        }
        let row = sqlx::query(concat!(
            "UPDATE review_requests SET state = 'handed_back', reason = $2, ended_at = $3 WHERE id = $1 RETURNING ",
            request_columns!()
        ))
        .bind(id.as_str())
        .bind(clean(reason).as_ref())
        .bind(now)
        .fetch_one(&mut *tx)
        .await?;
        let request = read_request(&row)?;
        tell(
            &mut tx,
            &request,
            NoticeKind::ReviewHandedBack,
            &request.asker_id,
            &request.asked_id,
            now,
        )
        .await?;
        tell_open_pages(&mut tx, &request, &owner_id, Some(request.state), now).await?;
        tx.commit().await?;
        Ok(request)
    }

    /// Takes a request back, with what people were told of it.
    #[tracing::instrument(name = "db.request.delete", level = "debug", skip_all)]
    pub async fn request_delete(&self, id: &RequestId) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let (request, owner_id) = hold(&mut tx, id).await?;
        sqlx::query("DELETE FROM review_requests WHERE id = $1")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        tell_open_pages(&mut tx, &request, &owner_id, None, now).await?;
        tx.commit().await?;
        Ok(())
    }
}
