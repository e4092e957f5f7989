//! What waits for people. Notices are written in the transaction of what they tell about, and say nothing
//! themselves: what they are about is read where it is kept, and only by those who may see it then.

mod mark;
mod request;
mod write;

use gametape_core::{
    id::{CommentId, NoticeId, RequestId, ReviewId, UserId},
    inbox::{Notice, NoticeFilter, NoticeKind},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    policy::VisibleCalls,
};
use sqlx::any::AnyRow;

use crate::{
    Result, Store, StoreError,
    conditions::{Conditions, Value, visible_comments, visible_reviews},
    row::{Fields, clean},
};

pub use request::NewRequest;
pub(crate) use request::review_handed_over;
pub(crate) use write::{
    call_ended, call_leaves, call_stays, calls_stay, comment_edited, comment_gone, comment_written,
    review_answered, review_begun, review_gone, review_received,
};

/// Characters of what a comment says.
const EXCERPT_CHARS: usize = 200;

/// Notices with all that they are about: `own` is the comment or answer itself, `comments` the one that decides
/// who sees it.
const FROM: &str = " FROM notices JOIN calls ON calls.id = notices.call_id \
    LEFT JOIN comments own ON own.id = notices.comment_id \
    LEFT JOIN comments ON comments.id = COALESCE(own.parent_id, own.id) \
    LEFT JOIN anchors ON anchors.id = comments.anchor_id \
    LEFT JOIN reviews ON reviews.id = notices.review_id \
    LEFT JOIN review_requests requests ON requests.id = notices.request_id \
    WHERE 1 = 1";

/// What still asks something of its person. Who answered a question, or where they were mentioned, has done so.
macro_rules! waiting {
    () => {
        "((notices.kind = 'review_requested' AND requests.state = 'open') \
          OR notices.kind = 'review_draft' \
          OR (notices.kind = 'review_received' AND reviews.response IS NULL) \
          OR ((notices.kind = 'mention' OR own.kind = 'question') AND comments.resolved_at IS NULL \
              AND NOT EXISTS (SELECT 1 FROM comments answer WHERE answer.parent_id = comments.id \
                  AND answer.author_id = notices.user_id AND answer.deleted_at IS NULL AND answer.id > own.id)))"
    };
}

const COLUMNS: &str = concat!(
    "SELECT notices.id AS id, notices.kind AS kind, notices.call_id AS call_id, calls.title AS call_title, \
     notices.comment_id AS comment_id, notices.review_id AS review_id, notices.request_id AS request_id, \
     notices.actor_id AS actor_id, anchors.start_ms AS start_ms, own.body AS body, \
     own.situation AS situation, own.behaviour AS behaviour, own.impact AS impact, \
     CASE notices.kind WHEN 'review_requested' THEN requests.note WHEN 'review_handed_back' THEN requests.reason \
       WHEN 'review_answered' THEN reviews.response_note END AS note, \
     CASE WHEN ",
    waiting!(),
    " THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS waiting, \
     CASE WHEN notices.kind = 'review_requested' THEN requests.due_at END AS due_at, \
     notices.read_at AS read_at, notices.created_at AS created_at"
);

/// The beginning of what a comment says, as one line.
fn excerpt(fields: Fields<'_>) -> Result<Option<String>> {
    let mut text = String::new();
    for column in ["body", "situation", "behaviour", "impact"] {
        if let Some(part) = fields.opt_text(column)? {
            text.push_str(&part);
            text.push(' ');
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= EXCERPT_CHARS {
        return Ok(Some(text).filter(|text| !text.is_empty()));
    }
    let mut short: String = text.chars().take(EXCERPT_CHARS - 1).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    Ok(Some(short))
}

fn read_notice(row: &AnyRow) -> Result<Notice> {
    let fields = Fields::of(row, "notices");
    Ok(Notice {
        id: fields.parsed("id")?,
        kind: fields.parsed("kind")?,
        call_id: fields.parsed("call_id")?,
        call_title: fields.text("call_title")?,
        comment_id: fields.opt_parsed("comment_id")?,
        review_id: fields.opt_parsed("review_id")?,
        request_id: fields.opt_parsed("request_id")?,
        actor_id: fields.opt_parsed("actor_id")?,
        start_ms: fields.opt_int("start_ms")?,
        excerpt: excerpt(fields)?,
        note: fields.opt_text("note")?.filter(|note| !note.is_empty()),
        waiting: fields.int("waiting")? != 0,
        due_at: fields.opt_int("due_at")?,
        read_at: fields.opt_int("read_at")?,
        created_at: fields.int("created_at")?,
    })
}

/// What somebody is told who sees the calls `visible`: what they may see just now, and what still holds.
fn for_person(user_id: &UserId, visible: &VisibleCalls, filter: NoticeFilter) -> Conditions {
    let me = user_id.as_str();
    let mut conditions = Conditions::default();
    conditions.and("notices.user_id = ?", [me]);
    conditions.visible(visible);
    conditions.and(
        concat!(
            "(notices.comment_id IS NULL OR (own.deleted_at IS NULL AND ",
            visible_comments!(),
            "))"
        ),
        [me, me],
    );
    conditions.and(
        concat!("(notices.review_id IS NULL OR ", visible_reviews!(), ")"),
        [me, me, me],
    );
    // A draft that somebody asked for is what the request is about.
    conditions.text(
        " AND (notices.kind <> 'call_failed' OR calls.state = 'failed') \
         AND NOT (notices.kind = 'review_draft' AND EXISTS (SELECT 1 FROM review_requests r \
             WHERE r.asked_id = notices.user_id AND r.call_id = notices.call_id AND r.state = 'open'))",
    );
    if filter.unread {
        conditions.text(" AND notices.read_at IS NULL");
    }
    if filter.waiting {
        conditions.text(concat!(" AND ", waiting!()));
    }
    conditions
}

impl Store {
    /// What somebody is told who sees the calls `visible`, the newest first.
    #[tracing::instrument(name = "db.inbox.list", level = "debug", skip_all)]
    pub async fn inbox_list(
        &self,
        user_id: &UserId,
        visible: &VisibleCalls,
        filter: NoticeFilter,
        page: &PageRequest,
    ) -> Result<Page<Notice>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let mut conditions = for_person(user_id, visible, filter);
        if let Some(Cursor { key, id }) = &page.after {
            conditions.and("notices.created_at <= ?", [*key]);
            conditions.and(
                "(notices.created_at < ? OR notices.id < ?)",
                [Value::Int(*key), Value::Text(clean(id).into_owned())],
            );
        }
        let Conditions { sql, values } = conditions;
        let sql = format!(
            "{COLUMNS}{FROM}{sql} ORDER BY notices.created_at DESC, notices.id DESC LIMIT {}",
            limit + 1
        );
        let rows = self.fetch(sql, values).await?;
        let notices = rows.iter().map(read_notice).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(notices, limit, |notice| Cursor {
            key: notice.created_at,
            id: notice.id.to_string(),
        }))
    }

    /// How much of it they have not read.
    #[tracing::instrument(name = "db.inbox.unread", level = "debug", skip_all)]
    pub async fn inbox_unread(&self, user_id: &UserId, visible: &VisibleCalls) -> Result<i64> {
        let filter = NoticeFilter {
            unread: true,
            waiting: false,
        };
        let Conditions { sql, values } = for_person(user_id, visible, filter);
        let rows = self
            .fetch(format!("SELECT COUNT(*) AS unread{FROM}{sql}"), values)
            .await?;
        rows.first()
            .map_or(Ok(0), |row| Fields::of(row, "notices").int("unread"))
    }

    /// Marks a notice of this person as read, or as not read. Twice is no error; another's is not found.
    #[tracing::instrument(name = "db.inbox.set_read", level = "debug", skip_all)]
    pub async fn inbox_set_read(&self, user_id: &UserId, id: &NoticeId, read: bool) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE notices SET read_at = CASE WHEN CAST($3 AS BIGINT) IS NULL THEN NULL \
               ELSE COALESCE(read_at, $3) END WHERE id = $1 AND user_id = $2",
        )
        .bind(id.as_str())
        .bind(user_id.as_str())
        .bind(read.then_some(now))
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::not_found("notice", id));
        }
        tx.commit().await?;
        Ok(())
    }

    /// Marks all that somebody is told as read.
    #[tracing::instrument(name = "db.inbox.read_all", level = "debug", skip_all)]
    pub async fn inbox_read_all(&self, user_id: &UserId) -> Result<()> {
        let now = self.now();
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE notices SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL")
            .bind(user_id.as_str())
            .bind(now)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, Default)]
struct About<'a> {
    comment: Option<&'a CommentId>,
    review: Option<&'a ReviewId>,
    request: Option<&'a RequestId>,
}

/// A notice to write.
struct NewNotice<'a> {
    user_id: &'a UserId,
    kind: NoticeKind,
    call_id: &'a str,
    actor_id: Option<&'a UserId>,
    about: About<'a>,
}
