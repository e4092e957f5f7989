//! What moments are made of, read from where it is written.

use std::collections::BTreeMap;

use gametape_core::{
    id::{CallId, CriterionId},
    moment::{ItemKind, MomentItem},
    rubric::{Definition, Scale},
};

use crate::{Result, Tx, row::Fields};

/// Comments and evidence of a call that everybody sees who sees the call, and that begin between two times.
pub(super) async fn public_items(
    tx: &mut Tx,
    call_id: &CallId,
    from_ms: i64,
    until_ms: i64,
) -> Result<Vec<MomentItem>> {
    let mut items = comments(tx, call_id, from_ms, until_ms).await?;
    items.extend(evidence(tx, call_id, from_ms, until_ms).await?);
    Ok(items)
}

async fn comments(tx: &mut Tx, call_id: &CallId, from_ms: i64, until_ms: i64) -> Result<Vec<MomentItem>> {
    let rows = sqlx::query(
        "SELECT c.id, c.author_id, c.kind, c.created_at, a.start_ms, a.end_ms, \
           (SELECT COUNT(*) FROM comments r WHERE r.parent_id = c.id AND r.deleted_at IS NULL) AS replies, \
           (SELECT MAX(r.created_at) FROM comments r WHERE r.parent_id = c.id AND r.deleted_at IS NULL) \
             AS replied_at \
         FROM anchors a CROSS JOIN comments c \
         WHERE a.call_id = $1 AND a.start_ms >= $2 AND a.start_ms < $3 AND c.anchor_id = a.id \
           AND c.audience = 'call' AND c.deleted_at IS NULL AND c.parent_id IS NULL",
    )
    .bind(call_id.as_str())
    .bind(from_ms)
    .bind(until_ms)
    .fetch_all(&mut **tx)
    .await?;
    let read = |row| {
        let fields = Fields::of(row, "comments");
        let created_at = fields.int("created_at")?;
        Ok(MomentItem {
            id: fields.text("id")?,
            start_ms: fields.int("start_ms")?,
            end_ms: fields.int("end_ms")?,
            author_id: fields.parsed("author_id")?,
            newest_at: fields
                .opt_int("replied_at")?
                .map_or(created_at, |at| at.max(created_at)),
            kind: ItemKind::Comment {
                kind: fields.parsed("kind")?,
                replies: fields.int("replies")?,
            },
        })
    };
    rows.iter().map(read).collect()
}

async fn evidence(tx: &mut Tx, call_id: &CallId, from_ms: i64, until_ms: i64) -> Result<Vec<MomentItem>> {
    let rows = sqlx::query(
        "SELECT e.id, e.criterion_id, s.value, r.id AS review_id, r.reviewer_id, r.rubric_id, \
           r.rubric_version, COALESCE(r.released_at, e.created_at) AS shown_at, a.start_ms, a.end_ms \
         FROM anchors a CROSS JOIN evidence e CROSS JOIN reviews r CROSS JOIN scores s \
         WHERE a.call_id = $1 AND a.start_ms >= $2 AND a.start_ms < $3 AND e.anchor_id = a.id \
           AND r.id = e.review_id AND r.state = 'released' \
           AND s.review_id = e.review_id AND s.criterion_id = e.criterion_id",
    )
    .bind(call_id.as_str())
    .bind(from_ms)
    .bind(until_ms)
    .fetch_all(&mut **tx)
    .await?;
    let mut rubrics = Rubrics::default();
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let fields = Fields::of(row, "evidence");
        let criterion_id: CriterionId = fields.parsed("criterion_id")?;
        let rubric = (fields.text("rubric_id")?, fields.int("rubric_version")?);
        let scale = rubrics.scale(tx, rubric, &criterion_id).await?;
        items.push(MomentItem {
            id: fields.text("id")?,
            start_ms: fields.int("start_ms")?,
            end_ms: fields.int("end_ms")?,
            author_id: fields.parsed("reviewer_id")?,
            newest_at: fields.int("shown_at")?,
            kind: ItemKind::Evidence {
                review_id: fields.parsed("review_id")?,
                criterion_id,
                value: fields.opt_int("value")?,
                scale,
            },
        });
    }
    Ok(items)
}

/// Published versions of rubrics, each read once.
#[derive(Default)]
struct Rubrics(BTreeMap<(String, i64), Option<Definition>>);

impl Rubrics {
    async fn scale(
        &mut self,
        tx: &mut Tx,
        rubric: (String, i64),
        criterion_id: &CriterionId,
    ) -> Result<Option<Scale>> {
        if !self.0.contains_key(&rubric) {
            let row =
                sqlx::query("SELECT definition FROM rubric_versions WHERE rubric_id = $1 AND version = $2")
                    .bind(&rubric.0)
                    .bind(rubric.1)
                    .fetch_optional(&mut **tx)
                    .await?;
            let definition = row.map(|row| Fields::of(&row, "rubric_versions").json("definition"));
            self.0.insert(rubric.clone(), definition.transpose()?);
        }
        let definition = self.0.get(&rubric).and_then(Option::as_ref);
        let criterion = definition.and_then(|definition| definition.criterion(criterion_id));
        Ok(criterion.map(|criterion| criterion.scale))
    }
}
