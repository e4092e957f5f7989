//! New comments and answers.

use gametape_core::{
    TimeMs,
    comment::{Audience, Comment, CommentText},
    id::{AnchorId, CallId, CommentId, UserId},
};

use super::{count, find_existing, hold, make_findable, opt_clean, refresh_moments, set_mentions, tell};
use crate::{Place, Result, Store, StoreError, Tx, anchor, idempotency, inbox, row::clean};

/// A comment to write.
#[derive(Debug, Clone)]
pub struct NewComment {
    /// On which call.
    pub call_id: CallId,
    /// Whose.
    pub author_id: UserId,
    /// Where; `None` for the call as a whole.
    pub place: Option<Place>,
    /// What it says.
    pub text: CommentText,
    /// Who sees it.
    pub audience: Audience,
    /// Whom it mentions, each once.
    pub mentions: Vec<UserId>,
}

/// An answer to write.
#[derive(Debug, Clone)]
pub struct NewReply {
    /// To which comment.
    pub parent_id: CommentId,
    /// Whose.
    pub author_id: UserId,
    /// What it says.
    pub text: CommentText,
    /// Whom it mentions, each once.
    pub mentions: Vec<UserId>,
}

/// A row of the table of comments.
struct Row<'a> {
    call_id: &'a CallId,
    parent_id: Option<&'a CommentId>,
    author_id: &'a UserId,
    anchor_id: Option<AnchorId>,
    audience: Audience,
    text: &'a CommentText,
}

async fn insert(tx: &mut Tx, row: &Row<'_>, mentions: &[UserId], now: TimeMs) -> Result<Comment> {
    let id = CommentId::new(now);
    sqlx::query(
        "INSERT INTO comments (id, call_id, parent_id, author_id, anchor_id, kind, audience, body, situation, \
         behaviour, impact, mentions, version, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '[]', 1, $12)",
    )
    .bind(id.as_str())
    .bind(row.call_id.as_str())
    .bind(row.parent_id.map(CommentId::as_str))
    .bind(row.author_id.as_str())
    .bind(row.anchor_id.as_ref().map(AnchorId::as_str))
    .bind(row.text.kind.as_str())
    .bind(row.audience.as_str())
    .bind(clean(&row.text.body).as_ref())
    .bind(opt_clean(row.text.situation.as_ref()))
    .bind(opt_clean(row.text.behaviour.as_ref()))
    .bind(opt_clean(row.text.impact.as_ref()))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    if !mentions.is_empty() {
        set_mentions(tx, &id, mentions).await?;
    }
    find_existing(tx, &id).await
}

/// The comment that an earlier try of the same request wrote.
async fn written_before(tx: &mut Tx) -> Result<Option<Comment>> {
    let Some(id) = idempotency::made(tx, CommentId::PREFIX).await? else {
        return Ok(None);
    };
    match id.parse() {
        Ok(id) => find_existing(tx, &id).await.map(Some),
        Err(_) => Ok(None),
    }
}

impl Store {
    /// Writes a comment. One that has a place quotes the words that people read there just now.
    #[tracing::instrument(name = "db.comment.create", level = "debug", skip_all)]
    pub async fn comment_create(&self, new: NewComment) -> Result<Comment> {
        let now = self.now();
        let mut tx = self.begin().await?;
        if let Some(comment) = written_before(&mut tx).await? {
            return Ok(comment);
        }
        anchor::hold_call(&mut tx, &new.call_id).await?;
        let anchor_id = match &new.place {
            Some(place) => Some(anchor::create(&mut tx, &new.call_id, place, now).await?),
            None => None,
        };
        let row = Row {
            call_id: &new.call_id,
            parent_id: None,
            author_id: &new.author_id,
            anchor_id,
            audience: new.audience,
            text: &new.text,
        };
        let comment = insert(&mut tx, &row, &new.mentions, now).await?;
        count(&mut tx, &comment, 1).await?;
        make_findable(&mut tx, &comment, comment.anchor.as_ref()).await?;
        refresh_moments(&mut tx, &comment, now).await?;
        inbox::comment_written(&mut tx, &comment, &comment, now).await?;
        tell(&mut tx, &comment, &comment, &[], now).await?;
        idempotency::note(&mut tx, CommentId::PREFIX, comment.id.as_str()).await?;
        tx.commit().await?;
        Ok(comment)
    }

    /// Answers a comment. A conflict when it was deleted, or is an answer itself.
    #[tracing::instrument(name = "db.comment.reply", level = "debug", skip_all)]
    pub async fn comment_reply(&self, new: NewReply) -> Result<Comment> {
        let now = self.now();
        let mut tx = self.begin().await?;
        if let Some(reply) = written_before(&mut tx).await? {
            return Ok(reply);
        }
        let parent = hold(&mut tx, &new.parent_id).await?.comment;
        if parent.parent_id.is_some() {
            let detail = "it is an answer itself: answer the comment that it answers";
            return Err(StoreError::conflict("comment", detail));
        }
        let row = Row {
            call_id: &parent.call_id,
            parent_id: Some(&parent.id),
            author_id: &new.author_id,
            anchor_id: None,
            audience: parent.audience,
            text: &new.text,
        };
        let reply = insert(&mut tx, &row, &new.mentions, now).await?;
        count(&mut tx, &parent, 1).await?;
        make_findable(&mut tx, &reply, parent.anchor.as_ref()).await?;
        refresh_moments(&mut tx, &parent, now).await?;
        inbox::comment_written(&mut tx, &parent, &reply, now).await?;
        tell(&mut tx, &parent, &reply, &[], now).await?;
        idempotency::note(&mut tx, CommentId::PREFIX, reply.id.as_str()).await?;
        tx.commit().await?;
        Ok(reply)
    }
}
