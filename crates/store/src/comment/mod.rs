//! Comments and their answers: written, changed, deleted here; read next door.

mod change;
mod create;
mod list;
mod template;

use std::collections::HashSet;

use gametape_core::{
    TimeMs,
    anchor::Anchor,
    comment::{Audience, Comment, CommentText},
    event::{EventAudience, EventKind},
    id::{AnchorId, CallId, CommentId, UserId},
};
use sqlx::{AnyConnection, any::AnyRow};

use crate::{
    Result, StoreError, Tx,
    anchor::{self, read_anchor},
    event::{self, NewEvent},
    moment,
    row::{Fields, clean, to_json},
    search::{self, Document},
};

pub use change::CommentPatch;
pub use create::{NewComment, NewReply};
pub use list::MAX_COMMENTS;
pub use template::{NewTemplate, TemplatePatch};

macro_rules! comment_columns {
    () => {
        concat!(
            "comments.id AS id, comments.call_id AS call_id, comments.parent_id AS parent_id, \
             comments.author_id AS author_id, comments.kind AS kind, comments.audience AS audience, \
             comments.body AS body, comments.situation AS situation, comments.behaviour AS behaviour, \
             comments.impact AS impact, comments.mentions AS mentions, comments.resolved_at AS resolved_at, \
             comments.resolved_by AS resolved_by, comments.version AS version, \
             comments.edited_at AS edited_at, comments.deleted_at AS deleted_at, \
             comments.created_at AS created_at, ",
            crate::anchor::anchor_columns!()
        )
    };
}
use comment_columns;

/// Text of a row with the columns of comments, versions of them, or templates.
fn read_text(fields: Fields<'_>) -> Result<CommentText> {
    Ok(CommentText {
        kind: fields.parsed("kind")?,
        body: fields.text("body")?,
        situation: fields.opt_text("situation")?,
        behaviour: fields.opt_text("behaviour")?,
        impact: fields.opt_text("impact")?,
    })
}

/// A comment, without the reactions to it.
fn read_comment(row: &AnyRow) -> Result<Comment> {
    let fields = Fields::of(row, "comments");
    let resolved_by: Option<UserId> = fields.opt_parsed("resolved_by")?;
    Ok(Comment {
        id: fields.parsed("id")?,
        call_id: fields.parsed("call_id")?,
        parent_id: fields.opt_parsed("parent_id")?,
        author_id: fields.parsed("author_id")?,
        anchor: read_anchor(row)?,
        text: read_text(fields)?,
        audience: fields.parsed("audience")?,
        mentions: fields.json("mentions")?,
        reactions: Vec::new(),
        resolved: resolved_by.zip(fields.opt_int("resolved_at")?),
        version: fields.int("version")?,
        edited_at: fields.opt_int("edited_at")?,
        deleted_at: fields.opt_int("deleted_at")?,
        created_at: fields.int("created_at")?,
    })
}

/// A comment with its reactions.
async fn find(connection: &mut AnyConnection, id: &CommentId) -> Result<Option<Comment>> {
    let row = sqlx::query(concat!(
        "SELECT ",
        comment_columns!(),
        " FROM comments LEFT JOIN anchors ON anchors.id = comments.anchor_id WHERE comments.id = $1"
    ))
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(mut comment) = row.as_ref().map(read_comment).transpose()? else {
        return Ok(None);
    };
    let reactions = sqlx::query(
        "SELECT comment_id, reaction, user_id FROM comment_reactions WHERE comment_id = $1 \
         ORDER BY created_at, user_id",
    )
    .bind(id.as_str())
    .fetch_all(&mut *connection)
    .await?;
    for row in &reactions {
        let fields = Fields::of(row, "comment_reactions");
        list::add_reaction(&mut comment, fields.text("reaction")?, fields.parsed("user_id")?);
    }
    Ok(Some(comment))
}

/// A comment to change, and the one it answers, with their call held. One that is deleted allows nothing more.
struct Held {
    comment: Comment,
    parent: Option<Comment>,
}

impl Held {
    /// The comment that decides who sees this.
    fn root(&self) -> &Comment {
        self.parent.as_ref().unwrap_or(&self.comment)
    }
}

async fn hold(tx: &mut Tx, id: &CommentId) -> Result<Held> {
    let missing = || StoreError::not_found("comment", id);
    let found = find(tx, id).await?.ok_or_else(missing)?;
    anchor::hold_call(tx, &found.call_id).await?;
    // What was read before may have changed since.
    let comment = find(tx, id).await?.ok_or_else(missing)?;
    if comment.deleted_at.is_some() {
        return Err(StoreError::conflict("comment", "it was deleted"));
    }
    let parent = match &comment.parent_id {
        Some(parent_id) => find(tx, parent_id).await?,
        None => None,
    };
    Ok(Held { comment, parent })
}

async fn find_existing(tx: &mut Tx, id: &CommentId) -> Result<Comment> {
    find(tx, id)
        .await?
        .ok_or_else(|| StoreError::not_found("comment", id))
}

/// Tells those who may see `root` that something happened to it, or to an answer to it. `also` are people who
/// saw it until now.
async fn tell(tx: &mut Tx, root: &Comment, comment: &Comment, also: &[UserId], now: TimeMs) -> Result<()> {
    let data = serde_json::json!({"id": comment.id, "parent_id": comment.parent_id});
    let people = |more: &[UserId]| {
        let mut people = vec![root.author_id.clone()];
        for id in more.iter().chain(also) {
            if !people.contains(id) {
                people.push(id.clone());
            }
        }
        EventAudience::People(people)
    };
    let audience = match root.audience {
        Audience::Call => EventAudience::Everyone,
        Audience::Mentioned => people(&root.mentions),
        Audience::Author => people(&[]),
    };
    let event = NewEvent::new(EventKind::Comment, &data).only_for(audience);
    event::write(tx, &root.call_id, now, &[event]).await
}

/// Makes the moments anew that a comment is part of.
async fn refresh_moments(tx: &mut Tx, root: &Comment, now: TimeMs) -> Result<()> {
    match &root.anchor {
        Some(anchor) if root.audience == Audience::Call => {
            moment::refresh(tx, &root.call_id, anchor.start_ms, anchor.end_ms, now).await
        }
        _ => Ok(()),
    }
}

/// Notes that a call has more comments that everybody sees, or fewer.
async fn count(tx: &mut Tx, root: &Comment, by: i64) -> Result<()> {
    if root.audience != Audience::Call {
        return Ok(());
    }
    sqlx::query("UPDATE calls SET comment_count = comment_count + $2 WHERE id = $1")
        .bind(root.call_id.as_str())
        .bind(by)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// All that a comment says, a line each.
fn all_text(text: &CommentText) -> String {
    let parts = [
        Some(&text.body),
        text.situation.as_ref(),
        text.behaviour.as_ref(),
        text.impact.as_ref(),
    ];
    let parts: Vec<&str> = parts
        .into_iter()
        .flatten()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    parts.join("\n")
}

/// Makes a comment findable, at its place or, for an answer, at that of what it answers.
async fn make_findable(tx: &mut Tx, comment: &Comment, place: Option<&Anchor>) -> Result<()> {
    let document = Document {
        kind: "comment",
        source_id: comment.id.as_str(),
        call_id: &comment.call_id,
        range_ms: place.map(|anchor| (anchor.start_ms, anchor.end_ms)),
        speaker_role: None,
        text: &all_text(&comment.text),
    };
    search::put(tx, &document).await
}

/// Makes comments at these anchors, and their answers, findable where they are now.
pub(crate) async fn make_findable_at(
    tx: &mut Tx,
    call_id: &CallId,
    anchor_ids: &HashSet<AnchorId>,
) -> Result<()> {
    if anchor_ids.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query(concat!(
        "SELECT ",
        comment_columns!(),
        ", anchors.id AS anchor_id FROM comments JOIN comments root \
           ON root.id = COALESCE(comments.parent_id, comments.id) \
         JOIN anchors ON anchors.id = root.anchor_id \
         WHERE comments.call_id = $1 AND comments.deleted_at IS NULL"
    ))
    .bind(call_id.as_str())
    .fetch_all(&mut **tx)
    .await?;
    for row in &rows {
        if anchor_ids.contains(&Fields::of(row, "anchors").parsed("anchor_id")?) {
            let comment = read_comment(row)?;
            make_findable(tx, &comment, comment.anchor.as_ref()).await?;
        }
    }
    Ok(())
}

/// Writes down whom a comment mentions.
async fn set_mentions(tx: &mut Tx, id: &CommentId, mentions: &[UserId]) -> Result<()> {
    sqlx::query("DELETE FROM comment_mentions WHERE comment_id = $1")
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    for user_id in mentions {
        sqlx::query(
            "INSERT INTO comment_mentions (user_id, comment_id) VALUES ($1, $2) \
             ON CONFLICT (user_id, comment_id) DO NOTHING",
        )
        .bind(user_id.as_str())
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    }
    sqlx::query("UPDATE comments SET mentions = $2 WHERE id = $1")
        .bind(id.as_str())
        .bind(to_json(&mentions))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn opt_clean(text: Option<&String>) -> Option<String> {
    text.map(|text| clean(text).into_owned())
}
