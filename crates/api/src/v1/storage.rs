//! How much room all of it takes, and who takes how much.

use axum::extract::State;
use gametape_store::Share;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{ApiState, auth::CurrentUser, extract::Json, problem::Result};

/// People and teams that are listed.
const MAX_SHARES: i64 = 100;

/// For administrators.
pub(crate) fn admin_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(storage))
        .routes(routes!(shares))
}

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(mine))
}

/// A limit that is set; 0 stands for none.
fn limit<T: PartialEq + Default>(setting: T) -> Option<T> {
    Some(setting).filter(|setting| *setting != T::default())
}

/// How much room all of it takes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Storage {
    /// Bytes of recordings, each counted once however many calls it has.
    recordings_bytes: i64,
    /// Bytes of uploads that are under way. Waveforms, which are small, are not counted.
    other_bytes: i64,
    /// Bytes of the database; null where it does not say.
    database_bytes: Option<i64>,
    /// Bytes that are free where recordings are kept; null where that is no folder of this machine.
    free_bytes: Option<u64>,
    /// Number of calls.
    calls: i64,
    /// Bytes that the recordings of one person may take; null for any number.
    person_quota_bytes: Option<u64>,
    /// Bytes that the recordings of one team's calls may take; null for any number.
    team_quota_bytes: Option<u64>,
}

/// How much room recordings and database take, as the database has it.
#[utoipa::path(
    get, path = "/storage", operation_id = "getStorage", tag = "operation",
    responses((status = 200, body = Storage))
)]
pub(super) async fn storage(State(state): State<ApiState>) -> Result<Json<Storage>> {
    let figures = state.store.storage_figures().await?;
    Ok(Json(Storage {
        recordings_bytes: figures.recordings_bytes,
        other_bytes: figures.uploads_bytes,
        database_bytes: figures.database_bytes,
        free_bytes: state.media.free_bytes()?,
        calls: figures.calls,
        person_quota_bytes: limit(state.config.person_quota_bytes),
        team_quota_bytes: limit(state.config.team_quota_bytes),
    }))
}

/// Who takes how much room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StorageShare {
    /// Id of the person or the team.
    id: String,
    /// Bytes of their recordings.
    bytes: i64,
}

impl From<Share> for StorageShare {
    fn from(share: Share) -> Self {
        Self {
            id: share.id,
            bytes: share.bytes,
        }
    }
}

/// Who takes the most room.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StorageShares {
    /// The hundred people whose recordings take the most, the largest first.
    people: Vec<StorageShare>,
    /// The hundred teams whose calls take the most, the largest first.
    teams: Vec<StorageShare>,
}

/// Whose recordings take the most room. Counts all calls, which takes a while where there are many.
#[utoipa::path(
    get, path = "/storage/shares", operation_id = "getStorageShares", tag = "operation",
    responses((status = 200, body = StorageShares))
)]
pub(super) async fn shares(State(state): State<ApiState>) -> Result<Json<StorageShares>> {
    let people = state.store.largest_people(MAX_SHARES).await?;
    let teams = state.store.largest_teams(MAX_SHARES).await?;
    Ok(Json(StorageShares {
        people: people.into_iter().map(Into::into).collect(),
        teams: teams.into_iter().map(Into::into).collect(),
    }))
}

/// What the caller takes, and may take.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MyStorage {
    /// Bytes of the caller's recordings.
    recordings_bytes: i64,
    /// Bytes that the caller's uploads under way will have; what has arrived, where they did not say.
    uploads_bytes: i64,
    /// Bytes that both may have together; null for any number.
    quota_bytes: Option<u64>,
    /// The caller's uploads under way.
    open_uploads: i64,
    /// How many there may be at a time; null for any number.
    max_open_uploads: Option<u32>,
}

/// How much room the caller's recordings take, and may take.
#[utoipa::path(
    get, path = "/me/storage", operation_id = "getMyStorage", tag = "people",
    responses((status = 200, body = MyStorage))
)]
pub(super) async fn mine(State(state): State<ApiState>, current: CurrentUser) -> Result<Json<MyStorage>> {
    let usage = state.store.usage_of_person(&current.viewer.user_id).await?;
    Ok(Json(MyStorage {
        recordings_bytes: usage.recordings_bytes,
        uploads_bytes: usage.uploads_bytes,
        quota_bytes: limit(state.config.person_quota_bytes),
        open_uploads: usage.open_uploads,
        max_open_uploads: limit(state.config.max_open_uploads),
    }))
}
