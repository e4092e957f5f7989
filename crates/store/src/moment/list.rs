//! Lists of moments. There may be a million of them, so the first page must not depend on luck: a walk along
//! the index of the order is quick when many moments fit, and gathering all that fit is quick when few do. A
//! bounded count of what each filter leaves tells which it is; but first the beginning of the order is looked at, which
//! fills a page of most filters at once.

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

use super::statement::{Asked, Start};
use crate::{Result, Store, conditions::Conditions, row::Fields};

/// Moments that are gathered and sorted at most when one filter leaves that many.
const GATHER: i64 = 4_000;
/// The same when there are several, or when they lie side by side: walking may find next to nothing where each of
/// them leaves a lot.
const GATHER_MORE: i64 = 20_000;

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

impl Store {
    /// Where reading begins for what is asked: where least is left, if that is little enough.
    async fn moment_start(&self, asked: &Asked<'_>) -> Result<Start> {
        if asked.filter.call_id.is_some() {
            return Ok(Start::Moments);
        }
        let several = asked.has_several();
        let mut best = (i64::MAX, Start::Order);
        for start in asked.starts() {
            let most = match start {
                Start::Words => GATHER_MORE,
                _ if several => GATHER_MORE,
                _ => GATHER,
            };
            let Conditions { sql, values } = asked.count(start, most);
            let rows = self.fetch(sql, values).await?;
            let number = match rows.first() {
                Some(row) => Fields::of(row, "moments").int("number")?,
                None => 0,
            };
            if number <= most && number < best.0 {
                best = (number, start);
            }
        }
        Ok(best.1)
    }

    /// Moments of calls that `viewer` may see, as they see them. Where scores are asked for, the orders by score
    /// go by these; else by all scores of a moment.
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
        let begin = async |start| {
            let Conditions { sql, values } = asked.page(start, page.after.as_ref(), i64::from(limit) + 1);
            self.fetch(sql, values).await
        };
        let mut rows = Vec::new();
        if asked.has_head() {
            rows = begin(Start::Head).await?;
        }
        if rows.len() <= limit as usize {
            rows = begin(self.moment_start(&asked).await?).await?;
        }
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
        if asked.has_head() {
            starts.push(Start::Head);
        }
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
