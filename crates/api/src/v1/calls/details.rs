//! What people write about a call: who sees it, who took part, what it is about to sell.

use std::collections::HashSet;

use gametape_core::{
    call::{Deal, DealOutcome, Participant, TalkFigures, Visibility},
    id::{TeamId, UserId},
    policy,
};
use gametape_store::DealPatch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ApiState,
    access::forbidden,
    auth::CurrentUser,
    extract::present,
    problem::{Problem, Result},
    validate,
};

const MAX_TAGS: usize = 20;
const MAX_PARTICIPANTS: usize = 30;
const MAX_INVITED: usize = 100;
/// What a number of JavaScript holds exactly.
const MAX_AMOUNT: i64 = 9_007_199_254_740_991;

/// Who sees a call beside its owner and the people invited to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Visibility)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VisibilityName {
    /// Nobody.
    Private,
    /// Its team.
    Team,
    /// Everybody with an account.
    Org,
}

impl From<Visibility> for VisibilityName {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Private => Self::Private,
            Visibility::Team => Self::Team,
            Visibility::Org => Self::Org,
        }
    }
}

impl From<VisibilityName> for Visibility {
    fn from(name: VisibilityName) -> Self {
        match name {
            VisibilityName::Private => Self::Private,
            VisibilityName::Team => Self::Team,
            VisibilityName::Org => Self::Org,
        }
    }
}

/// How a deal ended, or has not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DealOutcome)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DealOutcomeName {
    /// Still being worked on.
    Open,
    /// They bought.
    Won,
    /// They did not.
    Lost,
}

impl From<DealOutcome> for DealOutcomeName {
    fn from(outcome: DealOutcome) -> Self {
        match outcome {
            DealOutcome::Open => Self::Open,
            DealOutcome::Won => Self::Won,
            DealOutcome::Lost => Self::Lost,
        }
    }
}

impl From<DealOutcomeName> for DealOutcome {
    fn from(name: DealOutcomeName) -> Self {
        match name {
            DealOutcomeName::Open => Self::Open,
            DealOutcomeName::Won => Self::Won,
            DealOutcomeName::Lost => Self::Lost,
        }
    }
}

/// What a call is about to sell.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Deal)]
pub(crate) struct DealView {
    /// As the team calls it.
    name: Option<String>,
    /// Where it stands, in the team's own words.
    stage: Option<String>,
    /// What it is worth, in the smallest unit of `currency`.
    amount_minor: Option<i64>,
    /// Currency (ISO 4217).
    #[schema(example = "EUR")]
    currency: Option<String>,
    /// How it ended.
    outcome: Option<DealOutcomeName>,
    /// Its id in another system.
    external_id: Option<String>,
}

impl From<Deal> for DealView {
    fn from(deal: Deal) -> Self {
        Self {
            name: deal.name,
            stage: deal.stage,
            amount_minor: deal.amount_minor,
            currency: deal.currency,
            outcome: deal.outcome.map(Into::into),
            external_id: deal.external_id,
        }
    }
}

/// What to say about a deal; what is left out stays, null is forgotten.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(as = DealChange)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::option_option, reason = "null and left out mean different things")]
pub(crate) struct DealBody {
    /// As the team calls it; 200 characters at most.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    name: Option<Option<String>>,
    /// Where it stands, in the team's own words; 80 characters at most.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    stage: Option<Option<String>>,
    /// What it is worth, in the smallest unit of `currency`; 0 or more.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 0)]
    amount_minor: Option<Option<i64>>,
    /// Currency, as three capital letters (ISO 4217).
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>, example = "EUR")]
    currency: Option<Option<String>>,
    /// How it ended.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<DealOutcomeName>)]
    outcome: Option<Option<DealOutcomeName>>,
    /// Its id in another system; 200 characters at most.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    external_id: Option<Option<String>>,
}

impl DealBody {
    pub(super) fn into_patch(self) -> Result<DealPatch> {
        let line = |what, text: Option<Option<String>>, max| {
            text.map(|text| validate::opt_line(what, text.as_deref(), max))
                .transpose()
        };
        Ok(DealPatch {
            name: line("deal.name", self.name, 200)?,
            stage: line("deal.stage", self.stage, 80)?,
            amount_minor: self.amount_minor.map(amount).transpose()?,
            currency: self.currency.map(currency).transpose()?,
            outcome: self.outcome.map(|outcome| outcome.map(Into::into)),
            external_id: line("deal.external_id", self.external_id, 200)?,
        })
    }

    /// The deal of a new call.
    pub(super) fn into_deal(self) -> Result<Deal> {
        let patch = self.into_patch()?;
        Ok(Deal {
            name: patch.name.flatten(),
            stage: patch.stage.flatten(),
            amount_minor: patch.amount_minor.flatten(),
            currency: patch.currency.flatten(),
            outcome: patch.outcome.flatten(),
            external_id: patch.external_id.flatten(),
        })
    }
}

fn amount(amount: Option<i64>) -> Result<Option<i64>> {
    if amount.is_none_or(|amount| (0..=MAX_AMOUNT).contains(&amount)) {
        Ok(amount)
    } else {
        Err(Problem::invalid_value(format!(
            "deal.amount_minor must be between 0 and {MAX_AMOUNT}"
        )))
    }
}

fn currency(code: Option<String>) -> Result<Option<String>> {
    let fits = |code: &String| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    if code.as_ref().is_none_or(fits) {
        Ok(code)
    } else {
        Err(Problem::invalid_value(
            "deal.currency must be three capital letters, such as EUR",
        ))
    }
}

/// Somebody who took part in a conversation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Participant)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParticipantView {
    /// Their name; 100 characters at most.
    name: String,
    /// Their account, for colleagues.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Where they work, for others; 100 characters at most.
    company: Option<String>,
}

impl From<Participant> for ParticipantView {
    fn from(participant: Participant) -> Self {
        Self {
            name: participant.name,
            user_id: participant.user_id,
            company: participant.company,
        }
    }
}

pub(super) fn participants(views: &[ParticipantView]) -> Result<Vec<Participant>> {
    validate::at_most("participants", views, MAX_PARTICIPANTS)?;
    let participant = |view: &ParticipantView| {
        Ok(Participant {
            name: validate::line("the name of a participant", &view.name, 100)?,
            user_id: view.user_id.clone(),
            company: validate::opt_line("the company of a participant", view.company.as_deref(), 100)?,
        })
    };
    views.iter().map(participant).collect()
}

/// Labels, each once: `Pricing` and `pricing` are one.
pub(super) fn tags(tags: &[String]) -> Result<Vec<String>> {
    let mut known = HashSet::new();
    let mut kept = Vec::new();
    for tag in tags {
        let tag = validate::line("a tag", tag, 40)?;
        if known.insert(tag.to_lowercase()) {
            kept.push(tag);
        }
    }
    validate::at_most("tags", &kept, MAX_TAGS)?;
    Ok(kept)
}

/// People to invite, each once.
pub(super) fn invited(user_ids: Vec<UserId>) -> Result<Vec<UserId>> {
    let mut known = HashSet::new();
    let kept: Vec<UserId> = user_ids
        .into_iter()
        .filter(|id| known.insert(id.clone()))
        .collect();
    validate::at_most("invited", &kept, MAX_INVITED)?;
    Ok(kept)
}

/// Checks that the people who are named have accounts.
pub(super) async fn check_people(
    state: &ApiState,
    invited: &[UserId],
    participants: &[Participant],
) -> Result<()> {
    let ids: HashSet<&UserId> = invited
        .iter()
        .chain(participants.iter().filter_map(|it| it.user_id.as_ref()))
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ids: Vec<UserId> = ids.into_iter().cloned().collect();
    match state.store.user_unknown(&ids).await?.first() {
        None => Ok(()),
        Some(id) => Err(Problem::invalid_value(format!("nobody has the id {id}"))),
    }
}

/// Checks that the caller may put a call into a team.
pub(super) async fn check_team(state: &ApiState, current: &CurrentUser, team_id: &TeamId) -> Result<()> {
    if state.store.team_get(team_id).await?.is_none() {
        return Err(Problem::invalid_value(format!("there is no team {team_id}")));
    }
    if policy::may_use_team(&current.viewer, team_id) {
        Ok(())
    } else {
        Err(forbidden("a call can be put into a team of one's own only"))
    }
}

/// Checks that somebody could see a call by its visibility.
pub(super) fn check_sharing(team_id: Option<&TeamId>, visibility: Visibility) -> Result<()> {
    if policy::is_sharing_sound(team_id, visibility) {
        Ok(())
    } else {
        Err(Problem::invalid_value(
            "a call without a team can't have the visibility team: name a team_id",
        ))
    }
}

/// Figures out of the talk statistics; null until the call is ready, and where nobody is the rep.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TalkFigures)]
pub(crate) struct TalkView {
    /// The rep's share of the talking, in thousandths.
    rep_talk_permille: Option<i64>,
    /// The rep's longest turn.
    rep_longest_monologue_ms: Option<i64>,
    /// Questions that the rep asks.
    rep_question_count: Option<i64>,
    /// Interruptions by anybody.
    interruption_count: Option<i64>,
    /// How long the rep waits before answering, as a median.
    patience_ms: Option<i64>,
}

impl From<TalkFigures> for TalkView {
    fn from(talk: TalkFigures) -> Self {
        Self {
            rep_talk_permille: talk.rep_talk_permille,
            rep_longest_monologue_ms: talk.rep_longest_monologue_ms,
            rep_question_count: talk.rep_question_count,
            interruption_count: talk.interruption_count,
            patience_ms: talk.patience_ms,
        }
    }
}
