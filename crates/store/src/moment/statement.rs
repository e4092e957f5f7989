//! The statements behind lists of moments.

use gametape_core::{id::UserId, moment::MomentSort, page::Cursor, policy::VisibleCalls};

use super::{MomentFilter, read::moment_columns};
use crate::{
    conditions::{Conditions, Value},
    dialect::Engine,
    row::{clean, fold},
};

/// What is asked for, by whom.
pub(super) struct Asked<'a> {
    pub(super) engine: Engine,
    pub(super) visible: &'a VisibleCalls,
    pub(super) viewer: &'a UserId,
    pub(super) filter: &'a MomentFilter,
    pub(super) sort: MomentSort,
}

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// At the first moment of the order, as long as it takes.
    Order,
    /// At moments that some column of theirs picks out.
    Moments,
    /// At the calls.
    Calls,
    /// At the scores,
    Scores,
    /// or at the comments,
    Comments,
    /// or at what somebody wrote.
    Author,
    /// At the words.
    Words,
}

const NO_VALUES: [i64; 0] = [];

impl Asked<'_> {
    fn has_score(&self) -> bool {
        let filter = self.filter;
        filter.criterion_id.is_some() || filter.min_score.is_some() || filter.max_score.is_some()
    }

    /// Where reading may begin other than with the order.
    pub(super) fn starts(&self) -> Vec<Start> {
        let filter = self.filter;
        let sorted = self.sort == MomentSort::Newest;
        let by_call = filter.owner_id.is_some()
            || filter.team_id.is_some()
            || filter.tag.is_some()
            || filter.deal_stage.is_some()
            || filter.deal_outcome.is_some()
            || filter.deal_external_id.is_some()
            || *self.visible != VisibleCalls::All;
        let (has_score, has_kind) = (self.has_score(), filter.comment_kind.is_some());
        let dated = filter.from.is_some() || filter.until.is_some();
        [
            (Start::Moments, (dated || filter.disputed) && !sorted),
            (Start::Calls, by_call),
            (Start::Scores, has_score),
            (Start::Comments, has_kind),
            (
                Start::Author,
                filter.author_id.is_some() && !has_score && !has_kind,
            ),
            (Start::Words, filter.words.is_some()),
        ]
        .into_iter()
        .filter_map(|(start, is_asked)| is_asked.then_some(start))
        .collect()
    }

    /// `FROM` and `WHERE` for counting what a start leaves, without the rest.
    pub(super) fn count(&self, start: Start, most: i64) -> Conditions {
        let mut sql = Conditions::default();
        sql.text("SELECT COUNT(*) AS number FROM (SELECT 1 AS one ");
        match start {
            Start::Order | Start::Moments => {
                sql.text("FROM moments m WHERE 1 = 1");
                self.of_moments(&mut sql, start);
            }
            Start::Calls => {
                sql.text("FROM calls CROSS JOIN moments m WHERE m.call_id = calls.id");
                self.of_calls(&mut sql);
            }
            Start::Scores | Start::Comments | Start::Author => {
                sql.text("FROM moment_items i WHERE 1 = 1");
                self.of_items(&mut sql, start, true);
            }
            Start::Words => self.push_words(&mut sql, false),
        }
        sql.push(" LIMIT ?) few", [most + 1]);
        sql
    }

    /// All the moments that are asked for, from where reading begins.
    fn from(&self, sql: &mut Conditions, start: Start) {
        match start {
            Start::Order | Start::Moments => {
                sql.text(" FROM moments m CROSS JOIN calls WHERE calls.id = m.call_id");
            }
            Start::Calls => sql.text(" FROM calls CROSS JOIN moments m WHERE m.call_id = calls.id"),
            Start::Scores | Start::Comments | Start::Author => {
                sql.text(" FROM (SELECT DISTINCT i.moment_id FROM moment_items i WHERE 1 = 1");
                self.of_items(sql, start, true);
                sql.text(
                    ") few CROSS JOIN moments m CROSS JOIN calls \
                     WHERE m.id = few.moment_id AND calls.id = m.call_id",
                );
            }
            Start::Words => self.push_words(sql, true),
        }
        self.of_moments(sql, start);
        self.of_calls(sql);
        let items = [
            (Start::Scores, self.has_score()),
            (Start::Comments, self.filter.comment_kind.is_some()),
            (
                Start::Author,
                self.filter.author_id.is_some() && !self.has_score() && self.filter.comment_kind.is_none(),
            ),
        ];
        for (of, is_asked) in items {
            if is_asked && of != start {
                sql.text(" AND EXISTS (SELECT 1 FROM moment_items i WHERE i.moment_id = m.id");
                self.of_items(sql, of, false);
                sql.text(")");
            }
        }
        if let (Some(words), true) = (&self.filter.words, start != Start::Words) {
            sql.and(self.engine.moment_has_words(), [self.engine.full_text(words)]);
        }
        sql.seen_moments(self.viewer);
    }

    fn push_words(&self, sql: &mut Conditions, with_calls: bool) {
        let words = self
            .filter
            .words
            .as_ref()
            .map(|words| self.engine.full_text(words));
        let [count, all] = self.engine.moments_with_words();
        sql.push(if with_calls { all } else { count }, words);
    }

    fn of_moments(&self, sql: &mut Conditions, start: Start) {
        let filter = self.filter;
        if let Some(call_id) = &filter.call_id {
            sql.and("m.call_id = ?", [call_id.as_str()]);
        }
        if filter.disputed {
            // The index of disputed moments has an order of its own.
            let other_order = start == Start::Order && self.sort != MomentSort::Newest;
            let condition = if other_order {
                "m.disputed + 0 = 1"
            } else {
                "m.disputed = 1"
            };
            sql.and(condition, NO_VALUES);
        }
        if let Some(from) = filter.from {
            sql.and("m.newest_at >= ?", [from]);
        }
        if let Some(until) = filter.until {
            sql.and("m.newest_at < ?", [until]);
        }
        match self.sort {
            MomentSort::Highest => sql.and("m.highest_permille IS NOT NULL", NO_VALUES),
            MomentSort::Lowest => sql.and("m.lowest_permille IS NOT NULL", NO_VALUES),
            MomentSort::Newest | MomentSort::Discussed => {}
        }
    }

    fn of_calls(&self, sql: &mut Conditions) {
        let filter = self.filter;
        sql.visible(self.visible);
        if let Some(owner_id) = &filter.owner_id {
            sql.and("calls.owner_id = ?", [owner_id.as_str()]);
        }
        if let Some(team_id) = &filter.team_id {
            sql.and("calls.team_id = ?", [team_id.as_str()]);
        }
        if let Some(tag) = &filter.tag {
            sql.and(
                "calls.id IN (SELECT t.call_id FROM call_tags t WHERE t.tag_folded = ?)",
                [fold(tag)],
            );
        }
        if let Some(stage) = &filter.deal_stage {
            sql.and("calls.deal_stage = ?", [clean(stage).as_ref()]);
        }
        if let Some(outcome) = filter.deal_outcome {
            sql.and("calls.deal_outcome = ?", [outcome.as_str()]);
        }
        if let Some(external_id) = &filter.deal_external_id {
            sql.and("calls.deal_external_id = ?", [clean(external_id).as_ref()]);
        }
    }

    /// Conditions on the items `i` of a moment. When reading begins at them, an index on one of their columns is
    /// to be used; when a moment's few items are looked through, none but that of the moment.
    fn of_items(&self, sql: &mut Conditions, of: Start, begins: bool) {
        let filter = self.filter;
        let author_leads = begins && filter.author_id.is_some();
        if let Some(author_id) = &filter.author_id {
            sql.and("i.author_id = ?", [author_id.as_str()]);
        }
        if let (Start::Comments, Some(kind)) = (of, filter.comment_kind) {
            let condition = if author_leads {
                "i.comment_kind || '' = ?"
            } else {
                "i.comment_kind = ?"
            };
            sql.and(condition, [kind.as_str()]);
        }
        if of != Start::Scores {
            return;
        }
        let [criterion, at_least, at_most] = match (begins && !author_leads, &filter.criterion_id) {
            (true, Some(_)) => ["i.criterion_id = ?", "i.value >= ?", "i.value <= ?"],
            (false, Some(_)) => ["i.criterion_id || '' = ?", "i.value >= ?", "i.value <= ?"],
            (true, None) => ["", "i.value_permille >= ?", "i.value_permille <= ?"],
            (false, None) => ["", "i.value_permille + 0 >= ?", "i.value_permille + 0 <= ?"],
        };
        if let Some(criterion_id) = &filter.criterion_id {
            sql.and(criterion, [criterion_id.as_str()]);
        }
        if let Some(min) = filter.min_score {
            sql.and(at_least, [min]);
        }
        if let Some(max) = filter.max_score {
            sql.and(at_most, [max]);
        }
    }

    /// The statement for a page that begins behind `after`.
    pub(super) fn page(&self, start: Start, after: Option<&Cursor>, most: i64) -> Conditions {
        let (key, behind, order) = match self.sort {
            MomentSort::Newest => ("m.newest_at", "(m.newest_at, m.id) < (?, ?)", "DESC"),
            MomentSort::Highest => (
                "m.highest_permille",
                "(m.highest_permille, m.id) < (?, ?)",
                "DESC",
            ),
            MomentSort::Lowest => ("m.lowest_permille", "(m.lowest_permille, m.id) > (?, ?)", "ASC"),
            MomentSort::Discussed => (
                "m.discussion_count",
                "(m.discussion_count, m.id) < (?, ?)",
                "DESC",
            ),
        };
        let mut sql = Conditions::default();
        sql.text("WITH found AS ");
        // Gathered behind a fence, lest the engine walk along the order after all.
        sql.text(if start == Start::Order {
            "NOT MATERIALIZED"
        } else {
            "MATERIALIZED"
        });
        sql.text(" (SELECT m.id AS id, ");
        sql.text(key);
        sql.text(" AS sort_key");
        self.from(&mut sql, start);
        if let Some(Cursor { key, id }) = after {
            sql.and(behind, [Value::Int(*key), Value::Text(clean(id).into_owned())]);
        }
        sql.text("), page AS MATERIALIZED (SELECT id, sort_key FROM found ORDER BY sort_key ");
        sql.text(order);
        sql.text(", id ");
        sql.text(order);
        sql.push(" LIMIT ?) SELECT ", [most]);
        sql.text(moment_columns!());
        sql.text(
            ", page.sort_key AS sort_key FROM page CROSS JOIN moments m CROSS JOIN calls \
             WHERE m.id = page.id AND calls.id = m.call_id ORDER BY page.sort_key ",
        );
        sql.text(order);
        sql.text(", page.id ");
        sql.text(order);
        sql
    }
}
