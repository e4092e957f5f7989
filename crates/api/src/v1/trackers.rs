//! Trackers: saved phrases, and where they are said.

use axum::extract::State;
use gametape_core::{
    id::{CallId, TrackerId},
    moment::seek_path,
    policy,
    tracker::{MAX_PHRASE_CHARS, MAX_PHRASES, ShownHit, Tracker, TrackerHit, is_phrase},
    transcript::SpeakerRole,
};
use gametape_store::{NewTracker, TrackerPatch};
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{calls::view::SpeakerRoleName, search::FoundCallView};
use crate::{
    ApiState,
    access::{forbidden, visible_call},
    auth::CurrentUser,
    extract::{Id, Json, List, PageQuery, Query},
    precondition::{IfMatch, Versioned},
    problem::{Problem, Result},
    validate,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(hits))
        .routes(routes!(hits_of_call))
}

/// A list of phrases to look for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tracker)]
pub(super) struct TrackerView {
    /// Which.
    id: String,
    /// As shown.
    title: String,
    /// What it is for.
    description: String,
    /// What it looks for; a word that ends in `*` stands for all that begin so.
    phrases: Vec<String>,
    /// Whose words count; null for everybody's.
    #[schema(value_type = Option<SpeakerRoleName>)]
    speaker_role: Option<&'static str>,
    /// Whether it looks for anything.
    enabled: bool,
    /// Grows with every change; the `ETag` says it, too.
    version: i64,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
}

impl From<Tracker> for TrackerView {
    fn from(tracker: Tracker) -> Self {
        Self {
            id: tracker.id.into(),
            title: tracker.title,
            description: tracker.description,
            phrases: tracker.phrases,
            speaker_role: tracker.speaker_role.map(SpeakerRole::as_str),
            enabled: tracker.disabled_at.is_none(),
            version: tracker.version,
            created_at: tracker.created_at,
        }
    }
}

/// A tracker to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateTracker {
    /// As shown.
    title: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// What to look for: 1 to 200 phrases of 100 characters at most.
    phrases: Vec<String>,
    /// Whose words count; everybody's unless given.
    #[schema(value_type = Option<SpeakerRoleName>)]
    speaker_role: Option<SpeakerRole>,
}

/// What to change about a tracker; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTracker {
    /// Another title.
    title: Option<String>,
    /// Another description.
    description: Option<String>,
    /// Other phrases.
    phrases: Option<Vec<String>>,
    /// Whose words count; null for everybody's.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<SpeakerRoleName>)]
    #[expect(clippy::option_option, reason = "null and left out mean different things")]
    speaker_role: Option<Option<SpeakerRole>>,
    /// Whether it looks for anything; one that does not has no hits.
    enabled: Option<bool>,
}

/// Tells a null from a field that is left out.
#[expect(clippy::option_option, reason = "null and left out mean different things")]
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<SpeakerRole>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A place where a phrase is said.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackerHit)]
pub(super) struct TrackerHitView {
    /// By which tracker it was found.
    tracker_id: String,
    /// In which call,
    call_id: String,
    /// and in which segment of it.
    segment_id: String,
    /// Start of the phrase's first word, in milliseconds of the recording.
    start_ms: i64,
    /// End of its last word, in milliseconds of the recording.
    end_ms: i64,
    /// The phrase, as the tracker has it.
    phrase: String,
    /// Path of the call's page at this place.
    url: String,
}

impl From<TrackerHit> for TrackerHitView {
    fn from(hit: TrackerHit) -> Self {
        Self {
            url: seek_path(&hit.call_id, hit.start_ms, hit.end_ms),
            tracker_id: hit.tracker_id.into(),
            call_id: hit.call_id.into(),
            segment_id: hit.segment_id.into(),
            start_ms: hit.start_ms,
            end_ms: hit.end_ms,
            phrase: hit.phrase,
        }
    }
}

/// A place where a phrase is said, with its call and its words.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShownTrackerHit {
    #[serde(flatten)]
    hit: TrackerHitView,
    /// Its call.
    call: FoundCallView,
    /// What the segment says.
    text: String,
}

impl From<ShownHit> for ShownTrackerHit {
    fn from(shown: ShownHit) -> Self {
        Self {
            hit: shown.hit.into(),
            call: shown.call.into(),
            text: shown.text,
        }
    }
}

fn title(text: &str) -> Result<String> {
    validate::line("title", text, 100)
}

fn description(text: &str) -> Result<String> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    validate::line("description", text, 500)
}

fn phrases(phrases: &[String]) -> Result<Vec<String>> {
    if phrases.is_empty() || phrases.len() > MAX_PHRASES {
        return Err(Problem::invalid_value(format!(
            "phrases must be 1 to {MAX_PHRASES} texts"
        )));
    }
    let phrase = |text: &String| {
        let phrase = validate::line("every phrase", text, MAX_PHRASE_CHARS)?;
        if is_phrase(&phrase) {
            Ok(phrase)
        } else {
            Err(Problem::invalid_value("every phrase must have a word"))
        }
    };
    phrases.iter().map(phrase).collect()
}

fn check_standards(current: &CurrentUser) -> Result<()> {
    if policy::may_set_standards(&current.viewer) {
        Ok(())
    } else {
        Err(forbidden("only coaches and administrators change trackers"))
    }
}

/// All trackers, the oldest first.
#[utoipa::path(
    get, path = "/trackers", operation_id = "listTrackers", tag = "search",
    responses((status = 200, body = List<TrackerView>))
)]
pub(super) async fn list(State(state): State<ApiState>, _: CurrentUser) -> Result<Json<List<TrackerView>>> {
    let trackers = state.store.tracker_list().await?;
    Ok(Json(List::whole(trackers.into_iter().map(Into::into).collect())))
}

/// Makes a tracker. Calls that are here already are looked through in the background.
#[utoipa::path(
    post, path = "/trackers", operation_id = "createTracker", tag = "search", request_body = CreateTracker,
    responses((status = 201, body = TrackerView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<CreateTracker>,
) -> Result<Versioned<TrackerView>> {
    check_standards(&current)?;
    let new = NewTracker {
        title: title(&body.title)?,
        description: description(&body.description)?,
        phrases: phrases(&body.phrases)?,
        speaker_role: body.speaker_role,
    };
    let tracker = state.store.tracker_create(&current.viewer.user_id, new).await?;
    Ok(Versioned::created(tracker.version, tracker.into()))
}

/// A tracker.
#[utoipa::path(
    get, path = "/trackers/{id}", operation_id = "getTracker", tag = "search",
    params(("id" = String, Path, description = "Id of the tracker")),
    responses((status = 200, body = TrackerView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    _: CurrentUser,
    Id(id): Id<TrackerId>,
) -> Result<Versioned<TrackerView>> {
    let tracker = find(&state, &id).await?;
    Ok(Versioned::ok(tracker.version, tracker.into()))
}

async fn find(state: &ApiState, id: &TrackerId) -> Result<Tracker> {
    let tracker = state.store.tracker_get(id).await?;
    tracker.ok_or_else(|| Problem::not_found("tracker"))
}

/// Changes a tracker. With If-Match, only if nobody else changed it meanwhile.
#[utoipa::path(
    patch, path = "/trackers/{id}", operation_id = "updateTracker", tag = "search",
    params(
        ("id" = String, Path, description = "Id of the tracker"),
        ("If-Match" = Option<String>, Header, description = "ETag of the tracker as it was read"),
    ),
    request_body = UpdateTracker,
    responses((status = 200, body = TrackerView, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<TrackerId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<UpdateTracker>,
) -> Result<Versioned<TrackerView>> {
    find(&state, &id).await?;
    check_standards(&current)?;
    let patch = TrackerPatch {
        title: body.title.as_deref().map(title).transpose()?,
        description: body.description.as_deref().map(description).transpose()?,
        phrases: body.phrases.as_deref().map(phrases).transpose()?,
        speaker_role: body.speaker_role,
        enabled: body.enabled,
    };
    let tracker = state.store.tracker_update(&id, patch, if_version).await?;
    Ok(Versioned::ok(tracker.version, tracker.into()))
}

/// Deletes a tracker and its hits. With If-Match, only if nobody else changed it meanwhile.
#[utoipa::path(
    delete, path = "/trackers/{id}", operation_id = "deleteTracker", tag = "search",
    params(
        ("id" = String, Path, description = "Id of the tracker"),
        ("If-Match" = Option<String>, Header, description = "ETag of the tracker as it was read"),
    ),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<TrackerId>,
    IfMatch(if_version): IfMatch,
) -> Result<StatusCode> {
    find(&state, &id).await?;
    check_standards(&current)?;
    state.store.tracker_delete(&id, if_version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Where a tracker found something, in calls that the caller may see: the newest call first, and along its
/// recording.
#[utoipa::path(
    get, path = "/trackers/{id}/hits", operation_id = "listTrackerHits", tag = "search",
    params(("id" = String, Path, description = "Id of the tracker"), PageQuery),
    responses((status = 200, body = List<ShownTrackerHit>))
)]
pub(super) async fn hits(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<TrackerId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<ShownTrackerHit>>> {
    find(&state, &id).await?;
    let visible = policy::visible_calls(&current.viewer);
    let hits = state.store.tracker_hits(&visible, &id, &page.request()?).await?;
    Ok(Json(List::from_page(hits)))
}

/// What trackers found in a call, along its recording.
#[utoipa::path(
    get, path = "/calls/{id}/tracker-hits", operation_id = "listCallTrackerHits", tag = "search",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = List<TrackerHitView>))
)]
pub(super) async fn hits_of_call(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Json<List<TrackerHitView>>> {
    visible_call(&state, &current, &id).await?;
    let hits = state.store.tracker_hits_of_call(&id).await?;
    Ok(Json(List::whole(hits.into_iter().map(Into::into).collect())))
}
