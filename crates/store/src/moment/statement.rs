//! The statements behind lists of moments.
//!
//! `+ 0` and `|| ''` beside a column keep its indexes out of it, where another one is to be used.

use gametape_core::{id::UserId, moment::MomentSort, page::Cursor, policy::VisibleCalls};

use super::{
    MomentFilter,
    pieces::{ITEM, ItemSql, OTHER, OrderSql, push_behind},
    read::moment_columns,
};
use crate::{
    conditions::Conditions,
    dialect::{Engine, Worded},
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
    /// At the first moments of the order, and not far: right only if they fill the page.
    Head,
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

/// Moments that are looked through before anything is counted: a filter that leaves one of ten fills a page of them.
const HEAD: i64 = 500;

/// The end of a condition on a moment's items: an offset keeps PostgreSQL from turning it into a join, for which it
/// would read far more than what a walk comes by.
const ROW_BY_ROW: &str = " LIMIT 1 OFFSET 0)";

impl Asked<'_> {
    fn has_score(&self) -> bool {
        let filter = self.filter;
        filter.criterion_id.is_some() || filter.min_score.is_some() || filter.max_score.is_some()
    }

    /// Whether the order goes by the scores that are asked for, not by all scores of a moment.
    fn by_score(&self) -> bool {
        self.has_score() && matches!(self.sort, MomentSort::Highest | MomentSort::Lowest)
    }

    /// The filters on items, each of which a moment must have one for.
    fn items(&self) -> impl Iterator<Item = Start> {
        let (has_score, has_kind) = (self.has_score(), self.filter.comment_kind.is_some());
        [
            (Start::Scores, has_score),
            (Start::Comments, has_kind),
            (
                Start::Author,
                self.filter.author_id.is_some() && !has_score && !has_kind,
            ),
        ]
        .into_iter()
        .filter_map(|(start, is_asked)| is_asked.then_some(start))
    }

    fn has_call_filter(&self) -> bool {
        let filter = self.filter;
        filter.owner_id.is_some()
            || filter.team_id.is_some()
            || filter.tag.is_some()
            || filter.deal_stage.is_some()
            || filter.deal_outcome.is_some()
            || filter.deal_external_id.is_some()
    }

    /// Whether several filters are set that reading may begin at. That not all calls are seen is none.
    pub(super) fn has_several(&self) -> bool {
        let seen_alone = *self.visible != VisibleCalls::All && !self.has_call_filter();
        self.starts().len() > 1 + usize::from(seen_alone)
    }

    /// Where reading may begin other than with the order.
    pub(super) fn starts(&self) -> Vec<Start> {
        let filter = self.filter;
        // The newest of these are where the order begins anyway.
        let by_column = filter.from.is_some() || filter.until.is_some() || filter.disputed;
        let mut starts = Vec::new();
        if by_column && self.sort != MomentSort::Newest {
            starts.push(Start::Moments);
        }
        if self.has_call_filter() || *self.visible != VisibleCalls::All {
            starts.push(Start::Calls);
        }
        starts.extend(self.items());
        if filter.words.is_some() {
            starts.push(Start::Words);
        }
        starts
    }

    /// Whether looking at the first moments of the order is worth it: there are filters, and the order is the moments'.
    pub(super) fn has_head(&self) -> bool {
        let filter = self.filter;
        filter.call_id.is_none() && filter.words.is_none() && !self.by_score() && !self.starts().is_empty()
    }

    /// Counts what a start leaves, without the other filters, up to one more than `most`.
    pub(super) fn count(&self, start: Start, most: i64) -> Conditions {
        let mut sql = Conditions::default();
        sql.text("SELECT COUNT(*) AS number FROM (SELECT 1 AS one ");
        match start {
            Start::Head | Start::Order | Start::Moments => {
                sql.text("FROM moments m WHERE 1 = 1");
                self.of_moments(&mut sql, start);
            }
            Start::Calls => {
                sql.text("FROM calls CROSS JOIN moments m WHERE m.call_id = calls.id");
                self.of_calls(&mut sql, true);
            }
            Start::Scores | Start::Comments | Start::Author => {
                sql.text("FROM moment_items i WHERE 1 = 1");
                self.of_items(&mut sql, start, true, &ITEM);
                // In the order of the index that is meant.
                let scored = start == Start::Scores && self.filter.author_id.is_none();
                sql.text(match (scored, self.filter.criterion_id.is_some()) {
                    (true, true) => " ORDER BY i.value",
                    (true, false) => " ORDER BY i.value_permille",
                    (false, _) => " ORDER BY i.moment_id",
                });
            }
            Start::Words => self.push_words(&mut sql, false),
        }
        sql.fixed_limit(most + 1);
        sql.text(") few");
        sql
    }

    /// All the moments that are asked for, from where reading begins.
    fn from(&self, sql: &mut Conditions, start: Start, after: Option<&Cursor>) {
        match start {
            Start::Head => self.push_head(sql, after),
            Start::Order if self.by_score() => self.push_from_scores(sql),
            Start::Order | Start::Moments => {
                sql.text(" FROM moments m CROSS JOIN calls WHERE calls.id = m.call_id");
            }
            Start::Calls => sql.text(" FROM calls CROSS JOIN moments m WHERE m.call_id = calls.id"),
            Start::Scores | Start::Comments | Start::Author => {
                sql.text(" FROM (SELECT DISTINCT i.moment_id FROM moment_items i WHERE 1 = 1");
                self.of_items(sql, start, true, &ITEM);
                sql.text(
                    ") few CROSS JOIN moments m CROSS JOIN calls \
                     WHERE m.id = few.moment_id AND calls.id = m.call_id",
                );
            }
            Start::Words => self.push_words(sql, true),
        }
        self.of_moments(sql, start);
        self.of_calls(sql, start == Start::Calls);
        for of in self.items() {
            let is_there = of == start || (of == Start::Scores && start == Start::Order && self.by_score());
            if !is_there {
                sql.text(" AND EXISTS (SELECT 1 FROM moment_items j WHERE j.moment_id = m.id");
                self.of_items(sql, of, false, &OTHER);
                sql.text(ROW_BY_ROW);
            }
        }
        if let (Some(words), true) = (&self.filter.words, start != Start::Words) {
            sql.with_terms(self.engine, Worded::Moment, words);
        }
        sql.seen_moments(self.viewer);
    }

    /// The first moments of the order behind `after`, whatever else is asked for.
    fn push_head(&self, sql: &mut Conditions, after: Option<&Cursor>) {
        let order = OrderSql::of(self.sort, false, false);
        sql.text(" FROM (SELECT m.* FROM moments m WHERE 1 = 1");
        self.of_moments(sql, Start::Order);
        push_behind(sql, order.behind, after);
        sql.text(" ORDER BY ");
        sql.text(order.key);
        push_ways(sql, order.way, "m.id");
        sql.fixed_limit(HEAD);
        sql.text(") m CROSS JOIN calls WHERE calls.id = m.call_id");
    }

    /// The scores that are asked for, each moment's best in the order.
    fn push_from_scores(&self, sql: &mut Conditions) {
        sql.text(
            " FROM moment_items i CROSS JOIN moments m CROSS JOIN calls \
             WHERE m.id = i.moment_id AND calls.id = m.call_id",
        );
        self.of_items(sql, Start::Scores, true, &ITEM);
        sql.text(" AND NOT EXISTS (SELECT 1 FROM moment_items j WHERE j.moment_id = i.moment_id");
        self.of_items(sql, Start::Scores, false, &OTHER);
        sql.text(
            match (
                self.filter.criterion_id.is_some(),
                self.sort == MomentSort::Lowest,
            ) {
                (true, false) => " AND (j.value > i.value OR (j.value = i.value AND j.item_id > i.item_id))",
                (true, true) => " AND (j.value < i.value OR (j.value = i.value AND j.item_id > i.item_id))",
                (false, false) => {
                    " AND (j.value_permille > i.value_permille \
                 OR (j.value_permille = i.value_permille AND j.item_id > i.item_id))"
                }
                (false, true) => {
                    " AND (j.value_permille < i.value_permille \
                 OR (j.value_permille = i.value_permille AND j.item_id > i.item_id))"
                }
            },
        );
        sql.text(ROW_BY_ROW);
    }

    fn push_words(&self, sql: &mut Conditions, with_calls: bool) {
        let words = self.filter.words.as_ref();
        let words = words.map(|words| self.engine.full_text(words));
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

    fn of_calls(&self, sql: &mut Conditions, begins: bool) {
        let filter = self.filter;
        sql.visible(self.visible);
        if let Some(owner_id) = &filter.owner_id {
            sql.and("calls.owner_id = ?", [owner_id.as_str()]);
        }
        if let Some(team_id) = &filter.team_id {
            sql.and("calls.team_id = ?", [team_id.as_str()]);
        }
        if let Some(tag) = &filter.tag {
            let condition = if begins {
                "calls.id IN (SELECT t.call_id FROM call_tags t WHERE t.tag_folded = ?)"
            } else {
                "EXISTS (SELECT 1 FROM call_tags t WHERE t.tag_folded = ? AND t.call_id = calls.id)"
            };
            sql.and(condition, [fold(tag)]);
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

    /// Conditions on items. When reading begins at them, an index on one of their columns is to be used; when a
    /// moment's few items are looked through, none but that of the moment.
    fn of_items(&self, sql: &mut Conditions, of: Start, begins: bool, item: &ItemSql) {
        let filter = self.filter;
        let by_other = usize::from(!begins || filter.author_id.is_some());
        if let Some(author_id) = &filter.author_id {
            sql.and(item.author, [author_id.as_str()]);
        }
        if let (Start::Comments, Some(kind)) = (of, filter.comment_kind) {
            sql.and(item.kind[by_other], [kind.as_str()]);
        }
        if of != Start::Scores {
            return;
        }
        if let Some(criterion_id) = &filter.criterion_id {
            sql.and(item.criterion[by_other], [criterion_id.as_str()]);
        }
        let [is_there, at_least, at_most] = match filter.criterion_id {
            Some(_) => item.value,
            None => item.share[by_other],
        };
        if self.by_score() {
            sql.and(is_there, NO_VALUES);
        }
        if let Some(min) = filter.min_score {
            sql.and(at_least, [min]);
        }
        if let Some(max) = filter.max_score {
            sql.and(at_most, [max]);
        }
    }

    /// Writes what the order goes by where reading begins elsewhere.
    fn gathered_key(&self, sql: &mut Conditions, key: &'static str) {
        if !self.by_score() {
            return sql.text(key);
        }
        sql.text(
            match (
                self.sort == MomentSort::Lowest,
                self.filter.criterion_id.is_some(),
            ) {
                (false, true) => "(SELECT MAX(j.value) FROM moment_items j WHERE j.moment_id = m.id",
                (true, true) => "(SELECT MIN(j.value) FROM moment_items j WHERE j.moment_id = m.id",
                (false, false) => {
                    "(SELECT MAX(j.value_permille) FROM moment_items j WHERE j.moment_id = m.id"
                }
                (true, false) => "(SELECT MIN(j.value_permille) FROM moment_items j WHERE j.moment_id = m.id",
            },
        );
        self.of_items(sql, Start::Scores, false, &OTHER);
        sql.text(")");
    }

    /// The statement for a page that begins behind `after`.
    pub(super) fn page(&self, start: Start, after: Option<&Cursor>, most: i64) -> Conditions {
        let order = OrderSql::of(self.sort, self.by_score(), self.filter.criterion_id.is_some());
        let mut sql = Conditions::default();
        if start == Start::Order {
            sql.text("WITH page AS MATERIALIZED (SELECT m.id AS id, ");
            sql.text(order.key);
            sql.text(" AS sort_key");
            self.from(&mut sql, start, after);
            push_behind(&mut sql, order.behind, after);
            sql.text(" ORDER BY ");
            sql.text(order.key);
        } else {
            // Behind a fence, lest the engine walk along the order after all.
            sql.text("WITH found AS MATERIALIZED (SELECT m.id AS id, ");
            self.gathered_key(&mut sql, order.key);
            sql.text(" AS sort_key");
            self.from(&mut sql, start, after);
            sql.text("), page AS MATERIALIZED (SELECT id, sort_key FROM found WHERE sort_key IS NOT NULL");
            push_behind(&mut sql, order.behind_found, after);
            sql.text(" ORDER BY sort_key");
        }
        let id = match (start, self.by_score()) {
            (Start::Order, false) => "m.id",
            (Start::Order, true) => "i.moment_id",
            _ => "id",
        };
        push_ways(&mut sql, order.way, id);
        sql.push(" LIMIT ?) SELECT ", [most]);
        sql.text(moment_columns!());
        sql.text(
            ", page.sort_key AS sort_key FROM page CROSS JOIN moments m CROSS JOIN calls \
             WHERE m.id = page.id AND calls.id = m.call_id ORDER BY page.sort_key",
        );
        push_ways(&mut sql, order.way, "page.id");
        sql
    }
}

/// The way of an order's key, and behind it that of the ids by which equal keys are told apart.
fn push_ways(sql: &mut Conditions, way: &'static str, id: &'static str) {
    for piece in [" ", way, ", ", id, " ", way] {
        sql.text(piece);
    }
}
