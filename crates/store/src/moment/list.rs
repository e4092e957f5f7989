//! Lists of moments. There may be a million of them, so the first page must not depend on luck: a walk along
//! the index of the order is quick when many moments fit, and gathering all that fit is quick when few do. A
//! bounded count of what each filter leaves tells which it is.

use gametape_core::{
    TimeMs,
    call::DealOutcome,
    comment::CommentKind,
    id::{CallId, CriterionId, TeamId, UserId},
    moment::{Moment, MomentSort},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    policy::VisibleCalls,
    search::Query,
};

use crate::{
    Result, Store,
    conditions::{Conditions, Value},
    dialect::Engine,
    row::{Fields, clean, fold},
};

/// Moments that are gathered and sorted at most when one filter leaves that many.
const GATHER: i64 = 4_000;
/// The same when there are several: walking may find next to nothing where each of them leaves a lot.
const GATHER_SEVERAL: i64 = 20_000;

/// Which moments to list. What is set must all hold.
#[derive(Debug, Clone, Default)]
pub struct MomentFilter {
    /// Of this call.
    pub call_id: Option<CallId>,
    /// Of this rep's calls.
    pub owner_id: Option<UserId>,
    /// Of this team's calls.
    pub team_id: Option<TeamId>,
    /// Of calls with this tag, without regard to case.
    pub tag: Option<String>,
    /// Of calls whose deal stands there.
    pub deal_stage: Option<String>,
    /// Of calls whose deal ended like this.
    pub deal_outcome: Option<DealOutcome>,
    /// Of calls with this deal, by its id in another system.
    pub deal_external_id: Option<String>,
    /// With a score of this criterion.
    pub criterion_id: Option<CriterionId>,
    /// With a score of at least this: a level with `criterion_id`, thousandths of its scale without.
    pub min_score: Option<i64>,
    /// With a score of at most this, in the same measure; the same score as `min_score` is about.
    pub max_score: Option<i64>,
    /// With a comment of this kind.
    pub comment_kind: Option<CommentKind>,
    /// With a comment or a score of this person; where a kind, a criterion or a score is asked for, the very
    /// comment or score is theirs.
    pub author_id: Option<UserId>,
    /// Where these words stand in the excerpt.
    pub words: Option<Query>,
    /// Where reviewers differ by two levels or more.
    pub disputed: bool,
    /// Where something was last said at this time or later.
    pub from: Option<TimeMs>,
    /// Where something was last said before this time.
    pub until: Option<TimeMs>,
}

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
enum Start {
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
    fn starts(&self) -> Vec<Start> {
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
            (Start::Author, filter.author_id.is_some() && !has_score && !has_kind),
            (Start::Words, filter.words.is_some()),
        ]
        .into_iter()
        .filter_map(|(start, is_asked)| is_asked.then_some(start))
        .collect()
    }

    /// `FROM` and `WHERE` for counting what a start leaves, without the rest.
    fn count(&self, start: Start, most: i64) -> Conditions {
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
            Start::Words => self.from_words(&mut sql, false),
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
            Start::Words => self.from_words(sql, true),
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

    fn from_words(&self, sql: &mut Conditions, with_calls: bool) {
        let words = self.filter.words.as_ref().map(|words| self.engine.full_text(words));
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
            let condition = if other_order { "m.disputed + 0 = 1" } else { "m.disputed = 1" };
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
            sql.and("calls.id IN (SELECT t.call_id FROM call_tags t WHERE t.tag_folded = ?)", [fold(tag)]);
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
            let condition = match author_leads {
                true => "i.comment_kind || '' = ?",
                false => "i.comment_kind = ?",
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
    fn page(&self, start: Start, after: Option<&Cursor>, most: i64) -> Conditions {
        let (key, behind, order) = match self.sort {
            MomentSort::Newest => ("m.newest_at", "(m.newest_at, m.id) < (?, ?)", "DESC"),
            MomentSort::Highest => ("m.highest_permille", "(m.highest_permille, m.id) < (?, ?)", "DESC"),
            MomentSort::Lowest => ("m.lowest_permille", "(m.lowest_permille, m.id) > (?, ?)", "ASC"),
            MomentSort::Discussed => ("m.discussion_count", "(m.discussion_count, m.id) < (?, ?)", "DESC"),
        };
        let mut sql = Conditions::default();
        sql.text("WITH found AS ");
        // Gathered behind a fence, lest the engine walk along the order after all.
        sql.text(if start == Start::Order { "NOT MATERIALIZED" } else { "MATERIALIZED" });
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
        sql.text(super::read::moment_columns!());
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

impl Store {
    /// Where reading begins for what is asked: where least is left, if that is little enough.
    async fn moment_start(&self, asked: &Asked<'_>) -> Result<Start> {
        if asked.filter.call_id.is_some() {
            return Ok(Start::Moments);
        }
        let starts = asked.starts();
        let most = if starts.len() > 1 { GATHER_SEVERAL } else { GATHER };
        let mut best = (most + 1, Start::Order);
        for start in starts {
            let Conditions { sql, values } = asked.count(start, best.0.min(most));
            let rows = self.fetch(sql, values).await?;
            let number = match rows.first() {
                Some(row) => Fields::of(row, "moments").int("number")?,
                None => 0,
            };
            if number < best.0 {
                best = (number, start);
            }
        }
        Ok(best.1)
    }

    /// Moments of calls that `viewer` may see, as they see them.
    #[tracing::instrument(name = "db.moment.list", level = "debug", skip_all)]
    pub async fn moment_list(
        &self,
        visible: &VisibleCalls,
        viewer: &UserId,
        filter: &MomentFilter,
        sort: MomentSort,
        page: &PageRequest,
    ) -> Result<Page<Moment>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let asked = Asked {
            engine: self.engine(),
            visible,
            viewer,
            filter,
            sort,
        };
        let start = self.moment_start(&asked).await?;
        let Conditions { sql, values } = asked.page(start, page.after.as_ref(), i64::from(limit) + 1);
        let mut rows = self.fetch(sql, values).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = match rows.last() {
            Some(last) if more => {
                let fields = Fields::of(last, "moments");
                Some(Cursor {
                    key: fields.int("sort_key")?,
                    id: fields.text("id")?,
                })
            }
            _ => None,
        };
        Ok(Page {
            items: self.read_moments(&rows).await?,
            next,
        })
    }

    /// How the engine goes about a list of moments, in its own words: first for the counts that decide where
    /// reading begins, then for the page from every such beginning. For tests and benchmarks.
    pub async fn moment_list_plans(
        &self,
        visible: &VisibleCalls,
        viewer: &UserId,
        filter: &MomentFilter,
        sort: MomentSort,
    ) -> Result<Vec<String>> {
        let asked = Asked {
            engine: self.engine(),
            visible,
            viewer,
            filter,
            sort,
        };
        let after = Cursor {
            key: 1,
            id: "moment_".to_owned(),
        };
        let mut statements = Vec::new();
        let mut starts = vec![Start::Order];
        if filter.call_id.is_some() {
            starts = vec![Start::Moments];
        }
        for start in asked.starts() {
            statements.push(asked.count(start, GATHER));
            starts.push(start);
        }
        for start in starts {
            statements.push(asked.page(start, None, 51));
            statements.push(asked.page(start, Some(&after), 51));
        }
        let mut plans = Vec::new();
        for statement in statements {
            plans.push(self.explain(statement).await?);
        }
        Ok(plans)
    }
}
