//! Lists of calls.

use gametape_core::{
    call::{Call, CallCursor, CallSort, CallState, DealOutcome, SortKey, Visibility},
    consent::Consent,
    id::{TeamId, UserId},
    page::{MAX_LIMIT, Order, Page, PageRequest},
    policy::VisibleCalls,
};

use super::{call_columns, read_call};
use crate::{
    Result, Store, StoreError,
    conditions::{Conditions, Value, contains_pattern},
    row::{clean, fold},
};

/// From one number to another, both included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The lowest; `None` for no limit.
    pub min: Option<i64>,
    /// The highest; `None` for no limit.
    pub max: Option<i64>,
}

/// Which calls to list, and in which order. A call that lacks a figure is in no bounds.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    /// In this state.
    pub state: Option<CallState>,
    /// Of this person.
    pub owner: Option<UserId>,
    /// Of this team.
    pub team: Option<TeamId>,
    /// Seen by these.
    pub visibility: Option<Visibility>,
    /// That this person was invited to.
    pub shared_with: Option<UserId>,
    /// Whose title contains this, without regard to case.
    pub text: Option<String>,
    /// In which somebody took part whose name contains this, without regard to case.
    pub participant: Option<String>,
    /// With this label, without regard to case.
    pub tag: Option<String>,
    /// Whose transcript is in this language, as a two-letter code.
    pub language: Option<String>,
    /// Whose deal has a name that contains this, without regard to case.
    pub deal_name: Option<String>,
    /// Whose deal stands here.
    pub deal_stage: Option<String>,
    /// Whose deal ended like this.
    pub deal_outcome: Option<DealOutcome>,
    /// Whose deal has this id in another system.
    pub deal_external_id: Option<String>,
    /// What the deal is worth, in the smallest unit of its currency, whichever that is.
    pub deal_amount_minor: Bounds,
    /// Length of the recording.
    pub duration_ms: Bounds,
    /// When the conversation took place.
    pub occurred_at: Bounds,
    /// When they were made here.
    pub created_at: Bounds,
    /// The rep's share of the talking, in thousandths.
    pub rep_talk_permille: Bounds,
    /// The rep's longest turn.
    pub rep_longest_monologue_ms: Bounds,
    /// Questions that the rep asks.
    pub rep_question_count: Bounds,
    /// Of whose consent this was noted.
    pub consent: Option<Consent>,
    /// Held, or not.
    pub held: Option<bool>,
    /// With comments that everybody sees, or without.
    pub has_comments: Option<bool>,
    /// What they are sorted by.
    pub sort: CallSort,
    /// Which way they are sorted.
    pub order: Order,
}

/// Pieces of the statement for one way to sort.
struct Keyset {
    /// `ORDER BY`, ascending and descending.
    order: [&'static str; 2],
    /// What stands behind a key and an id.
    behind: [&'static str; 2],
    /// What stands behind a call without a key; nothing where all have one.
    behind_null: Option<[&'static str; 2]>,
}

/// The pieces for a column that all calls have. The form lets engines walk an index.
macro_rules! always {
    ($column:literal) => {
        Keyset {
            order: [
                concat!($column, " ASC, id ASC"),
                concat!($column, " DESC, id DESC"),
            ],
            behind: [
                concat!($column, " >= ? AND (", $column, " > ? OR id > ?)"),
                concat!($column, " <= ? AND (", $column, " < ? OR id < ?)"),
            ],
            behind_null: None,
        }
    };
}

/// The pieces for a column that calls may lack; those that do come last.
macro_rules! perhaps {
    ($column:literal) => {
        Keyset {
            order: [
                concat!($column, " ASC NULLS LAST, id ASC"),
                concat!($column, " DESC NULLS LAST, id DESC"),
            ],
            behind: [
                concat!(
                    "(",
                    $column,
                    " IS NULL OR (",
                    $column,
                    " >= ? AND (",
                    $column,
                    " > ? OR id > ?)))"
                ),
                concat!(
                    "(",
                    $column,
                    " IS NULL OR (",
                    $column,
                    " <= ? AND (",
                    $column,
                    " < ? OR id < ?)))"
                ),
            ],
            behind_null: Some([
                concat!($column, " IS NULL AND id > ?"),
                concat!($column, " IS NULL AND id < ?"),
            ]),
        }
    };
}

fn keyset(sort: CallSort) -> Keyset {
    match sort {
        CallSort::Created => always!("created_at"),
        CallSort::Occurred => perhaps!("occurred_at"),
        CallSort::Title => always!("title_folded"),
        CallSort::Duration => perhaps!("duration_ms"),
        CallSort::DealAmount => perhaps!("deal_amount_minor"),
        CallSort::RepTalk => perhaps!("rep_talk_permille"),
        CallSort::Questions => perhaps!("rep_question_count"),
        CallSort::Comments => always!("comment_count"),
    }
}

fn key_of(call: &Call, sort: CallSort) -> Option<SortKey> {
    let number = match sort {
        CallSort::Title => return Some(SortKey::Text(fold(&call.title))),
        CallSort::Created => Some(call.created_at),
        CallSort::Occurred => call.occurred_at,
        CallSort::Duration => call.duration_ms,
        CallSort::DealAmount => call.deal.amount_minor,
        CallSort::RepTalk => call.talk.rep_talk_permille,
        CallSort::Questions => call.talk.rep_question_count,
        CallSort::Comments => Some(call.comment_count),
    };
    number.map(SortKey::Number)
}

fn place(order: Order) -> usize {
    match order {
        Order::Asc => 0,
        Order::Desc => 1,
    }
}

/// Leaves the calls behind a cursor. A conflict when it belongs to another list.
fn behind(conditions: &mut Conditions, filter: &CallFilter, after: &CallCursor) -> Result<()> {
    let refused = || StoreError::conflict("list", "the cursor belongs to another order");
    if !after.fits(filter.sort, filter.order) {
        return Err(refused());
    }
    let keyset = keyset(filter.sort);
    let id = Value::Text(clean(&after.id).into_owned());
    let key = match &after.key {
        Some(SortKey::Number(number)) => Value::Int(*number),
        Some(SortKey::Text(text)) => Value::Text(clean(text).into_owned()),
        None => {
            let condition = keyset.behind_null.ok_or_else(refused)?;
            conditions.and(condition[place(filter.order)], [id]);
            return Ok(());
        }
    };
    conditions.and(keyset.behind[place(filter.order)], [key.clone(), key, id]);
    Ok(())
}

/// Adds bounds of a column.
macro_rules! bounds {
    ($conditions:expr, $bounds:expr, $column:literal) => {
        if let Some(min) = $bounds.min {
            $conditions.and(concat!($column, " >= ?"), [min]);
        }
        if let Some(max) = $bounds.max {
            $conditions.and(concat!($column, " <= ?"), [max]);
        }
    };
}

fn sharing(conditions: &mut Conditions, filter: &CallFilter) {
    if let Some(owner) = &filter.owner {
        conditions.and("owner_id = ?", [owner.as_str()]);
    }
    if let Some(team) = &filter.team {
        conditions.and("team_id = ?", [team.as_str()]);
    }
    if let Some(visibility) = filter.visibility {
        conditions.and("visibility = ?", [visibility.as_str()]);
    }
    if let Some(user_id) = &filter.shared_with {
        conditions.and(
            "EXISTS (SELECT 1 FROM call_invited s WHERE s.user_id = ? AND s.call_id = calls.id)",
            [user_id.as_str()],
        );
    }
}

fn words(conditions: &mut Conditions, filter: &CallFilter) {
    if let Some(text) = filter.text.as_deref().filter(|text| !text.is_empty()) {
        conditions.and("title_folded LIKE ? ESCAPE '\\'", [contains_pattern(text)]);
    }
    if let Some(name) = &filter.participant {
        conditions.and(
            "EXISTS (SELECT 1 FROM call_participants p \
             WHERE p.call_id = calls.id AND p.name_folded LIKE ? ESCAPE '\\')",
            [contains_pattern(name)],
        );
    }
    if let Some(tag) = &filter.tag {
        conditions.and(
            "EXISTS (SELECT 1 FROM call_tags t WHERE t.tag_folded = ? AND t.call_id = calls.id)",
            [fold(tag)],
        );
    }
    if let Some(language) = &filter.language {
        conditions.and("language = ?", [clean(language).as_ref()]);
    }
    if let Some(name) = &filter.deal_name {
        conditions.and("deal_name_folded LIKE ? ESCAPE '\\'", [contains_pattern(name)]);
    }
    if let Some(stage) = &filter.deal_stage {
        conditions.and("deal_stage = ?", [clean(stage).as_ref()]);
    }
    if let Some(id) = &filter.deal_external_id {
        conditions.and("deal_external_id = ?", [clean(id).as_ref()]);
    }
}

fn conditions(visible: &VisibleCalls, filter: &CallFilter, after: Option<&CallCursor>) -> Result<Conditions> {
    let mut conditions = Conditions::default();
    conditions.visible(visible);
    sharing(&mut conditions, filter);
    words(&mut conditions, filter);
    if let Some(state) = filter.state {
        conditions.and("state = ?", [state.as_str()]);
    }
    if let Some(outcome) = filter.deal_outcome {
        conditions.and("deal_outcome = ?", [outcome.as_str()]);
    }
    bounds!(conditions, filter.deal_amount_minor, "deal_amount_minor");
    bounds!(conditions, filter.duration_ms, "duration_ms");
    bounds!(conditions, filter.occurred_at, "occurred_at");
    bounds!(conditions, filter.created_at, "created_at");
    bounds!(conditions, filter.rep_talk_permille, "rep_talk_permille");
    bounds!(
        conditions,
        filter.rep_longest_monologue_ms,
        "rep_longest_monologue_ms"
    );
    bounds!(conditions, filter.rep_question_count, "rep_question_count");
    if let Some(consent) = filter.consent {
        conditions.and("consent = ?", [consent.as_str()]);
    }
    match filter.held {
        Some(true) => conditions.text(" AND held_at IS NOT NULL"),
        Some(false) => conditions.text(" AND held_at IS NULL"),
        None => {}
    }
    match filter.has_comments {
        Some(true) => conditions.and("comment_count > ?", [0]),
        Some(false) => conditions.and("comment_count = ?", [0]),
        None => {}
    }
    if let Some(after) = after {
        behind(&mut conditions, filter, after)?;
    }
    Ok(conditions)
}

impl Store {
    /// Calls that somebody may see and that the filter lets through, in its order. A conflict when the page
    /// is asked for with a cursor of another order.
    #[tracing::instrument(name = "db.call.list", level = "debug", skip_all)]
    pub async fn call_list(
        &self,
        visible: &VisibleCalls,
        filter: &CallFilter,
        page: &PageRequest<CallCursor>,
    ) -> Result<Page<Call, CallCursor>> {
        let limit = page.limit.clamp(1, MAX_LIMIT);
        let Conditions { sql, values } = conditions(visible, filter, page.after.as_ref())?;
        let sql = format!(
            "SELECT {} FROM calls WHERE 1 = 1{sql} ORDER BY {} LIMIT {}",
            call_columns!(),
            keyset(filter.sort).order[place(filter.order)],
            limit + 1
        );
        let rows = self.fetch(sql, values).await?;
        let calls = rows.iter().map(read_call).collect::<Result<Vec<_>>>()?;
        Ok(Page::from_overfull(calls, limit, |call| CallCursor {
            sort: filter.sort,
            order: filter.order,
            key: key_of(call, filter.sort),
            id: call.id.to_string(),
        }))
    }
}
