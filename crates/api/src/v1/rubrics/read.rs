//! Reading rubrics: everybody may, who is signed in.

use axum::extract::State;
use gametape_core::id::RubricId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{RubricDetail, RubricView, VersionInfoView, VersionView};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Ids, Json, List, PageQuery, Query},
    precondition::Versioned,
    problem::{Problem, Result},
};

/// Which rubrics to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Those that are archived; those that are not unless given.
    archived: Option<bool>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Rubrics, the oldest first.
#[utoipa::path(
    get, path = "/rubrics", operation_id = "listRubrics", tag = "rubrics", params(Filter),
    responses((status = 200, body = List<RubricView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    _: CurrentUser,
    Query(query): Query<Filter>,
) -> Result<Json<List<RubricView>>> {
    let page = PageQuery {
        limit: query.limit,
        after: query.after,
    };
    let archived = query.archived.unwrap_or(false);
    let rubrics = state.store.rubric_list(archived, &page.request()?).await?;
    Ok(Json(List::from_page(rubrics)))
}

/// A rubric with its draft.
#[utoipa::path(
    get, path = "/rubrics/{id}", operation_id = "getRubric", tag = "rubrics",
    params(("id" = String, Path, description = "Id of the rubric")),
    responses((status = 200, body = RubricDetail, headers(("ETag" = String, description = "For If-Match"))))
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    _: CurrentUser,
    Id(id): Id<RubricId>,
) -> Result<Versioned<RubricDetail>> {
    let rubric = state.store.rubric_get(&id).await?;
    let rubric = rubric.ok_or_else(|| Problem::not_found("rubric"))?;
    Ok(Versioned::ok(rubric.version, rubric.into()))
}

/// Published versions of a rubric, the newest first.
#[utoipa::path(
    get, path = "/rubrics/{id}/versions", operation_id = "listRubricVersions", tag = "rubrics",
    params(("id" = String, Path, description = "Id of the rubric")),
    responses((status = 200, body = List<VersionInfoView>))
)]
pub(super) async fn versions(
    State(state): State<ApiState>,
    _: CurrentUser,
    Id(id): Id<RubricId>,
) -> Result<Json<List<VersionInfoView>>> {
    let rubric = state.store.rubric_get(&id).await?;
    rubric.ok_or_else(|| Problem::not_found("rubric"))?;
    let versions = state.store.rubric_versions(&id).await?;
    Ok(Json(List::whole(versions.into_iter().map(Into::into).collect())))
}

/// A published version of a rubric; it never changes.
#[utoipa::path(
    get, path = "/rubrics/{id}/versions/{version}", operation_id = "getRubricVersion", tag = "rubrics",
    params(
        ("id" = String, Path, description = "Id of the rubric"),
        ("version" = i64, Path, description = "Number of the version, from 1"),
    ),
    responses((status = 200, body = VersionView))
)]
pub(super) async fn version(
    State(state): State<ApiState>,
    _: CurrentUser,
    Ids(id, version): Ids<RubricId, i64>,
) -> Result<Json<VersionView>> {
    let found = state.store.rubric_version_get(&id, version).await?;
    let found = found.ok_or_else(|| Problem::not_found("version of the rubric"))?;
    Ok(Json(found.into()))
}
