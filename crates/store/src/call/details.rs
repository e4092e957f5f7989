//! What people write about a call: its title, who sees it, who took part, what it is about to sell.

use gametape_core::{
    TimeMs,
    audit::AuditAction,
    call::{Call, Deal, DealOutcome, Participant, Visibility},
    id::{CallId, TeamId, UserId},
    policy,
};
use serde_json::json;

use super::{NewConsent, bump, call_columns, consent, opt_clean, read_call};
use crate::{
    Result, Store, StoreError, Tx,
    audit::{self, Actor, NewAudit},
    event::{self, NewEvent},
    row::{clean, fold, to_json},
    search,
};

/// What people know about a call beside its recording.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallDetails {
    /// Whose team's it is.
    pub team_id: Option<TeamId>,
    /// Who sees it.
    pub visibility: Visibility,
    /// Labels, as they were written.
    pub tags: Vec<String>,
    /// Who took part.
    pub participants: Vec<Participant>,
    /// People who see it whatever its visibility is.
    pub invited: Vec<UserId>,
    /// What it is about to sell.
    pub deal: Deal,
    /// What to note of consent; `None` for nothing.
    pub consent: Option<NewConsent>,
}

impl CallDetails {
    fn of(call: &Call) -> Self {
        Self {
            team_id: call.team_id.clone(),
            visibility: call.visibility,
            tags: call.tags.clone(),
            participants: call.participants.clone(),
            invited: call.invited.clone(),
            deal: call.deal.clone(),
            consent: None,
        }
    }
}

/// What to change about a call; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct CallPatch {
    /// Another title.
    pub title: Option<String>,
    /// Another time, or none.
    pub occurred_at: Option<Option<TimeMs>>,
    /// Another team, or none.
    pub team_id: Option<Option<TeamId>>,
    /// Who sees it.
    pub visibility: Option<Visibility>,
    /// All its labels.
    pub tags: Option<Vec<String>>,
    /// All who took part.
    pub participants: Option<Vec<Participant>>,
    /// All people who see it whatever its visibility is.
    pub invited: Option<Vec<UserId>>,
    /// What it is about to sell.
    pub deal: DealPatch,
    /// What to note of consent.
    pub consent: Option<NewConsent>,
    /// Only if nobody changed the call since this `updated_at`.
    pub if_updated_at: Option<TimeMs>,
}

/// What to change about a deal; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct DealPatch {
    /// Another name, or none.
    pub name: Option<Option<String>>,
    /// Another stage, or none.
    pub stage: Option<Option<String>>,
    /// Another amount, or none.
    pub amount_minor: Option<Option<i64>>,
    /// Another currency, or none.
    pub currency: Option<Option<String>>,
    /// Another outcome, or none.
    pub outcome: Option<Option<DealOutcome>>,
    /// Another id, or none.
    pub external_id: Option<Option<String>>,
}

impl DealPatch {
    /// The patch that leaves nothing.
    pub fn clear() -> Self {
        Self {
            name: Some(None),
            stage: Some(None),
            amount_minor: Some(None),
            currency: Some(None),
            outcome: Some(None),
            external_id: Some(None),
        }
    }

    fn apply(self, deal: &mut Deal) {
        set(&mut deal.name, self.name);
        set(&mut deal.stage, self.stage);
        set(&mut deal.amount_minor, self.amount_minor);
        set(&mut deal.currency, self.currency);
        set(&mut deal.outcome, self.outcome);
        set(&mut deal.external_id, self.external_id);
    }
}

/// Changes a value if there is a change.
fn set<T>(value: &mut T, change: Option<T>) {
    if let Some(change) = change {
        *value = change;
    }
}

/// Reads a call and keeps others from changing it until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: &CallId) -> Result<Option<Call>> {
    let row = sqlx::query(concat!(
        "UPDATE calls SET event_seq = event_seq WHERE id = $1 RETURNING ",
        call_columns!()
    ))
    .bind(id.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(read_call).transpose()
}

/// Writes what people know about a call into its row, and into the small tables that lists filter by where
/// it differs from what was there `before`. A conflict when the team or somebody invited is gone.
pub(super) async fn write(
    tx: &mut Tx,
    id: &CallId,
    before: Option<&CallDetails>,
    details: &CallDetails,
) -> Result<Call> {
    let deal = &details.deal;
    let row = sqlx::query(concat!(
        "UPDATE calls SET team_id = $2, visibility = $3, tags = $4, participants = $5, invited = $6, \
           deal_name = $7, deal_name_folded = $8, deal_stage = $9, deal_amount_minor = $10, \
           deal_currency = $11, deal_outcome = $12, deal_external_id = $13 WHERE id = $1 RETURNING ",
        call_columns!()
    ))
    .bind(id.as_str())
    .bind(details.team_id.as_ref().map(TeamId::as_str))
    .bind(details.visibility.as_str())
    .bind(to_json(&details.tags))
    .bind(to_json(&details.participants))
    .bind(to_json(&details.invited))
    .bind(opt_clean(deal.name.as_deref()))
    .bind(deal.name.as_deref().map(fold))
    .bind(opt_clean(deal.stage.as_deref()))
    .bind(deal.amount_minor)
    .bind(opt_clean(deal.currency.as_deref()))
    .bind(deal.outcome.map(DealOutcome::as_str))
    .bind(opt_clean(deal.external_id.as_deref()))
    .fetch_one(&mut **tx)
    .await
    .map_err(|error| StoreError::or_gone(error, "call", "there is no such team"))?;
    let empty = CallDetails::default();
    let before = before.unwrap_or(&empty);
    if before.tags != details.tags {
        let tags = details.tags.iter().map(|tag| fold(tag));
        replace(tx, id, &TAGS, tags).await?;
    }
    if before.participants != details.participants {
        let names = details.participants.iter().map(|person| fold(&person.name));
        replace(tx, id, &PARTICIPANTS, names).await?;
    }
    if before.invited != details.invited {
        let user_ids = details.invited.iter().map(ToString::to_string);
        replace(tx, id, &INVITED, user_ids).await?;
    }
    read_call(&row)
}

/// The statements of a small table: forget what is there, and add one.
struct Table {
    forget: &'static str,
    add: &'static str,
}

const TAGS: Table = Table {
    forget: "DELETE FROM call_tags WHERE call_id = $1",
    add: "INSERT INTO call_tags (call_id, tag_folded) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};
const PARTICIPANTS: Table = Table {
    forget: "DELETE FROM call_participants WHERE call_id = $1",
    add: "INSERT INTO call_participants (call_id, name_folded) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};
const INVITED: Table = Table {
    forget: "DELETE FROM call_invited WHERE call_id = $1",
    add: "INSERT INTO call_invited (call_id, user_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};

async fn replace(
    tx: &mut Tx,
    id: &CallId,
    table: &Table,
    values: impl Iterator<Item = String>,
) -> Result<()> {
    sqlx::query(table.forget)
        .bind(id.as_str())
        .execute(&mut **tx)
        .await?;
    for value in values {
        sqlx::query(table.add)
            .bind(id.as_str())
            .bind(value)
            .execute(&mut **tx)
            .await
            .map_err(|error| StoreError::or_gone(error, "call", "somebody invited has no account"))?;
    }
    Ok(())
}

/// Notes who sees a call from now on, if that changed.
async fn note_sharing(
    tx: &mut Tx,
    now: TimeMs,
    actor: &Actor,
    id: &CallId,
    before: &CallDetails,
    after: &CallDetails,
) -> Result<()> {
    let sharing =
        |it: &CallDetails| json!({"visibility": it.visibility, "team_id": it.team_id, "invited": it.invited});
    let (before, after) = (sharing(before), sharing(after));
    if before == after {
        return Ok(());
    }
    let entry = NewAudit::of(AuditAction::CallVisibility, "call", id.as_str()).in_call(id);
    let entry = entry.with(json!({"before": before, "after": after}));
    audit::write(tx, now, actor, &entry).await
}

impl Store {
    /// Changes what people write about a call. Stale when `if_updated_at` is given and somebody changed the
    /// call since; a conflict when its team should see it and it has none, or when the team or somebody
    /// invited is gone.
    #[tracing::instrument(name = "db.call.update", level = "debug", skip_all)]
    pub async fn call_update(&self, actor: &Actor, id: &CallId, patch: CallPatch) -> Result<Call> {
        let now = self.now();
        let mut tx = self.begin().await?;
        let call = lock(&mut tx, id).await?;
        let call = call.ok_or_else(|| StoreError::not_found("call", id))?;
        if patch.if_updated_at.is_some_and(|seen| seen != call.updated_at) {
            return Err(StoreError::Stale { what: "call" });
        }
        let before = CallDetails::of(&call);
        let mut after = before.clone();
        // A call whose team was deleted stays as it is until somebody says who sees it.
        let shares = patch.team_id.is_some() || patch.visibility.is_some();
        set(&mut after.team_id, patch.team_id);
        set(&mut after.visibility, patch.visibility);
        set(&mut after.tags, patch.tags);
        set(&mut after.participants, patch.participants);
        set(&mut after.invited, patch.invited);
        patch.deal.apply(&mut after.deal);
        if shares && !policy::is_sharing_sound(after.team_id.as_ref(), after.visibility) {
            return Err(StoreError::conflict("call", "it has no team that could see it"));
        }
        sqlx::query(concat!(
            "UPDATE calls SET title = COALESCE($2, title), title_folded = COALESCE($3, title_folded), \
               occurred_at = CASE WHEN $4 = 1 THEN $5 ELSE occurred_at END, ",
            bump!("$6"),
            " WHERE id = $1"
        ))
        .bind(id.as_str())
        .bind(patch.title.as_deref().map(|title| clean(title).into_owned()))
        .bind(patch.title.as_deref().map(fold))
        .bind(i64::from(patch.occurred_at.is_some()))
        .bind(patch.occurred_at.flatten())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        event::write(&mut tx, id, now, &[NewEvent::call()]).await?;
        if let Some(new) = &patch.consent {
            consent::change(&mut tx, actor, &call, new, now).await?;
        }
        let call = write(&mut tx, id, Some(&before), &after).await?;
        if patch.title.is_some() {
            search::put(&mut tx, &search::Document::title(&call)).await?;
        }
        note_sharing(&mut tx, now, actor, id, &before, &after).await?;
        tx.commit().await?;
        Ok(call)
    }
}
