//! What would go by the rules, and when: as they are, and as they would be.

use std::collections::HashSet;

use gametape_core::{
    TimeMs,
    id::{CallId, RecordingId, RetentionRuleId, TeamId, UserId},
    page::{Cursor, MAX_LIMIT, PageRequest},
    retention::{Due, Fate, GRACE_MS, RetentionRule, Rules, Subject},
};
use sqlx::any::AnyRow;

use super::NewRetentionRule;
use crate::{
    Result, Store,
    conditions::{Conditions, Value},
    row::{Fields, clean},
};

/// Calls that are read at a time.
const AT_ONCE: i64 = 1_000;
/// Calls that one preview looks at.
const MOST: usize = 200_000;

/// Which rules to suppose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WhatIf {
    /// Those that there are.
    #[default]
    AsIs,
    /// Those and this one, in place of the one for the same calls.
    With(NewRetentionRule),
    /// Those but this one.
    Without(RetentionRuleId),
}

/// When something goes, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueAt {
    /// Not before this time.
    pub at: TimeMs,
    /// The rule that decides; `None` for the one that is supposed.
    pub rule_id: Option<RetentionRuleId>,
}

/// A call of which something goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Which.
    pub call_id: CallId,
    /// What it is called.
    pub title: String,
    /// Whose it is.
    pub owner_id: UserId,
    /// Whose team's.
    pub team_id: Option<TeamId>,
    /// When it was made here.
    pub created_at: TimeMs,
    /// Bytes of its recording, with a copy that has silence in it.
    pub size_bytes: Option<i64>,
    /// Whether it is held: then nothing of it goes until it is released.
    pub held: bool,
    /// When its recording goes, if that is before the call.
    pub recording: Option<DueAt>,
    /// When the whole call goes.
    pub call: Option<DueAt>,
}

/// All that goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreviewTotals {
    /// Calls that go as a whole.
    pub calls: i64,
    /// Calls of which the recording alone goes.
    pub recordings: i64,
    /// Bytes of the recordings of both, each counted once.
    pub bytes: i64,
    /// Calls that would go, in whole or in part, and are held.
    pub held: i64,
    /// Whether all calls were looked at; with very many of them these are the oldest 200,000.
    pub complete: bool,
}

/// What goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Calls of which something goes, the oldest first.
    pub items: Vec<Leaving>,
    /// Where the next page starts.
    pub next: Option<Cursor>,
    /// All that goes; with the first page only.
    pub totals: Option<PreviewTotals>,
}

/// What rules look at in a call.
pub(super) fn subject<'a>(
    team_id: Option<&'a TeamId>,
    tags: &'a [String],
    created_at: TimeMs,
    recording_id: Option<&RecordingId>,
) -> Subject<'a> {
    Subject {
        team_id,
        tags,
        created_at,
        has_recording: recording_id.is_some(),
    }
}

/// What is read of each call.
pub(super) struct Row {
    pub(super) call_id: CallId,
    title: String,
    owner_id: UserId,
    team_id: Option<TeamId>,
    tags: Vec<String>,
    created_at: TimeMs,
    recording_id: Option<RecordingId>,
    size_bytes: Option<i64>,
    pub(super) held: bool,
    /// Whether its owner was told that something of it goes soon.
    pub(super) told: bool,
}

const COLUMNS: &str = "SELECT calls.id AS id, calls.title AS title, calls.owner_id AS owner_id, \
    calls.team_id AS team_id, calls.tags AS tags, calls.created_at AS created_at, \
    calls.recording_id AS recording_id, calls.held_at AS held_at, \
    recordings.size_bytes + COALESCE(recordings.redacted_size_bytes, 0) AS size_bytes, \
    (SELECT CAST(COUNT(*) AS BIGINT) FROM notices WHERE notices.call_id = calls.id \
       AND notices.kind = 'call_leaving') AS told \
    FROM calls LEFT JOIN recordings ON recordings.id = calls.recording_id";

impl Row {
    fn read(row: &AnyRow) -> Result<Self> {
        let fields = Fields::of(row, "calls");
        Ok(Self {
            call_id: fields.parsed("id")?,
            title: fields.text("title")?,
            owner_id: fields.parsed("owner_id")?,
            team_id: fields.opt_parsed("team_id")?,
            tags: fields.json("tags")?,
            created_at: fields.int("created_at")?,
            recording_id: fields.opt_parsed("recording_id")?,
            size_bytes: fields.opt_int("size_bytes")?,
            held: fields.opt_int("held_at")?.is_some(),
            told: fields.int("told")? > 0,
        })
    }

    pub(super) fn subject(&self) -> Subject<'_> {
        subject(
            self.team_id.as_ref(),
            &self.tags,
            self.created_at,
            self.recording_id.as_ref(),
        )
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor {
            key: self.created_at,
            id: self.call_id.to_string(),
        }
    }
}

/// What of a fate comes before `until`.
fn soon<'r>(fate: Fate<'r>, until: TimeMs) -> Option<Fate<'r>> {
    let within = |due: Option<Due<'r>>| due.filter(|due| due.at < until);
    let fate = Fate {
        recording: within(fate.recording),
        call: within(fate.call),
    };
    (fate != Fate::default()).then_some(fate)
}

/// The rules that are supposed, and the one among them that there is not.
fn suppose(mut rules: Vec<RetentionRule>, what_if: &WhatIf, now: TimeMs) -> (Rules, Option<RetentionRuleId>) {
    let folded = |tag: Option<&String>| tag.map(|tag| tag.to_lowercase());
    let supposed = match what_if {
        WhatIf::AsIs => return (Rules::new(rules), None),
        WhatIf::Without(id) => {
            rules.retain(|rule| rule.id != *id);
            None
        }
        WhatIf::With(new) => {
            rules.retain(|rule| {
                rule.target != new.target
                    || rule.team_id != new.team_id
                    || folded(rule.tag.as_ref()) != folded(new.tag.as_ref())
            });
            let id = RetentionRuleId::new(now);
            rules.push(RetentionRule {
                id: id.clone(),
                team_id: new.team_id.clone(),
                tag: new.tag.clone(),
                target: new.target,
                keep_days: new.keep_days,
                effective_at: now,
                version: 0,
                created_at: now,
            });
            Some(id)
        }
    };
    for rule in &mut rules {
        rule.effective_at = rule.effective_at.max(now + GRACE_MS);
    }
    (Rules::new(rules), supposed)
}

impl PreviewTotals {
    fn add(&mut self, row: &Row, fate: &Fate<'_>, known: &mut HashSet<RecordingId>) {
        if row.held {
            self.held += 1;
            return;
        }
        if fate.call.is_some() {
            self.calls += 1;
        } else {
            self.recordings += 1;
        }
        if let Some(id) = &row.recording_id
            && known.insert(id.clone())
        {
            self.bytes += row.size_bytes.unwrap_or(0);
        }
    }
}

impl Store {
    /// Calls that were made here at `until` or before, the oldest first, `limit` at most, behind `after`.
    pub(super) async fn calls_made_by(
        &self,
        until: TimeMs,
        after: Option<&Cursor>,
        limit: i64,
    ) -> Result<Vec<Row>> {
        let mut conditions = Conditions::default();
        conditions.and("calls.created_at <= ?", [until]);
        if let Some(Cursor { key, id }) = after {
            conditions.and("calls.created_at >= ?", [*key]);
            conditions.and(
                "(calls.created_at > ? OR calls.id > ?)",
                [Value::Int(*key), Value::Text(clean(id).into_owned())],
            );
        }
        let Conditions { sql, values } = conditions;
        let sql = format!("{COLUMNS} WHERE 1 = 1{sql} ORDER BY calls.created_at, calls.id LIMIT {limit}");
        self.fetch(sql, values).await?.iter().map(Row::read).collect()
    }

    /// What goes before `until`, if the rules are these and no call changes.
    #[tracing::instrument(name = "db.retention.preview", level = "debug", skip_all)]
    pub async fn retention_preview(
        &self,
        what_if: &WhatIf,
        until: TimeMs,
        page: &PageRequest<Cursor>,
    ) -> Result<Preview> {
        let (rules, supposed) = suppose(self.retention_list().await?, what_if, self.now());
        let limit = page.limit.clamp(1, MAX_LIMIT) as usize;
        let (mut items, mut next) = (Vec::new(), None);
        let mut totals = PreviewTotals::default();
        let (mut looked, mut known) = (0, HashSet::new());
        let mut at = page.after.clone();
        let counts = page.after.is_none();
        if let Some(shortest_ms) = rules.shortest_ms() {
            loop {
                let rows = self
                    .calls_made_by(until - shortest_ms, at.as_ref(), AT_ONCE)
                    .await?;
                looked += rows.len();
                for row in &rows {
                    let Some(fate) = soon(rules.fate(&row.subject()), until) else {
                        continue;
                    };
                    totals.add(row, &fate, &mut known);
                    if items.len() < limit {
                        items.push(leaving(row, &fate, supposed.as_ref()));
                    } else if next.is_none() {
                        next = items.last().map(|last: &Leaving| Cursor {
                            key: last.created_at,
                            id: last.call_id.to_string(),
                        });
                    }
                }
                let is_last = (rows.len() as i64) < AT_ONCE;
                at = rows.last().map(Row::cursor);
                if is_last {
                    totals.complete = true;
                    break;
                }
                if looked >= MOST || (!counts && next.is_some()) {
                    // Behind what was looked at there may be more.
                    next = next.or_else(|| at.clone());
                    break;
                }
            }
        } else {
            totals.complete = true;
        }
        Ok(Preview {
            items,
            next,
            totals: counts.then_some(totals),
        })
    }

    /// What becomes of a call by the rules that there are; `None` where there is no such call.
    #[tracing::instrument(name = "db.retention.of_call", level = "debug", skip_all)]
    pub async fn retention_of_call(&self, id: &CallId) -> Result<Option<Leaving>> {
        let mut conditions = Conditions::default();
        conditions.and("calls.id = ?", [id.as_str()]);
        let Conditions { sql, values } = conditions;
        let rows = self.fetch(format!("{COLUMNS} WHERE 1 = 1{sql}"), values).await?;
        let Some(row) = rows.first().map(Row::read).transpose()? else {
            return Ok(None);
        };
        let rules = Rules::new(self.retention_list().await?);
        Ok(Some(leaving(&row, &rules.fate(&row.subject()), None)))
    }
}

fn leaving(row: &Row, fate: &Fate<'_>, supposed: Option<&RetentionRuleId>) -> Leaving {
    let due_at = |due: Due<'_>| DueAt {
        at: due.at,
        rule_id: Some(&due.rule.id).filter(|id| Some(*id) != supposed).cloned(),
    };
    Leaving {
        call_id: row.call_id.clone(),
        title: row.title.clone(),
        owner_id: row.owner_id.clone(),
        team_id: row.team_id.clone(),
        created_at: row.created_at,
        size_bytes: row.size_bytes,
        held: row.held,
        recording: fate.recording.map(due_at),
        call: fate.call.map(due_at),
    }
}
