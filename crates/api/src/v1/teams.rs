//! Teams: people who see each other's calls. Everybody sees them, administrators change them.

use axum::extract::State;
use gametape_core::{
    id::{TeamId, UserId},
    team::Team,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Ids, Json, List},
    problem::{Problem, Result},
    validate,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// Routes for administrators.
pub(crate) fn admin_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(update, delete))
        .routes(routes!(add_member, remove_member))
}

/// People who see each other's calls.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Team)]
pub(super) struct TeamView {
    /// Which.
    id: String,
    /// As it is called.
    name: String,
    /// Who is in it, in the order of their names.
    member_ids: Vec<String>,
    /// When it was made, in milliseconds since 1970.
    created_at: i64,
}

impl From<Team> for TeamView {
    fn from(team: Team) -> Self {
        Self {
            id: team.id.into(),
            name: team.name,
            member_ids: team.member_ids.into_iter().map(Into::into).collect(),
            created_at: team.created_at,
        }
    }
}

/// What a team is called.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TeamName)]
#[serde(deny_unknown_fields)]
pub(super) struct NameBody {
    /// Its name, unique without regard to case; 1 to 80 characters on one line.
    name: String,
}

impl NameBody {
    fn check(&self) -> Result<String> {
        validate::line("name", &self.name, 80)
    }
}

/// All teams, in the order of their names.
#[utoipa::path(
    get, path = "/teams", operation_id = "listTeams", tag = "people",
    responses((status = 200, body = List<TeamView>))
)]
pub(super) async fn list(State(state): State<ApiState>) -> Result<Json<List<TeamView>>> {
    let teams = state.store.team_list().await?;
    Ok(Json(List::whole(teams.into_iter().map(Into::into).collect())))
}

/// A team.
#[utoipa::path(
    get, path = "/teams/{id}", operation_id = "getTeam", tag = "people",
    params(("id" = String, Path, description = "Id of the team")),
    responses((status = 200, body = TeamView))
)]
pub(super) async fn get(State(state): State<ApiState>, Id(id): Id<TeamId>) -> Result<Json<TeamView>> {
    find(&state, &id).await
}

async fn find(state: &ApiState, id: &TeamId) -> Result<Json<TeamView>> {
    let team = state.store.team_get(id).await?;
    let team = team.ok_or_else(|| Problem::not_found("team"))?;
    Ok(Json(team.into()))
}

/// Makes a team with nobody in it.
#[utoipa::path(
    post, path = "/teams", operation_id = "createTeam", tag = "people", request_body = NameBody,
    responses((status = 201, body = TeamView))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<NameBody>,
) -> Result<(StatusCode, Json<TeamView>)> {
    let team = state.store.team_create(&current.actor(), &body.check()?).await?;
    Ok((StatusCode::CREATED, Json(team.into())))
}

/// Gives a team another name.
#[utoipa::path(
    patch, path = "/teams/{id}", operation_id = "updateTeam", tag = "people",
    params(("id" = String, Path, description = "Id of the team")),
    request_body = NameBody,
    responses((status = 200, body = TeamView))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<TeamId>,
    Json(body): Json<NameBody>,
) -> Result<Json<TeamView>> {
    state
        .store
        .team_rename(&current.actor(), &id, &body.check()?)
        .await?;
    find(&state, &id).await
}

/// Deletes a team. Its people and calls stay; the calls that it saw are seen by their owners and the people
/// invited to them alone, until their owners say otherwise.
#[utoipa::path(
    delete, path = "/teams/{id}", operation_id = "deleteTeam", tag = "people",
    params(("id" = String, Path, description = "Id of the team")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<TeamId>,
) -> Result<StatusCode> {
    state.store.team_delete(&current.actor(), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts somebody into a team, who then sees its calls.
#[utoipa::path(
    put, path = "/teams/{id}/members/{user_id}", operation_id = "addTeamMember", tag = "people",
    params(
        ("id" = String, Path, description = "Id of the team"),
        ("user_id" = String, Path, description = "Id of the person"),
    ),
    responses((status = 204, description = "They are in it"))
)]
pub(super) async fn add_member(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, user_id): Ids<TeamId, UserId>,
) -> Result<StatusCode> {
    state
        .store
        .team_add_member(&current.actor(), &id, &user_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes somebody out of a team. Their calls stay in it.
#[utoipa::path(
    delete, path = "/teams/{id}/members/{user_id}", operation_id = "removeTeamMember", tag = "people",
    params(
        ("id" = String, Path, description = "Id of the team"),
        ("user_id" = String, Path, description = "Id of the person"),
    ),
    responses((status = 204, description = "They are not in it"))
)]
pub(super) async fn remove_member(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, user_id): Ids<TeamId, UserId>,
) -> Result<StatusCode> {
    state
        .store
        .team_remove_member(&current.actor(), &id, &user_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
