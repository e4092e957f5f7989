//! Writing moments: only what differs from what is there.

use std::collections::BTreeMap;

use gametape_core::{
    TimeMs,
    id::{CallId, MomentId},
    moment::{Formed, ItemKind, Layer, MomentItem},
    words::bare,
};
use sqlx::AssertSqlSafe;

use super::{OldMoment, excerpt::Excerpt};
use crate::{
    Result, StoreError, Tx,
    row::{Fields, clean, to_json},
};

/// Items that are written with one statement.
const ITEMS_AT_ONCE: usize = 64;

/// A moment's item as it is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OldItem {
    author_id: String,
    comment_kind: Option<String>,
    review_id: Option<String>,
    criterion_id: Option<String>,
    value: Option<i64>,
    value_permille: Option<i64>,
}

impl OldItem {
    fn of(item: &MomentItem) -> Self {
        let author_id = item.author_id.to_string();
        match &item.kind {
            ItemKind::Comment { kind, .. } => Self {
                author_id,
                comment_kind: Some(kind.to_string()),
                review_id: None,
                criterion_id: None,
                value: None,
                value_permille: None,
            },
            ItemKind::Evidence {
                review_id,
                criterion_id,
                value,
                ..
            } => Self {
                author_id,
                comment_kind: None,
                review_id: Some(review_id.to_string()),
                criterion_id: Some(criterion_id.to_string()),
                value: *value,
                value_permille: item.permille(),
            },
        }
    }
}

/// The moments that begin between two times, of all layers, with their items.
pub(super) async fn old_moments(
    tx: &mut Tx,
    call_id: &CallId,
    from_ms: i64,
    until_ms: i64,
) -> Result<Vec<OldMoment>> {
    let rows = sqlx::query(
        "SELECT m.id, m.layer, m.start_ms, i.item_id, i.author_id, i.comment_kind, i.review_id, \
           i.criterion_id, i.value, i.value_permille \
         FROM moments m LEFT JOIN moment_items i ON i.moment_id = m.id \
         WHERE m.call_id = $1 AND m.layer IN (0, 1, 2) AND m.start_ms >= $2 AND m.start_ms < $3",
    )
    .bind(call_id.as_str())
    .bind(from_ms)
    .bind(until_ms)
    .fetch_all(&mut **tx)
    .await?;
    let mut moments: BTreeMap<MomentId, OldMoment> = BTreeMap::new();
    for row in &rows {
        let fields = Fields::of(row, "moments");
        let id: MomentId = fields.parsed("id")?;
        let number = fields.int("layer")?;
        let layer = Layer::from_number(number).ok_or_else(|| StoreError::Inconsistent {
            table: "moments",
            column: "layer",
            row: id.to_string(),
            detail: format!("there is no layer {number}"),
        })?;
        let start_ms = fields.int("start_ms")?;
        let moment = moments.entry(id.clone()).or_insert_with(|| OldMoment {
            id,
            layer,
            start_ms,
            items: BTreeMap::new(),
        });
        if let Some(item_id) = fields.opt_text("item_id")? {
            let item = OldItem {
                author_id: fields.text("author_id")?,
                comment_kind: fields.opt_text("comment_kind")?,
                review_id: fields.opt_text("review_id")?,
                criterion_id: fields.opt_text("criterion_id")?,
                value: fields.opt_int("value")?,
                value_permille: fields.opt_int("value_permille")?,
            };
            moment.items.insert(item_id, item);
        }
    }
    Ok(moments.into_values().collect())
}

/// Writes moments in place of `old` ones: each goes on the one in `before`, if there is one.
pub(super) async fn write(
    tx: &mut Tx,
    call_id: &CallId,
    old: &[OldMoment],
    formed: &[Formed],
    before: &[Option<&OldMoment>],
    excerpts: &[Excerpt],
    now: TimeMs,
) -> Result<()> {
    for gone in old {
        if !before.iter().flatten().any(|kept| kept.id == gone.id) {
            sqlx::query("DELETE FROM moments WHERE id = $1")
                .bind(gone.id.as_str())
                .execute(&mut **tx)
                .await?;
        }
    }
    let mut new_items = Vec::new();
    for ((moment, before), excerpt) in formed.iter().zip(before).zip(excerpts) {
        let id = if let Some(old) = before {
            drop_items(tx, old, moment).await?;
            old.id.clone()
        } else {
            MomentId::new(now)
        };
        put(tx, call_id, &id, moment, excerpt).await?;
        for item in &moment.items {
            let row = OldItem::of(item);
            if before.and_then(|old| old.items.get(&item.id)) != Some(&row) {
                new_items.push((id.clone(), item.id.as_str(), row));
            }
        }
    }
    for items in new_items.chunks(ITEMS_AT_ONCE) {
        insert_items(tx, items).await?;
    }
    Ok(())
}

/// Takes away the items of an old moment that the new one does not have like this.
async fn drop_items(tx: &mut Tx, old: &OldMoment, new: &Formed) -> Result<()> {
    let new: BTreeMap<&str, OldItem> = new
        .items
        .iter()
        .map(|item| (item.id.as_str(), OldItem::of(item)))
        .collect();
    for (item_id, item) in &old.items {
        if new.get(item_id.as_str()) != Some(item) {
            sqlx::query("DELETE FROM moment_items WHERE moment_id = $1 AND item_id = $2")
                .bind(old.id.as_str())
                .bind(item_id.as_str())
                .execute(&mut **tx)
                .await?;
        }
    }
    Ok(())
}

async fn put(tx: &mut Tx, call_id: &CallId, id: &MomentId, moment: &Formed, excerpt: &Excerpt) -> Result<()> {
    let counts = [moment.comment_count(), moment.reply_count(), moment.score_count()];
    let permilles = moment.permilles();
    sqlx::query(
        "INSERT INTO moments (id, call_id, layer, start_ms, end_ms, excerpt, words, turns, comment_count, \
           reply_count, score_count, discussion_count, lowest_permille, highest_permille, disputed, newest_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (id) DO UPDATE SET layer = excluded.layer, start_ms = excluded.start_ms, \
           end_ms = excluded.end_ms, excerpt = excluded.excerpt, words = excluded.words, \
           turns = excluded.turns, comment_count = excluded.comment_count, reply_count = excluded.reply_count, \
           score_count = excluded.score_count, discussion_count = excluded.discussion_count, \
           lowest_permille = excluded.lowest_permille, highest_permille = excluded.highest_permille, \
           disputed = excluded.disputed, newest_at = excluded.newest_at",
    )
    .bind(id.as_str())
    .bind(call_id.as_str())
    .bind(moment.layer.number())
    .bind(moment.start_ms)
    .bind(moment.end_ms)
    .bind(clean(&excerpt.text).as_ref())
    .bind(bare(&excerpt.text))
    .bind(to_json(&excerpt.turns))
    .bind(counts[0])
    .bind(counts[1])
    .bind(counts[2])
    .bind(counts.iter().sum::<i64>())
    .bind(permilles.map(|(lowest, _)| lowest))
    .bind(permilles.map(|(_, highest)| highest))
    .bind(i64::from(moment.is_disputed()))
    .bind(moment.newest_at())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_items(tx: &mut Tx, items: &[(MomentId, &str, OldItem)]) -> Result<()> {
    const COLUMNS: usize = 8;
    let mut sql = "INSERT INTO moment_items (moment_id, item_id, author_id, comment_kind, review_id, \
                   criterion_id, value, value_permille) VALUES "
        .to_owned();
    for row in 0..items.len() {
        let places: Vec<String> = (1..=COLUMNS).map(|i| format!("${}", row * COLUMNS + i)).collect();
        sql.push_str(if row == 0 { "(" } else { ", (" });
        sql.push_str(&places.join(", "));
        sql.push(')');
    }
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (moment_id, item_id, item) in items {
        query = query
            .bind(moment_id.as_str())
            .bind(*item_id)
            .bind(item.author_id.as_str())
            .bind(item.comment_kind.as_deref())
            .bind(item.review_id.as_deref())
            .bind(item.criterion_id.as_deref())
            .bind(item.value)
            .bind(item.value_permille);
    }
    query.execute(&mut **tx).await?;
    Ok(())
}
