//! Telling people, in the transaction of what they are told, which holds the call.

use gametape_core::{
    TimeMs,
    comment::{Audience, Comment},
    id::{CallId, CommentId, NoticeId, RequestId, ReviewId, UserId},
    inbox::NoticeKind,
    review::Review,
};

use super::{About, NewNotice};
use crate::{Result, Tx, row::Fields};

/// Writes a notice; where there is one that says the same, it is the newer of the two that stays.
macro_rules! insert_unless {
    ($conflict:literal) => {
        concat!(
            "INSERT INTO notices (id, user_id, kind, call_id, comment_id, review_id, request_id, actor_id, \
             read_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT ",
            $conflict,
            " DO UPDATE SET id = excluded.id, kind = excluded.kind, actor_id = excluded.actor_id, \
             read_at = excluded.read_at, created_at = excluded.created_at"
        )
    };
}

/// Writes a notice, or tells the same person anew of what they were told before.
pub(super) async fn write(tx: &mut Tx, notice: &NewNotice<'_>, now: TimeMs) -> Result<()> {
    // Nobody is told of their own doing; what they have begun waits for them all the same.
    let own = notice.actor_id == Some(notice.user_id);
    if own && notice.kind != NoticeKind::ReviewDraft {
        return Ok(());
    }
    let About {
        comment,
        review,
        request,
    } = notice.about;
    let sql = if comment.is_some() {
        insert_unless!("(comment_id, user_id) WHERE comment_id IS NOT NULL")
    } else if review.is_some() {
        insert_unless!("(review_id, user_id, kind) WHERE review_id IS NOT NULL")
    } else {
        insert_unless!("(id)")
    };
    sqlx::query(sql)
        .bind(NoticeId::new(now).as_str())
        .bind(notice.user_id.as_str())
        .bind(notice.kind.as_str())
        .bind(notice.call_id)
        .bind(comment.map(CommentId::as_str))
        .bind(review.map(ReviewId::as_str))
        .bind(request.map(RequestId::as_str))
        .bind(notice.actor_id.map(UserId::as_str))
        .bind(own.then_some(now))
        .bind(now)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn tell_of_comment(
    tx: &mut Tx,
    comment: &Comment,
    kind: NoticeKind,
    people: &[UserId],
    now: TimeMs,
) -> Result<()> {
    for user_id in people {
        let notice = NewNotice {
            user_id,
            kind,
            call_id: comment.call_id.as_str(),
            actor_id: Some(&comment.author_id),
            about: About {
                comment: Some(&comment.id),
                ..About::default()
            },
        };
        write(tx, &notice, now).await?;
    }
    Ok(())
}

/// Those who wrote a comment or answered it.
async fn in_thread(tx: &mut Tx, root_id: &CommentId) -> Result<Vec<UserId>> {
    let rows = sqlx::query(
        "SELECT DISTINCT author_id AS id FROM comments WHERE (id = $1 OR parent_id = $1) AND deleted_at IS NULL \
         ORDER BY author_id",
    )
    .bind(root_id.as_str())
    .fetch_all(&mut **tx)
    .await?;
    rows.iter()
        .map(|row| Fields::of(row, "comments").parsed("id"))
        .collect()
}

async fn owner_of(tx: &mut Tx, call_id: &CallId) -> Result<Vec<UserId>> {
    let rows = sqlx::query("SELECT owner_id AS id FROM calls WHERE id = $1")
        .bind(call_id.as_str())
        .fetch_all(&mut **tx)
        .await?;
    rows.iter()
        .map(|row| Fields::of(row, "calls").parsed("id"))
        .collect()
}

/// Tells everybody of a new comment or answer whom it concerns, each once: whom it mentions, who is part of the
/// talk, whose call it is.
pub(crate) async fn comment_written(
    tx: &mut Tx,
    root: &Comment,
    comment: &Comment,
    now: TimeMs,
) -> Result<()> {
    let mut told = comment.mentions.clone();
    tell_of_comment(tx, comment, NoticeKind::Mention, &comment.mentions, now).await?;
    if comment.parent_id.is_some() {
        let mut people = in_thread(tx, &root.id).await?;
        people.retain(|id| !told.contains(id));
        tell_of_comment(tx, comment, NoticeKind::Reply, &people, now).await?;
        told.extend(people);
    }
    if root.audience == Audience::Call {
        let mut people = owner_of(tx, &root.call_id).await?;
        people.retain(|id| !told.contains(id));
        tell_of_comment(tx, comment, NoticeKind::Comment, &people, now).await?;
    }
    Ok(())
}

/// Tells those of a comment whom it mentions only since it was edited, and takes back what others were told.
pub(crate) async fn comment_edited(
    tx: &mut Tx,
    before: &Comment,
    comment: &Comment,
    now: TimeMs,
) -> Result<()> {
    for gone in before.mentions.iter().filter(|id| !comment.mentions.contains(id)) {
        sqlx::query("DELETE FROM notices WHERE comment_id = $1 AND user_id = $2 AND kind = 'mention'")
            .bind(comment.id.as_str())
            .bind(gone.as_str())
            .execute(&mut **tx)
            .await?;
    }
    let new = comment.mentions.iter().filter(|id| !before.mentions.contains(id));
    let new: Vec<UserId> = new.cloned().collect();
    tell_of_comment(tx, comment, NoticeKind::Mention, &new, now).await
}

/// Takes back what people were told of a comment.
pub(crate) async fn comment_gone(tx: &mut Tx, id: &CommentId) -> Result<()> {
    sqlx::query("DELETE FROM notices WHERE comment_id = $1")
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn tell_of_review(
    tx: &mut Tx,
    review: &Review,
    kind: NoticeKind,
    user_id: &UserId,
    actor_id: &UserId,
    now: TimeMs,
) -> Result<()> {
    let notice = NewNotice {
        user_id,
        kind,
        call_id: review.call_id.as_str(),
        actor_id: Some(actor_id),
        about: About {
            review: Some(&review.id),
            ..About::default()
        },
    };
    write(tx, &notice, now).await
}

/// A review that somebody has begun, or taken up again, waits for them.
pub(crate) async fn review_begun(tx: &mut Tx, review: &Review, now: TimeMs) -> Result<()> {
    let me = &review.reviewer_id;
    tell_of_review(tx, review, NoticeKind::ReviewDraft, me, me, now).await
}

/// Tells the reviewee of a review that was handed to them.
pub(crate) async fn review_received(
    tx: &mut Tx,
    review: &Review,
    owner_id: &UserId,
    now: TimeMs,
) -> Result<()> {
    review_gone(tx, &review.id).await?;
    let by = &review.reviewer_id;
    tell_of_review(tx, review, NoticeKind::ReviewReceived, owner_id, by, now).await
}

/// Tells a reviewer what the reviewee answered.
pub(crate) async fn review_answered(
    tx: &mut Tx,
    review: &Review,
    owner_id: &UserId,
    now: TimeMs,
) -> Result<()> {
    let reviewer_id = &review.reviewer_id;
    tell_of_review(tx, review, NoticeKind::ReviewAnswered, reviewer_id, owner_id, now).await
}

/// Takes back what people were told of a review.
pub(crate) async fn review_gone(tx: &mut Tx, id: &ReviewId) -> Result<()> {
    sqlx::query("DELETE FROM notices WHERE review_id = $1")
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Tells the owner of a call that it, or its recording, is deleted soon; says whether there is such a call.
pub(crate) async fn call_leaves(tx: &mut Tx, call_id: &CallId, now: TimeMs) -> Result<bool> {
    call_stays(tx, call_id).await?;
    let owners = owner_of(tx, call_id).await?;
    for user_id in &owners {
        let notice = NewNotice {
            user_id,
            kind: NoticeKind::CallLeaving,
            call_id: call_id.as_str(),
            actor_id: None,
            about: About::default(),
        };
        write(tx, &notice, now).await?;
    }
    Ok(!owners.is_empty())
}

/// Takes back that a call, or its recording, is deleted soon.
pub(crate) async fn call_stays(tx: &mut Tx, call_id: &CallId) -> Result<()> {
    sqlx::query("DELETE FROM notices WHERE call_id = $1 AND kind = 'call_leaving'")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes that back for all calls.
pub(crate) async fn calls_stay(tx: &mut Tx) -> Result<()> {
    sqlx::query("DELETE FROM notices WHERE kind = 'call_leaving'")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Tells the owner of a call that it can be read, or that it failed, in place of what they were told before.
pub(crate) async fn call_ended(tx: &mut Tx, call_id: &CallId, kind: NoticeKind, now: TimeMs) -> Result<()> {
    sqlx::query("DELETE FROM notices WHERE call_id = $1 AND kind IN ('call_ready', 'call_failed')")
        .bind(call_id.as_str())
        .execute(&mut **tx)
        .await?;
    for user_id in &owner_of(tx, call_id).await? {
        let notice = NewNotice {
            user_id,
            kind,
            call_id: call_id.as_str(),
            actor_id: None,
            about: About::default(),
        };
        write(tx, &notice, now).await?;
    }
    Ok(())
}
