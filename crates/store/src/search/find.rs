//! Finding texts. What many texts have fills a page from the newest calls already. Else there are two ways, as with
//! moments: gathering what has the words, when that is little, and looking through all calls, the newest first, until
//! a page is full.

use gametape_core::{
    TimeMs,
    call::DealOutcome,
    id::{CallId, TeamId, UserId},
    page::{Cursor, MAX_LIMIT, Page, PageRequest},
    policy::VisibleCalls,
    search::{FoundCall, Query, SearchHit, SearchKind},
    transcript::SpeakerRole,
};
use sqlx::any::AnyRow;

use crate::{
    Engine, Result, Store,
    by_call::{self, Place, behind_condition},
    conditions::Conditions,
    dialect::Worded,
    row::{Fields, fold},
};

/// Texts that are gathered and sorted at most.
const GATHER: i64 = 4_000;
/// Calls that are looked through before anything is counted: few, as a long call has thousands of texts.
const NEWEST_CALLS: i64 = 8;
/// Characters of an excerpt.
const EXCERPT_CHARS: usize = 240;

/// Where to search. What is set must all hold.
#[derive(Debug, Clone, Default)]
pub struct SearchFilter {
    /// In this kind of text.
    pub kind: Option<SearchKind>,
    /// In what this side says.
    pub speaker_role: Option<SpeakerRole>,
    /// In this call.
    pub call_id: Option<CallId>,
    /// In this rep's calls.
    pub owner_id: Option<UserId>,
    /// In this team's calls.
    pub team_id: Option<TeamId>,
    /// In calls with this tag, without regard to case.
    pub tag: Option<String>,
    /// In calls whose deal ended like this.
    pub deal_outcome: Option<DealOutcome>,
    /// In calls that took place at this time or later; that were made here, where that is not known.
    pub from: Option<TimeMs>,
    /// In calls that took place before this time.
    pub until: Option<TimeMs>,
}

impl SearchFilter {
    fn conditions(&self, sql: &mut Conditions) {
        if let Some(kind) = self.kind {
            sql.and("d.kind = ?", [kind.as_str()]);
        }
        if let Some(role) = self.speaker_role {
            sql.and("d.speaker_role = ?", [role.as_str()]);
        }
        if let Some(call_id) = &self.call_id {
            sql.and("calls.id = ?", [call_id.as_str()]);
        }
        if let Some(owner_id) = &self.owner_id {
            sql.and("calls.owner_id = ?", [owner_id.as_str()]);
        }
        if let Some(team_id) = &self.team_id {
            sql.and("calls.team_id = ?", [team_id.as_str()]);
        }
        if let Some(tag) = &self.tag {
            sql.and(
                "calls.id IN (SELECT t.call_id FROM call_tags t WHERE t.tag_folded = ?)",
                [fold(tag)],
            );
        }
        if let Some(outcome) = self.deal_outcome {
            sql.and("calls.deal_outcome = ?", [outcome.as_str()]);
        }
        if let Some(from) = self.from {
            sql.and("COALESCE(calls.occurred_at, calls.created_at) >= ?", [from]);
        }
        if let Some(until) = self.until {
            sql.and("COALESCE(calls.occurred_at, calls.created_at) < ?", [until]);
        }
    }
}

/// Leaves the comments that somebody sees, among documents `d`: `policy::may_see_comment` as a condition. An
/// answer is seen by those who see what it answers.
///
/// A subquery with a value, not EXISTS: for that PostgreSQL gathers all comments that somebody sees, to look the few
/// that were found up in them.
fn seen_comments(sql: &mut Conditions, viewer: &UserId) {
    let me = viewer.as_str();
    sql.and(
        "(d.kind <> 'comment' OR (SELECT top.audience = 'call' OR top.author_id = ? \
             OR (top.audience = 'mentioned' AND EXISTS (SELECT 1 FROM comment_mentions n \
               WHERE n.user_id = ? AND n.comment_id = top.id)) \
           FROM comments c JOIN comments top ON top.id = COALESCE(c.parent_id, c.id) \
           WHERE c.id = d.source_id AND c.deleted_at IS NULL))",
        [me, me],
    );
}

fn read_hit(row: &AnyRow, query: &Query) -> Result<SearchHit> {
    let fields = Fields::of(row, "search_documents");
    let range_ms = fields.opt_int("start_ms")?.zip(fields.opt_int("end_ms")?);
    Ok(SearchHit {
        kind: fields.parsed("kind")?,
        source_id: fields.text("item_id")?,
        call: read_found_call(fields)?,
        range_ms,
        speaker_role: fields.opt_parsed("speaker_role")?,
        author_id: fields.opt_parsed("author_id")?,
        parts: query.excerpt(&fields.text("text")?, EXCERPT_CHARS),
    })
}

/// The call in a row with the columns `call_id`, `call_title`, `call_owner_id` and `call_occurred_at`.
pub(crate) fn read_found_call(fields: Fields<'_>) -> Result<FoundCall> {
    Ok(FoundCall {
        id: fields.parsed("call_id")?,
        title: fields.text("call_title")?,
        owner_id: fields.parsed("call_owner_id")?,
        occurred_at: fields.opt_int("call_occurred_at")?,
    })
}

/// Where a page of rows in the order of [`by_call`] ends, and whether another one follows.
pub(crate) fn cut_page<T>(
    rows: &mut Vec<AnyRow>,
    limit: u32,
    read: impl Fn(&AnyRow) -> Result<T>,
) -> Result<Page<T>> {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = match rows.last() {
        Some(last) if more => {
            let fields = Fields::of(last, "calls");
            let place = Place {
                call_at: fields.int("call_at")?,
                call_id: fields.text("call_id")?,
                at_ms: fields.int("at_ms")?,
                item_id: fields.text("item_id")?,
            };
            Some(place.cursor())
        }
        _ => None,
    };
    Ok(Page {
        items: rows.iter().map(read).collect::<Result<_>>()?,
        next,
    })
}

/// What is asked for, by whom.
struct Asked<'a> {
    visible: &'a VisibleCalls,
    viewer: &'a UserId,
    query: &'a Query,
    filter: &'a SearchFilter,
}

/// How a page is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the newest calls alone: right only if that fills the page.
    Newest,
    /// By gathering all that has the words.
    Gather,
    /// By looking through calls until the page is full.
    Walk,
}

impl Asked<'_> {
    /// The calls and their documents, and that these have the words.
    fn documents(&self, engine: Engine, way: Way, after: Option<&Cursor>, sql: &mut Conditions) {
        match way {
            Way::Gather => {
                return sql.push(engine.documents_with_words()[1], [engine.full_text(self.query)]);
            }
            Way::Walk => sql.text(" FROM calls CROSS JOIN search_documents d WHERE d.call_id = calls.id"),
            Way::Newest => {
                sql.text(" FROM (SELECT calls.* FROM calls WHERE 1 = 1");
                sql.visible(self.visible);
                if let Some(cursor) = after {
                    sql.and("calls.created_at <= ?", [cursor.key]);
                }
                sql.push(
                    " ORDER BY calls.created_at DESC, calls.id DESC LIMIT ?)",
                    [NEWEST_CALLS],
                );
                sql.text(" calls CROSS JOIN search_documents d WHERE d.call_id = calls.id");
            }
        }
        sql.with_terms(engine, Worded::Document, self.query);
    }
}

impl Store {
    fn search_statement(&self, asked: &Asked<'_>, page: &PageRequest, way: Way) -> Conditions {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let mut sql = Conditions::default();
        sql.text(if way == Way::Gather {
            "WITH found AS MATERIALIZED ("
        } else {
            "WITH found AS ("
        });
        sql.text(
            "SELECT d.doc_no AS doc_no, calls.created_at AS call_at, calls.id AS call_id, \
             COALESCE(d.start_ms, -1) AS at_ms, d.source_id AS item_id",
        );
        asked.documents(self.engine(), way, page.after.as_ref(), &mut sql);
        sql.visible(asked.visible);
        asked.filter.conditions(&mut sql);
        seen_comments(&mut sql, asked.viewer);
        if let Some(cursor) = &page.after {
            let condition = behind_condition!("COALESCE(d.start_ms, -1)", "d.source_id");
            by_call::behind(&mut sql, cursor, condition);
        }
        sql.text("), page AS MATERIALIZED (SELECT doc_no, call_at, call_id, at_ms, item_id FROM found");
        sql.text(by_call::ORDER);
        sql.push(" LIMIT ?)", [i64::from(limit) + 1]);
        sql.text(
            " SELECT page.call_at AS call_at, page.call_id AS call_id, page.at_ms AS at_ms, \
               page.item_id AS item_id, d.kind AS kind, d.start_ms AS start_ms, d.end_ms AS end_ms, \
               d.speaker_role AS speaker_role, d.text AS text, calls.title AS call_title, \
               calls.owner_id AS call_owner_id, calls.occurred_at AS call_occurred_at, c.author_id AS author_id \
             FROM page CROSS JOIN search_documents d CROSS JOIN calls LEFT JOIN comments c ON c.id = d.source_id \
             WHERE d.doc_no = page.doc_no AND calls.id = d.call_id",
        );
        sql.text(" ORDER BY page.call_at DESC, page.call_id DESC, page.at_ms, page.item_id");
        sql
    }

    /// Texts in calls that `viewer` may see: titles, what is said in the transcripts that people read, and
    /// comments that `viewer` sees. The newest call comes first, and within one its title, comments without a
    /// place, and the rest as they follow each other in the recording.
    #[tracing::instrument(name = "db.search", level = "debug", skip_all)]
    pub async fn search(
        &self,
        visible: &VisibleCalls,
        viewer: &UserId,
        query: &Query,
        filter: &SearchFilter,
        page: &PageRequest,
    ) -> Result<Page<SearchHit>> {
        let asked = Asked {
            visible,
            viewer,
            query,
            filter,
        };
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let mut rows = self.search_rows(&asked, page, Way::Newest).await?;
        if rows.len() <= limit as usize {
            let way = if self.has_few(query).await? {
                Way::Gather
            } else {
                Way::Walk
            };
            rows = self.search_rows(&asked, page, way).await?;
        }
        cut_page(&mut rows, limit, |row| read_hit(row, query))
    }

    async fn search_rows(&self, asked: &Asked<'_>, page: &PageRequest, way: Way) -> Result<Vec<AnyRow>> {
        let Conditions { sql, values } = self.search_statement(asked, page, way);
        self.fetch(sql, values).await
    }

    /// Whether so few texts have the words that they can be gathered.
    async fn has_few(&self, query: &Query) -> Result<bool> {
        let mut sql = Conditions::default();
        sql.text("SELECT COUNT(*) AS number FROM (SELECT 1 AS one ");
        sql.push(
            self.engine().documents_with_words()[0],
            [self.engine().full_text(query)],
        );
        sql.fixed_limit(GATHER + 1);
        sql.text(") few");
        let rows = self.fetch(sql.sql, sql.values).await?;
        let number = match rows.first() {
            Some(row) => Fields::of(row, "search_documents").int("number")?,
            None => 0,
        };
        Ok(number <= GATHER)
    }

    /// How the engine goes about a search, in its own words: in the newest calls, when few texts have the words, and
    /// when many do. For tests and benchmarks.
    pub async fn search_plans(
        &self,
        visible: &VisibleCalls,
        viewer: &UserId,
        query: &Query,
        filter: &SearchFilter,
    ) -> Result<Vec<String>> {
        let asked = Asked {
            visible,
            viewer,
            query,
            filter,
        };
        let page = PageRequest::default();
        let mut plans = Vec::new();
        for way in [Way::Newest, Way::Gather, Way::Walk] {
            plans.push(self.explain(self.search_statement(&asked, &page, way)).await?);
        }
        Ok(plans)
    }
}
