//! Making and publishing rubrics.

use axum::extract::State;
use gametape_core::{id::RubricId, policy};
use gametape_store::{NewRubric, RubricPatch};

use super::{
    body::{self, CreateRubric, UpdateRubric},
    view::RubricDetail,
};
use crate::{
    ApiState,
    access::forbidden,
    auth::CurrentUser,
    extract::{Id, Json},
    precondition::{IfMatch, Versioned},
    problem::Result,
};

fn require_standards(current: &CurrentUser) -> Result<()> {
    if policy::may_set_standards(&current.viewer) {
        Ok(())
    } else {
        Err(forbidden("only coaches and administrators may do this"))
    }
}

/// Makes a rubric. Nobody can use it before it is published.
#[utoipa::path(
    post, path = "/rubrics", operation_id = "createRubric", tag = "rubrics", request_body = CreateRubric,
    responses((status = 201, body = RubricDetail, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    Json(body): Json<CreateRubric>,
) -> Result<Versioned<RubricDetail>> {
    require_standards(&current)?;
    let new = NewRubric {
        title: body::title(&body.title)?,
        description: body::description(&body.description)?,
        draft: body.draft.definition(state.now_ms())?,
    };
    let rubric = state.store.rubric_create(&current.actor(), new).await?;
    Ok(Versioned::created(rubric.version, rubric.into()))
}

/// Changes a rubric's title, description and draft. Published versions stay as they are.
#[utoipa::path(
    patch, path = "/rubrics/{id}", operation_id = "updateRubric", tag = "rubrics",
    params(
        ("id" = String, Path, description = "Id of the rubric"),
        ("If-Match" = Option<String>, Header, description = "ETag of the rubric as it was read"),
    ),
    request_body = UpdateRubric,
    responses((status = 200, body = RubricDetail))
)]
pub(super) async fn update(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<RubricId>,
    IfMatch(if_version): IfMatch,
    Json(body): Json<UpdateRubric>,
) -> Result<Versioned<RubricDetail>> {
    require_standards(&current)?;
    let draft = match body.draft {
        Some(Some(draft)) => Some(Some(draft.definition(state.now_ms())?)),
        Some(None) => Some(None),
        None => None,
    };
    let patch = RubricPatch {
        title: body.title.as_deref().map(body::title).transpose()?,
        description: body.description.as_deref().map(body::description).transpose()?,
        draft,
        if_version,
    };
    let rubric = state.store.rubric_update(&id, patch).await?;
    Ok(Versioned::ok(rubric.version, rubric.into()))
}

/// Freezes the draft as the next version, which new reviews take from now on. An unfinished draft is refused as
/// `incomplete`.
#[utoipa::path(
    post, path = "/rubrics/{id}/publish", operation_id = "publishRubric", tag = "rubrics",
    params(
        ("id" = String, Path, description = "Id of the rubric"),
        ("If-Match" = Option<String>, Header, description = "ETag of the rubric as it was read"),
    ),
    responses((status = 200, body = RubricDetail))
)]
pub(super) async fn publish(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<RubricId>,
    IfMatch(if_version): IfMatch,
) -> Result<Versioned<RubricDetail>> {
    require_standards(&current)?;
    let rubric = state
        .store
        .rubric_publish(&current.actor(), &id, if_version)
        .await?;
    Ok(Versioned::ok(rubric.version, rubric.into()))
}

/// Takes a rubric away from what is offered for new reviews.
#[utoipa::path(
    post, path = "/rubrics/{id}/archive", operation_id = "archiveRubric", tag = "rubrics",
    params(
        ("id" = String, Path, description = "Id of the rubric"),
        ("If-Match" = Option<String>, Header, description = "ETag of the rubric as it was read"),
    ),
    responses((status = 200, body = RubricDetail))
)]
pub(super) async fn archive(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<RubricId>,
    IfMatch(if_version): IfMatch,
) -> Result<Versioned<RubricDetail>> {
    set_archived(&state, &current, &id, true, if_version).await
}

/// Offers an archived rubric for new reviews again.
#[utoipa::path(
    post, path = "/rubrics/{id}/unarchive", operation_id = "unarchiveRubric", tag = "rubrics",
    params(
        ("id" = String, Path, description = "Id of the rubric"),
        ("If-Match" = Option<String>, Header, description = "ETag of the rubric as it was read"),
    ),
    responses((status = 200, body = RubricDetail))
)]
pub(super) async fn unarchive(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<RubricId>,
    IfMatch(if_version): IfMatch,
) -> Result<Versioned<RubricDetail>> {
    set_archived(&state, &current, &id, false, if_version).await
}

async fn set_archived(
    state: &ApiState,
    current: &CurrentUser,
    id: &RubricId,
    archived: bool,
    if_version: Option<i64>,
) -> Result<Versioned<RubricDetail>> {
    require_standards(current)?;
    let rubric = state.store.rubric_set_archived(id, archived, if_version).await?;
    Ok(Versioned::ok(rubric.version, rubric.into()))
}
