//! Changing comments: edited, put elsewhere, deleted, settled, reacted to.

use std::collections::HashSet;

use gametape_core::{
    TimeMs,
    anchor::{Anchor, AnchorStatus},
    audit::AuditAction,
    comment::{Audience, Comment, CommentText, CommentVersion},
    id::{AnchorId, CommentId, UserId},
};

use super::{
    Held, count, find, find_existing, hold, make_findable, make_findable_at, opt_clean, read_text,
    refresh_moments, set_mentions, tell,
};
use crate::{
    Actor, NewAudit, Place, Result, Store, StoreError, Tx, anchor, audit, inbox, moment,
    row::{Fields, clean},
    search,
};

/// What a comment should say.
#[derive(Debug, Clone)]
pub struct CommentPatch {
    /// Its text.
    pub text: CommentText,
    /// Whom it mentions, each once.
    pub mentions: Vec<UserId>,
    /// Where it should be; `None` for where it is. Answers have no place of their own.
    pub place: Option<Place>,
    /// Only if it still has this version.
    pub if_version: Option<i64>,
}

/// Keeps what a comment says in its history.
async fn keep_version(tx: &mut Tx, comment: &Comment) -> Result<()> {
    sqlx::query(
        "INSERT INTO comment_versions (comment_id, version, kind, body, situation, behaviour, impact, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(comment.id.as_str())
    .bind(comment.version)
    .bind(comment.text.kind.as_str())
    .bind(&comment.text.body)
    .bind(&comment.text.situation)
    .bind(&comment.text.behaviour)
    .bind(&comment.text.impact)
    .bind(comment.edited_at.unwrap_or(comment.created_at))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn set_text(tx: &mut Tx, id: &CommentId, text: &CommentText, now: TimeMs) -> Result<()> {
    sqlx::query(
        "UPDATE comments SET kind = $2, body = $3, situation = $4, behaviour = $5, impact = $6, \
           edited_at = $7, version = version + 1 WHERE id = $1",
    )
    .bind(id.as_str())
    .bind(text.kind.as_str())
    .bind(clean(&text.body).as_ref())
    .bind(opt_clean(text.situation.as_ref()))
    .bind(opt_clean(text.behaviour.as_ref()))
    .bind(opt_clean(text.impact.as_ref()))
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether an anchor is there already, and surely so.
fn is_at(anchor: &Anchor, place: &Place) -> bool {
    let at = (anchor.start_ms, anchor.end_ms, anchor.channel);
    at == (place.start_ms, place.end_ms, place.channel) && anchor.status == AnchorStatus::Exact
}

/// Puts a comment, and with it the answers to it, at a place whose words it quotes from now on.
async fn put_at(tx: &mut Tx, comment: &Comment, place: &Place, now: TimeMs) -> Result<()> {
    let old: Option<String> = sqlx::query_scalar("SELECT anchor_id FROM comments WHERE id = $1")
        .bind(comment.id.as_str())
        .fetch_one(&mut **tx)
        .await?;
    let new = anchor::create(tx, &comment.call_id, place, now).await?;
    sqlx::query("UPDATE comments SET anchor_id = $2 WHERE id = $1")
        .bind(comment.id.as_str())
        .bind(new.as_str())
        .execute(&mut **tx)
        .await?;
    if let Some(old) = old.and_then(|id| id.parse::<AnchorId>().ok()) {
        anchor::delete(tx, &old).await?;
    }
    make_findable_at(tx, &comment.call_id, &HashSet::from([new])).await?;
    if comment.audience != Audience::Call {
        return Ok(());
    }
    // From where it was to where it is: a moment between them may have been held together by it.
    let (mut start_ms, mut end_ms) = (place.start_ms, place.end_ms);
    if let Some(before) = &comment.anchor {
        (start_ms, end_ms) = (start_ms.min(before.start_ms), end_ms.max(before.end_ms));
    }
    moment::refresh(tx, &comment.call_id, start_ms, end_ms, now).await
}

/// Empties a comment: what it said, also before, what people said with a finger, and whom it mentioned, unless
/// those are the people who see the answers to it.
async fn empty(tx: &mut Tx, comment: &Comment, now: TimeMs) -> Result<()> {
    sqlx::query("DELETE FROM comment_versions WHERE comment_id = $1")
        .bind(comment.id.as_str())
        .execute(&mut **tx)
        .await?;
    sqlx::query("DELETE FROM comment_reactions WHERE comment_id = $1")
        .bind(comment.id.as_str())
        .execute(&mut **tx)
        .await?;
    if comment.audience != Audience::Mentioned || comment.parent_id.is_some() {
        set_mentions(tx, &comment.id, &[]).await?;
    }
    sqlx::query(
        "UPDATE comments SET body = '', situation = NULL, behaviour = NULL, impact = NULL, deleted_at = $2, \
           version = version + 1 WHERE id = $1",
    )
    .bind(comment.id.as_str())
    .bind(now)
    .execute(&mut **tx)
    .await?;
    search::remove(tx, comment.id.as_str()).await
}

impl Store {
    /// Changes what a comment or an answer says, or where a comment is; what it said before is kept. Stale when
    /// `if_version` is given and it was changed since, a conflict when it was deleted or an answer is to get a
    /// place. What changes nothing leaves no trace.
    #[tracing::instrument(name = "db.comment.edit", level = "debug", skip_all)]
    pub async fn comment_edit(&self, id: &CommentId, patch: CommentPatch) -> Result<Comment> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let held = hold(&mut tx, id).await?;
        let before = &held.comment;
        if patch.if_version.is_some_and(|version| version != before.version) {
            return Err(StoreError::Stale { what: "comment" });
        }
        if patch.place.is_some() && held.parent.is_some() {
            let detail = "an answer is where the comment is that it answers";
            return Err(StoreError::conflict("comment", detail));
        }
        let is_there = |place: &Place| before.anchor.as_ref().is_some_and(|anchor| is_at(anchor, place));
        let place = patch.place.filter(|place| !is_there(place));
        let says_the_same = before.text == patch.text && before.mentions == patch.mentions;
        if says_the_same && place.is_none() {
            return Ok(held.comment);
        }
        if !says_the_same {
            keep_version(&mut tx, before).await?;
        }
        set_text(&mut tx, id, &patch.text, now).await?;
        if let Some(place) = &place {
            put_at(&mut tx, before, place, now).await?;
        }
        if before.mentions != patch.mentions {
            set_mentions(&mut tx, id, &patch.mentions).await?;
        }
        let comment = find_existing(&mut tx, id).await?;
        let root = held.parent.as_ref().unwrap_or(&comment);
        make_findable(&mut tx, &comment, root.anchor.as_ref()).await?;
        if before.text.kind != comment.text.kind {
            refresh_moments(&mut tx, root, now).await?;
        }
        inbox::comment_edited(&mut tx, before, &comment, now).await?;
        // Who is no longer mentioned is told, too, so that it goes away before their eyes.
        tell(&mut tx, root, &comment, &gone(&held), now).await?;
        tx.commit().await?;
        Ok(comment)
    }

    /// Deletes a comment or an answer: its text is gone for good, its place stays as long as it has answers. In
    /// the audit log when somebody deletes another's.
    #[tracing::instrument(name = "db.comment.delete", level = "debug", skip_all)]
    pub async fn comment_delete(&self, id: &CommentId, actor: &Actor) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let held = hold(&mut tx, id).await?;
        let (comment, root) = (&held.comment, held.root());
        empty(&mut tx, comment, now).await?;
        inbox::comment_gone(&mut tx, id).await?;
        count(&mut tx, root, -1).await?;
        refresh_moments(&mut tx, root, now).await?;
        tell(&mut tx, root, comment, &[], now).await?;
        if actor.user_id.as_ref() != Some(&comment.author_id) {
            let entry = NewAudit::of(AuditAction::CommentDelete, "comment", id.as_str())
                .in_call(&comment.call_id)
                .with(serde_json::json!({"author_id": comment.author_id}));
            audit::write(&mut tx, now, actor, &entry).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Says that what a comment asks for is settled, or with `None` that it is open again. Twice is no error.
    /// A conflict for answers, and for comments that were deleted.
    #[tracing::instrument(name = "db.comment.resolve", level = "debug", skip_all)]
    pub async fn comment_resolve(&self, id: &CommentId, by: Option<&UserId>) -> Result<Comment> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let comment = hold(&mut tx, id).await?.comment;
        if comment.parent_id.is_some() {
            let detail = "it is an answer: settle the comment that it answers";
            return Err(StoreError::conflict("comment", detail));
        }
        if comment.resolved.is_some() == by.is_some() {
            return Ok(comment);
        }
        sqlx::query("UPDATE comments SET resolved_at = $2, resolved_by = $3 WHERE id = $1")
            .bind(id.as_str())
            .bind(by.map(|_| now))
            .bind(by.map(UserId::as_str))
            .execute(&mut *tx)
            .await?;
        tell(&mut tx, &comment, &comment, &[], now).await?;
        let comment = find_existing(&mut tx, id).await?;
        tx.commit().await?;
        Ok(comment)
    }

    /// Gives a reaction to a comment or an answer, or takes it back. Twice is no error; a conflict when it was
    /// deleted.
    #[tracing::instrument(name = "db.comment.react", level = "debug", skip_all)]
    pub async fn comment_react(
        &self,
        id: &CommentId,
        user_id: &UserId,
        reaction: &str,
        given: bool,
    ) -> Result<Comment> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let held = hold(&mut tx, id).await?;
        let changed = if given {
            sqlx::query(
                "INSERT INTO comment_reactions (comment_id, user_id, reaction, created_at) \
                 VALUES ($1, $2, $3, $4) ON CONFLICT (comment_id, user_id, reaction) DO NOTHING",
            )
            .bind(id.as_str())
            .bind(user_id.as_str())
            .bind(clean(reaction).as_ref())
            .bind(now)
            .execute(&mut *tx)
            .await?
        } else {
            sqlx::query(
                "DELETE FROM comment_reactions WHERE comment_id = $1 AND user_id = $2 AND reaction = $3",
            )
            .bind(id.as_str())
            .bind(user_id.as_str())
            .bind(clean(reaction).as_ref())
            .execute(&mut *tx)
            .await?
        };
        if changed.rows_affected() == 0 {
            return Ok(held.comment);
        }
        tell(&mut tx, held.root(), &held.comment, &[], now).await?;
        let comment = find_existing(&mut tx, id).await?;
        tx.commit().await?;
        Ok(comment)
    }

    /// What a comment said, the oldest first, up to what it says now; nothing once it is deleted.
    #[tracing::instrument(name = "db.comment.versions", level = "debug", skip_all)]
    pub async fn comment_versions(&self, id: &CommentId) -> Result<Vec<CommentVersion>> {
        let mut connection = self.read().acquire().await?;
        let comment = find(&mut connection, id).await?;
        let Some(comment) = comment.filter(|it| it.deleted_at.is_none()) else {
            return Ok(Vec::new());
        };
        let rows = sqlx::query(
            "SELECT version, kind, body, situation, behaviour, impact, created_at FROM comment_versions \
             WHERE comment_id = $1 ORDER BY version",
        )
        .bind(id.as_str())
        .fetch_all(&mut *connection)
        .await?;
        let read = |row| {
            let fields = Fields::of(row, "comment_versions");
            Ok(CommentVersion {
                version: fields.int("version")?,
                text: read_text(fields)?,
                created_at: fields.int("created_at")?,
            })
        };
        let mut versions: Vec<CommentVersion> = rows.iter().map(read).collect::<Result<_>>()?;
        versions.push(CommentVersion {
            version: comment.version,
            text: comment.text,
            created_at: comment.edited_at.unwrap_or(comment.created_at),
        });
        Ok(versions)
    }
}

/// Whom a comment mentioned that decides itself who sees it.
fn gone(held: &Held) -> Vec<UserId> {
    match (&held.parent, held.comment.audience) {
        (None, Audience::Mentioned) => held.comment.mentions.clone(),
        _ => Vec::new(),
    }
}
