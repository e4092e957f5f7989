//! Changing, stopping, repeating and deleting calls.

use axum::extract::State;
use gametape_core::{
    call::Call,
    id::{CallId, TeamId, UserId},
    job::Priority,
    policy,
};
use gametape_store::{CallPatch, DealPatch};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    consent::ConsentBody,
    details::{self, DealBody, ParticipantView, VisibilityName},
    priority::{PriorityName, too_urgent},
    view::CallView,
};
use crate::{
    ApiState,
    access::changeable_call,
    auth::CurrentUser,
    extract::{Id, Json, present},
    precondition::{IfMatch, Versioned},
    problem::Result,
    quota, validate,
};

/// What to change about a call; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "null and left out mean different things")]
pub(super) struct UpdateCall {
    /// Another title.
    title: Option<String>,
    /// When the conversation took place, in milliseconds since 1970; null if that is not known.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    occurred_at: Option<Option<i64>>,
    /// Whose team's it is: one of the caller's own; null for none.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    team_id: Option<Option<TeamId>>,
    /// Who sees it.
    visibility: Option<VisibilityName>,
    /// All labels: 20 at most, of 40 characters at most.
    tags: Option<Vec<String>>,
    /// All who took part: 30 at most.
    participants: Option<Vec<ParticipantView>>,
    /// All people who see it whatever its visibility is: 100 at most.
    #[schema(value_type = Option<Vec<String>>)]
    invited: Option<Vec<UserId>>,
    /// What to say about its deal; null for nothing at all.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DealBody>)]
    deal: Option<Option<DealBody>>,
    /// What to note of consent.
    consent: Option<ConsentBody>,
}

impl UpdateCall {
    /// The change to make to `call`, once all values are found fit.
    async fn into_patch(self, state: &ApiState, current: &CurrentUser, call: &Call) -> Result<CallPatch> {
        if let Some(Some(time)) = self.occurred_at {
            validate::time_ms("occurred_at", time)?;
        }
        if let Some(Some(team_id)) = &self.team_id
            && call.team_id.as_ref() != Some(team_id)
        {
            details::check_team(state, current, team_id).await?;
            let recording = match &call.recording_id {
                Some(id) => state.store.recording_get(id).await?,
                None => None,
            };
            let size_bytes = recording.map_or(1, |recording| recording.size_bytes);
            quota::check_team(state, team_id, size_bytes).await?;
        }
        let visibility = self.visibility.map(Into::into);
        if self.team_id.is_some() || visibility.is_some() {
            let team_id = self.team_id.as_ref().unwrap_or(&call.team_id);
            details::check_sharing(team_id.as_ref(), visibility.unwrap_or(call.visibility))?;
        }
        let participants = self.participants.as_deref().map(details::participants);
        let participants = participants.transpose()?;
        let invited = self.invited.map(details::invited).transpose()?;
        details::check_people(
            state,
            invited.as_deref().unwrap_or_default(),
            participants.as_deref().unwrap_or_default(),
        )
        .await?;
        Ok(CallPatch {
            title: self
                .title
                .map(|title| validate::line("title", &title, 200))
                .transpose()?,
            occurred_at: self.occurred_at,
            team_id: self.team_id,
            visibility,
            tags: self.tags.as_deref().map(details::tags).transpose()?,
            participants,
            invited,
            deal: match self.deal {
                Some(Some(deal)) => deal.into_patch()?,
                Some(None) => DealPatch::clear(),
                None => DealPatch::default(),
            },
            consent: self.consent.map(ConsentBody::into_new).transpose()?,
            if_updated_at: None,
        })
    }
}

/// How to transcribe a call again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Retranscribe {
    /// Model to use; the worker's default unless given.
    model: Option<String>,
    /// Language, as a two-letter code; detected unless given.
    language: Option<String>,
    /// How soon; `normal` unless given. Scripts that go through old calls had better say `low`.
    priority: Option<PriorityName>,
}

/// Changes a call's details. With If-Match, only if nobody else changed it meanwhile.
#[utoipa::path(
    patch, path = "/calls/{id}", operation_id = "updateCall", tag = "calls",
    params(
        ("id" = String, Path, description = "Id of the call"),
        ("If-Match" = Option<String>, Header, description = "ETag of the call as it was read"),
    ),
    request_body = UpdateCall,
    responses((status = 200, body = CallView))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    IfMatch(if_updated_at): IfMatch,
    Json(body): Json<UpdateCall>,
) -> Result<Versioned<CallView>> {
    let call = changeable_call(&state, &current, &id).await?;
    let patch = CallPatch {
        if_updated_at,
        ..body.into_patch(&state, &current, &call).await?
    };
    let call = state.store.call_update(&current.actor(), &id, patch).await?;
    Ok(answer(StatusCode::OK, call))
}

fn answer(status: StatusCode, call: Call) -> Versioned<CallView> {
    Versioned {
        status,
        version: call.updated_at,
        body: call.into(),
    }
}

/// Deletes a call with its transcript, and its recording unless another call has it too. A conflict, `call_held`, while
/// somebody holds it.
#[utoipa::path(
    delete, path = "/calls/{id}", operation_id = "deleteCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<StatusCode> {
    changeable_call(&state, &current, &id).await?;
    state.store.call_delete(&current.actor(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops the work on a call.
#[utoipa::path(
    post, path = "/calls/{id}/cancel", operation_id = "cancelCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = CallView))
)]
pub(super) async fn cancel(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Versioned<CallView>> {
    changeable_call(&state, &current, &id).await?;
    Ok(answer(StatusCode::OK, state.store.call_cancel(&id).await?))
}

/// Takes up the work on a failed or stopped call again.
#[utoipa::path(
    post, path = "/calls/{id}/retry", operation_id = "retryCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 202, body = CallView))
)]
pub(super) async fn retry(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Versioned<CallView>> {
    changeable_call(&state, &current, &id).await?;
    Ok(answer(StatusCode::ACCEPTED, state.store.call_retry(&id).await?))
}

/// Transcribes a call again; people read the old transcript until the new one is complete.
#[utoipa::path(
    post, path = "/calls/{id}/retranscribe", operation_id = "retranscribeCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    request_body = Retranscribe,
    responses((status = 202, body = CallView))
)]
pub(super) async fn retranscribe(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Json(body): Json<Retranscribe>,
) -> Result<Versioned<CallView>> {
    let call = changeable_call(&state, &current, &id).await?;
    let priority = body.priority.map_or(Priority::Normal, Into::into);
    if !policy::may_prioritize_call(&current.viewer, &call, priority) {
        return Err(too_urgent());
    }
    let (model, language) = (validate::model(body.model)?, validate::language(body.language)?);
    Ok(answer(
        StatusCode::ACCEPTED,
        state
            .store
            .call_retranscribe(&id, model, language, priority)
            .await?,
    ))
}
