//! Who speaks on which channel.

use axum::extract::State;
use gametape_core::{
    id::CallId,
    transcript::{Speaker, SpeakerRole},
};

use super::view::{SpeakerRoleName, SpeakerView};
use crate::{
    ApiState,
    access::{correctable_call, visible_call},
    auth::CurrentUser,
    extract::{Id, Json, List},
    problem::{Problem, Result},
    validate,
};

/// Who speaks, by channel.
#[utoipa::path(
    get, path = "/calls/{id}/speakers", operation_id = "listSpeakers", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = List<SpeakerView>))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Json<List<SpeakerView>>> {
    visible_call(&state, &current, &id).await?;
    let speakers = state.store.call_speakers(&id).await?;
    Ok(Json(List::whole(speakers.into_iter().map(Into::into).collect())))
}

/// Says who speaks, for all channels at once.
#[utoipa::path(
    put, path = "/calls/{id}/speakers", operation_id = "setSpeakers", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    request_body = Vec<SpeakerView>,
    responses((status = 200, body = List<SpeakerView>))
)]
pub(super) async fn put(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Json(body): Json<Vec<SpeakerView>>,
) -> Result<Json<List<SpeakerView>>> {
    correctable_call(&state, &current, &id).await?;
    let before = state.store.call_speakers(&id).await?;
    if body.len() != before.len() {
        return Err(Problem::invalid_value(format!(
            "the call has {} channels: name them all",
            before.len()
        )));
    }
    let speakers: Vec<Speaker> = body.iter().map(speaker).collect::<Result<_>>()?;
    for (channel, speaker) in speakers
        .iter()
        .enumerate()
        .filter(|(channel, new)| before[*channel] != **new)
    {
        state
            .store
            .call_set_speaker(&id, channel, speaker.clone())
            .await?;
    }
    Ok(Json(List::whole(speakers.into_iter().map(Into::into).collect())))
}

fn speaker(view: &SpeakerView) -> Result<Speaker> {
    let role = match view.role {
        SpeakerRoleName::Rep => SpeakerRole::Rep,
        SpeakerRoleName::Customer => SpeakerRole::Customer,
        SpeakerRoleName::Other => SpeakerRole::Other,
    };
    Ok(Speaker {
        role,
        name: validate::line("name", &view.name, 100)?,
    })
}
