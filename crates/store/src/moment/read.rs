//! Reading moments, with what hangs on them: the same number of statements however many there are.

use std::collections::{BTreeMap, BTreeSet};

use gametape_core::{
    comment::CommentKind,
    id::{CriterionId, MomentId, ReviewId, UserId},
    moment::{ItemKind, Moment, MomentCall, MomentItem, MomentScore, ShownItem},
    policy::VisibleCalls,
    rubric::{Criterion, Definition},
    transcript::Speaker,
    words::shorten,
};
use sqlx::any::AnyRow;

use super::excerpt::turns_of;
use crate::{Result, Store, conditions::Conditions, row::Fields};

/// Characters of a comment or a note beside a moment.
const TEXT_CHARS: usize = 240;

/// Columns of a moment `m` and its call that [`read_moment`] reads.
macro_rules! moment_columns {
    () => {
        "m.id AS id, m.start_ms AS start_ms, m.end_ms AS end_ms, m.excerpt AS excerpt, \
         m.turns AS turns, m.reply_count AS reply_count, m.discussion_count AS discussion_count, \
         m.lowest_permille AS lowest_permille, m.highest_permille AS highest_permille, \
         m.disputed AS disputed, m.newest_at AS newest_at, calls.id AS call_id, calls.title AS call_title, \
         calls.owner_id AS call_owner_id, calls.occurred_at AS call_occurred_at, calls.tags AS call_tags, \
         calls.deal_stage AS call_deal_stage, calls.deal_outcome AS call_deal_outcome, \
         calls.channels AS call_channels"
    };
}
pub(super) use moment_columns;

/// A moment without what hangs on it.
fn read_moment(row: &AnyRow) -> Result<Moment> {
    let fields = Fields::of(row, "moments");
    let permilles = (
        fields.opt_int("lowest_permille")?,
        fields.opt_int("highest_permille")?,
    );
    Ok(Moment {
        id: fields.parsed("id")?,
        call: MomentCall {
            id: fields.parsed("call_id")?,
            title: fields.text("call_title")?,
            owner_id: fields.parsed("call_owner_id")?,
            occurred_at: fields.opt_int("call_occurred_at")?,
            tags: fields.json("call_tags")?,
            deal_stage: fields.opt_text("call_deal_stage")?,
            deal_outcome: fields.opt_parsed("call_deal_outcome")?,
        },
        start_ms: fields.int("start_ms")?,
        end_ms: fields.int("end_ms")?,
        excerpt: fields.text("excerpt")?,
        turns: Vec::new(),
        people: Vec::new(),
        comments: Vec::new(),
        reply_count: fields.int("reply_count")?,
        scores: Vec::new(),
        permilles: permilles.0.zip(permilles.1),
        disputed: fields.int("disputed")? == 1,
        newest_at: fields.int("newest_at")?,
        discussion_count: fields.int("discussion_count")?,
    })
}

/// Criteria as reviews have them.
#[derive(Default)]
struct Criteria {
    /// The rubric and its version, by review.
    of_review: BTreeMap<String, (String, i64)>,
    definitions: BTreeMap<(String, i64), Definition>,
}

impl Criteria {
    fn get(&self, review_id: &ReviewId, criterion_id: &CriterionId) -> Option<&Criterion> {
        let rubric = self.of_review.get(review_id.as_str())?;
        self.definitions.get(rubric)?.criterion(criterion_id)
    }
}

impl Store {
    /// The moments of rows that have [`moment_columns`], with what hangs on them.
    pub(super) async fn read_moments(&self, rows: &[AnyRow]) -> Result<Vec<Moment>> {
        let mut moments = rows.iter().map(read_moment).collect::<Result<Vec<_>>>()?;
        if moments.is_empty() {
            return Ok(moments);
        }
        self.add_turns(rows, &mut moments).await?;
        let ids: Vec<&str> = moments.iter().map(|moment| moment.id.as_str()).collect();
        let criteria = self.criteria_of(&ids).await?;
        let mut sql = Conditions::default();
        sql.text(
            "SELECT i.moment_id, i.author_id, i.comment_kind, i.review_id, i.criterion_id, i.value, \
               COUNT(*) AS number FROM moment_items i WHERE i.moment_id IN ",
        );
        sql.list(ids);
        sql.text(
            " GROUP BY i.moment_id, i.author_id, i.comment_kind, i.review_id, i.criterion_id, i.value \
             ORDER BY i.moment_id, i.author_id, i.review_id, i.criterion_id",
        );
        let rows = self.fetch(sql.sql, sql.values).await?;
        let mut of_moment: BTreeMap<String, Vec<&AnyRow>> = BTreeMap::new();
        for row in &rows {
            let id = Fields::of(row, "moment_items").text("moment_id")?;
            of_moment.entry(id).or_default().push(row);
        }
        for moment in &mut moments {
            let rows = of_moment.remove(moment.id.as_str()).unwrap_or_default();
            add_items(moment, &rows, &criteria)?;
        }
        Ok(moments)
    }

    /// Tells who speaks in moments, by the names of today.
    async fn add_turns(&self, rows: &[AnyRow], moments: &mut [Moment]) -> Result<()> {
        let calls: BTreeSet<&str> = moments.iter().map(|moment| moment.call.id.as_str()).collect();
        let mut sql = Conditions::default();
        sql.text("SELECT call_id, channel, role, name FROM call_speakers WHERE call_id IN ");
        sql.list(calls);
        let mut named: BTreeMap<(String, usize), Speaker> = BTreeMap::new();
        for row in self.fetch(sql.sql, sql.values).await? {
            let fields = Fields::of(&row, "call_speakers");
            let channel = fields.int("channel")?.max(0) as usize;
            let speaker = Speaker {
                role: fields.parsed("role")?,
                name: fields.text("name")?,
            };
            named.insert((fields.text("call_id")?, channel), speaker);
        }
        for (row, moment) in rows.iter().zip(moments) {
            let fields = Fields::of(row, "moments");
            let channels = fields.opt_int("call_channels")?.unwrap_or(1).max(1) as usize;
            let turns: Vec<(usize, usize)> = fields.json("turns")?;
            let call_id = moment.call.id.as_str();
            moment.turns = turns_of(&moment.excerpt, &turns, |channel| {
                let known = named.get(&(call_id.to_owned(), channel));
                known
                    .cloned()
                    .unwrap_or_else(|| Speaker::default_for(channel, channels))
            });
        }
        Ok(())
    }

    /// The criteria that scores of these moments are of.
    async fn criteria_of(&self, moment_ids: &[&str]) -> Result<Criteria> {
        let mut criteria = Criteria::default();
        let mut sql = Conditions::default();
        sql.text(
            "SELECT DISTINCT r.id, r.rubric_id, r.rubric_version \
             FROM moment_items i JOIN reviews r ON r.id = i.review_id WHERE i.moment_id IN ",
        );
        sql.list(moment_ids.iter().copied());
        for row in self.fetch(sql.sql, sql.values).await? {
            let fields = Fields::of(&row, "reviews");
            let rubric = (fields.text("rubric_id")?, fields.int("rubric_version")?);
            criteria.of_review.insert(fields.text("id")?, rubric);
        }
        let rubrics: BTreeSet<&(String, i64)> = criteria.of_review.values().collect();
        if rubrics.is_empty() {
            return Ok(criteria);
        }
        let mut sql = Conditions::default();
        sql.text("SELECT rubric_id, version, definition FROM rubric_versions WHERE 1 = 0");
        for (rubric_id, version) in rubrics {
            sql.push(" OR (rubric_id = ?", [rubric_id.as_str()]);
            sql.push(" AND version = ?)", [*version]);
        }
        for row in self.fetch(sql.sql, sql.values).await? {
            let fields = Fields::of(&row, "rubric_versions");
            let rubric = (fields.text("rubric_id")?, fields.int("version")?);
            criteria.definitions.insert(rubric, fields.json("definition")?);
        }
        Ok(criteria)
    }

    /// A moment of a call that `viewer` may see, as they see it, with its items in order of their starts.
    #[tracing::instrument(name = "db.moment.get", level = "debug", skip_all)]
    pub async fn moment_get(
        &self,
        visible: &VisibleCalls,
        viewer: &UserId,
        id: &MomentId,
    ) -> Result<Option<(Moment, Vec<ShownItem>)>> {
        let mut sql = Conditions::default();
        sql.text("SELECT ");
        sql.text(moment_columns!());
        sql.push(
            " FROM moments m JOIN calls ON calls.id = m.call_id WHERE m.id = ?",
            [id.as_str()],
        );
        sql.visible(visible);
        sql.seen_moments(viewer);
        let rows = self.fetch(sql.sql, sql.values).await?;
        let Some(moment) = self.read_moments(&rows).await?.into_iter().next() else {
            return Ok(None);
        };
        let mut items = self.comments_in(id).await?;
        items.extend(self.evidence_in(id).await?);
        items.sort_by(|a, b| {
            let key = |shown: &ShownItem| (shown.item.start_ms, shown.item.end_ms, shown.item.id.clone());
            key(a).cmp(&key(b))
        });
        Ok(Some((moment, items)))
    }

    async fn comments_in(&self, id: &MomentId) -> Result<Vec<ShownItem>> {
        let rows = sqlx::query(
            "SELECT c.id, c.author_id, c.kind, c.body, c.situation, c.behaviour, c.impact, c.created_at, \
               a.start_ms, a.end_ms, \
               (SELECT COUNT(*) FROM comments r WHERE r.parent_id = c.id AND r.deleted_at IS NULL) AS replies \
             FROM moment_items i JOIN comments c ON c.id = i.item_id JOIN anchors a ON a.id = c.anchor_id \
             WHERE i.moment_id = $1 AND i.comment_kind IS NOT NULL AND c.deleted_at IS NULL",
        )
        .bind(id.as_str())
        .fetch_all(self.read())
        .await?;
        let read = |row| {
            let fields = Fields::of(row, "comments");
            let parts = [
                Some(fields.text("body")?),
                fields.opt_text("situation")?,
                fields.opt_text("behaviour")?,
                fields.opt_text("impact")?,
            ];
            let parts: Vec<String> = parts
                .into_iter()
                .flatten()
                .filter(|part| !part.is_empty())
                .collect();
            Ok(ShownItem {
                item: MomentItem {
                    id: fields.text("id")?,
                    start_ms: fields.int("start_ms")?,
                    end_ms: fields.int("end_ms")?,
                    author_id: fields.parsed("author_id")?,
                    newest_at: fields.int("created_at")?,
                    kind: ItemKind::Comment {
                        kind: fields.parsed("kind")?,
                        replies: fields.int("replies")?,
                    },
                },
                text: shorten(&parts.join(" "), TEXT_CHARS),
                criterion_title: String::new(),
            })
        };
        rows.iter().map(read).collect()
    }

    async fn evidence_in(&self, id: &MomentId) -> Result<Vec<ShownItem>> {
        let criteria = self.criteria_of(&[id.as_str()]).await?;
        let rows = sqlx::query(
            "SELECT e.id, i.author_id, i.review_id, i.criterion_id, i.value, e.created_at, a.start_ms, \
               a.end_ms, s.note \
             FROM moment_items i JOIN evidence e ON e.id = i.item_id JOIN anchors a ON a.id = e.anchor_id \
             JOIN scores s ON s.review_id = i.review_id AND s.criterion_id = i.criterion_id \
             WHERE i.moment_id = $1 AND i.review_id IS NOT NULL",
        )
        .bind(id.as_str())
        .fetch_all(self.read())
        .await?;
        let read = |row| {
            let fields = Fields::of(row, "evidence");
            let (review_id, criterion_id) = (fields.parsed("review_id")?, fields.parsed("criterion_id")?);
            let criterion = criteria.get(&review_id, &criterion_id);
            Ok(ShownItem {
                text: shorten(&fields.text("note")?, TEXT_CHARS),
                criterion_title: criterion.map_or_else(String::new, |criterion| criterion.title.clone()),
                item: MomentItem {
                    id: fields.text("id")?,
                    start_ms: fields.int("start_ms")?,
                    end_ms: fields.int("end_ms")?,
                    author_id: fields.parsed("author_id")?,
                    newest_at: fields.int("created_at")?,
                    kind: ItemKind::Evidence {
                        scale: criterion.map(|criterion| criterion.scale),
                        value: fields.opt_int("value")?,
                        review_id,
                        criterion_id,
                    },
                },
            })
        };
        rows.iter().map(read).collect()
    }
}

/// Adds people, kinds of comments and scores to a moment, from items that are counted by these.
fn add_items(moment: &mut Moment, rows: &[&AnyRow], criteria: &Criteria) -> Result<()> {
    let mut people: BTreeSet<UserId> = BTreeSet::new();
    let mut comments: BTreeMap<&'static str, (CommentKind, i64)> = BTreeMap::new();
    for row in rows {
        let fields = Fields::of(row, "moment_items");
        let author_id: UserId = fields.parsed("author_id")?;
        people.insert(author_id.clone());
        if let Some(kind) = fields.opt_parsed::<CommentKind>("comment_kind")? {
            comments.entry(kind.as_str()).or_insert((kind, 0)).1 += fields.int("number")?;
            continue;
        }
        let (review_id, criterion_id) = (fields.parsed("review_id")?, fields.parsed("criterion_id")?);
        let criterion = criteria.get(&review_id, &criterion_id);
        moment.scores.push(MomentScore {
            criterion_title: criterion.map_or_else(String::new, |criterion| criterion.title.clone()),
            scale: criterion.map(|criterion| criterion.scale),
            value: fields.opt_int("value")?,
            reviewer_id: author_id,
            review_id,
            criterion_id,
        });
    }
    moment.people = people.into_iter().collect();
    moment.comments = CommentKind::ALL
        .iter()
        .filter_map(|kind| comments.remove(kind.as_str()))
        .collect();
    Ok(())
}
