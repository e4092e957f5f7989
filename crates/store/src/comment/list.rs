//! Reading comments.

use std::collections::HashMap;

use gametape_core::{
    comment::{Comment, Reaction, Thread},
    id::{CallId, CommentId, UserId},
    page::{Cursor, Page, PageRequest},
};

use super::{comment_columns, find, read_comment};
use crate::{
    Result, Store,
    conditions::{Conditions, Value},
    row::{Fields, clean},
};

/// The most comments of a page, answers not counted: a call is opened with all of them.
pub const MAX_COMMENTS: u32 = 2_000;

/// Adds somebody's reaction behind those that came before.
pub(super) fn add_reaction(comment: &mut Comment, reaction: String, user_id: UserId) {
    match comment.reactions.iter_mut().find(|it| it.reaction == reaction) {
        Some(known) => known.user_ids.push(user_id),
        None => comment.reactions.push(Reaction {
            reaction,
            user_ids: vec![user_id],
        }),
    }
}

/// Comments of a page, for what hangs on them: all that were written between the first and the last.
struct Span<'a> {
    call_id: &'a CallId,
    first_at: i64,
    last_at: i64,
}

impl Store {
    /// Comments of a call that somebody may see who sees the call, the oldest first, each with its answers.
    /// Deleted ones are there for their answers' sake only. A fixed number of queries, however many there are.
    #[tracing::instrument(name = "db.comment.list", level = "debug", skip_all)]
    pub async fn comment_list(
        &self,
        call_id: &CallId,
        viewer: &UserId,
        page: &PageRequest,
    ) -> Result<Page<Thread>> {
        let page = self.comment_page(call_id, viewer, page).await?;
        let (Some(first), Some(last)) = (page.items.first(), page.items.last()) else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        let span = Span {
            call_id,
            first_at: first.created_at,
            last_at: last.created_at,
        };
        let replies = self.replies_in(&span).await?;
        let reactions = self.reactions_in(&span).await?;
        let mut threads: Vec<Thread> = page
            .items
            .into_iter()
            .map(|comment| Thread {
                comment,
                replies: Vec::new(),
            })
            .collect();
        let places: HashMap<CommentId, usize> = threads
            .iter()
            .enumerate()
            .map(|(index, thread)| (thread.comment.id.clone(), index))
            .collect();
        // Others written within the same milliseconds may be on other pages, or for others' eyes.
        for reply in replies {
            let place = reply.parent_id.as_ref().and_then(|id| places.get(id));
            if let Some(place) = place {
                threads[*place].replies.push(reply);
            }
        }
        let mut given = reactions;
        for thread in &mut threads {
            for comment in std::iter::once(&mut thread.comment).chain(&mut thread.replies) {
                for (reaction, user_id) in given.remove(&comment.id).unwrap_or_default() {
                    add_reaction(comment, reaction, user_id);
                }
            }
        }
        Ok(Page {
            items: threads,
            next: page.next,
        })
    }

    /// Comments without answers and reactions.
    async fn comment_page(
        &self,
        call_id: &CallId,
        viewer: &UserId,
        page: &PageRequest,
    ) -> Result<Page<Comment>> {
        let mut conditions = Conditions::default();
        conditions.and("comments.call_id = ?", [call_id.as_str()]);
        conditions.and::<&str>("comments.parent_id IS NULL", []);
        conditions.and::<&str>(
            "(comments.deleted_at IS NULL OR EXISTS \
                 (SELECT 1 FROM comments a WHERE a.parent_id = comments.id AND a.deleted_at IS NULL))",
            [],
        );
        conditions.visible_comments(viewer);
        self.comments_of(conditions, page).await
    }

    /// Those that meet the conditions, the oldest first.
    async fn comments_of(&self, mut conditions: Conditions, page: &PageRequest) -> Result<Page<Comment>> {
        let limit = page.limit.clamp(1, MAX_COMMENTS);
        if let Some(Cursor { key, id }) = &page.after {
            conditions.and(
                "(comments.created_at, comments.id) > (?, ?)",
                [Value::Int(*key), Value::Text(clean(id).into_owned())],
            );
        }
        let Conditions { sql, values } = conditions;
        let sql = format!(
            "SELECT {} FROM comments LEFT JOIN anchors ON anchors.id = comments.anchor_id \
             WHERE 1 = 1{sql} ORDER BY comments.created_at, comments.id LIMIT {}",
            comment_columns!(),
            limit + 1
        );
        let rows = self.fetch(sql, values).await?;
        let comments = rows.iter().map(read_comment).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(comments, limit, |comment| Cursor {
            key: comment.created_at,
            id: comment.id.to_string(),
        }))
    }

    async fn replies_in(&self, span: &Span<'_>) -> Result<Vec<Comment>> {
        let rows = sqlx::query(concat!(
            "SELECT ",
            comment_columns!(),
            " FROM comments root JOIN comments ON comments.parent_id = root.id \
             LEFT JOIN anchors ON anchors.id = comments.anchor_id \
             WHERE root.call_id = $1 AND root.created_at >= $2 AND root.created_at <= $3 \
               AND comments.deleted_at IS NULL ORDER BY comments.created_at, comments.id"
        ))
        .bind(span.call_id.as_str())
        .bind(span.first_at)
        .bind(span.last_at)
        .fetch_all(self.read())
        .await?;
        rows.iter().map(read_comment).collect()
    }

    async fn reactions_in(&self, span: &Span<'_>) -> Result<HashMap<CommentId, Vec<(String, UserId)>>> {
        let rows = sqlx::query(
            "SELECT r.comment_id AS comment_id, r.reaction AS reaction, r.user_id AS user_id, \
               r.created_at AS created_at \
             FROM comments root JOIN comment_reactions r ON r.comment_id = root.id \
             WHERE root.call_id = $1 AND root.created_at >= $2 AND root.created_at <= $3 \
             UNION ALL \
             SELECT r.comment_id, r.reaction, r.user_id, r.created_at \
             FROM comments root JOIN comments a ON a.parent_id = root.id \
             JOIN comment_reactions r ON r.comment_id = a.id \
             WHERE root.call_id = $1 AND root.created_at >= $2 AND root.created_at <= $3 \
             ORDER BY created_at, user_id",
        )
        .bind(span.call_id.as_str())
        .bind(span.first_at)
        .bind(span.last_at)
        .fetch_all(self.read())
        .await?;
        let mut reactions: HashMap<CommentId, Vec<(String, UserId)>> = HashMap::new();
        for row in &rows {
            let fields = Fields::of(row, "comment_reactions");
            let of = reactions.entry(fields.parsed("comment_id")?).or_default();
            of.push((fields.text("reaction")?, fields.parsed("user_id")?));
        }
        Ok(reactions)
    }

    /// Comments and answers that somebody wrote and that are not deleted, the oldest first, without reactions.
    #[tracing::instrument(name = "db.comment.by_author", level = "debug", skip_all)]
    pub async fn comment_by_author(&self, author: &UserId, page: &PageRequest) -> Result<Page<Comment>> {
        let mut conditions = Conditions::default();
        conditions.and("comments.author_id = ?", [author.as_str()]);
        conditions.and::<&str>("comments.deleted_at IS NULL", []);
        self.comments_of(conditions, page).await
    }

    /// A comment or an answer, without regard to who may see it. A deleted one is there only for the sake of
    /// its answers.
    #[tracing::instrument(name = "db.comment.get", level = "debug", skip_all)]
    pub async fn comment_get(&self, id: &CommentId) -> Result<Option<Comment>> {
        let mut connection = self.read().acquire().await?;
        let Some(comment) = find(&mut connection, id).await? else {
            return Ok(None);
        };
        if comment.deleted_at.is_none() {
            return Ok(Some(comment));
        }
        let answer =
            sqlx::query("SELECT id FROM comments WHERE parent_id = $1 AND deleted_at IS NULL LIMIT 1")
                .bind(id.as_str())
                .fetch_optional(&mut *connection)
                .await?;
        Ok(answer.map(|_| comment))
    }
}
