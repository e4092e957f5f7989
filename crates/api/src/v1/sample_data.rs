//! The sample workspace; for administrators.

use axum::extract::State;
use gametape_core::{audit::AuditAction, call::Visibility};
use gametape_store::{NewAudit, without_key};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    auth::CurrentUser,
    extract::Json,
    problem::{Problem, Result},
    samples::{SampleError, SampleSetting, Samples},
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get, load, remove))
}

/// Whether there is a sample workspace.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SampleData {
    /// Whether sample people and calls are here.
    loaded: bool,
    /// Whether this server can make them.
    available: bool,
}

impl From<SampleError> for Problem {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::Store(error) => error.into(),
            SampleError::Media(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

async fn shown(state: &ApiState) -> Result<Json<SampleData>> {
    Ok(Json(SampleData {
        loaded: Samples::are_loaded(&state.store).await?,
        available: Samples::embedded().is_ok(),
    }))
}

/// Whether sample people and calls are here.
#[utoipa::path(
    get, path = "/sample-data", operation_id = "getSampleData", tag = "operation",
    responses((status = 200, body = SampleData))
)]
pub(super) async fn get(State(state): State<ApiState>) -> Result<Json<SampleData>> {
    shown(&state).await
}

/// Makes sample people, who can't sign in, and their calls, which everybody sees, with comments and reviews. What
/// is here already stays. The calls are transcribed like all others, so their words come a little later.
#[utoipa::path(
    post, path = "/sample-data", operation_id = "loadSampleData", tag = "operation",
    responses((status = 200, body = SampleData))
)]
pub(super) async fn load(State(state): State<ApiState>, current: CurrentUser) -> Result<Json<SampleData>> {
    let actor = current.actor();
    let setting = SampleSetting {
        password_hash: None,
        visibility: Visibility::Org,
    };
    let samples = Samples::embedded()?;
    // Under an idempotency key one thing is made; these are many.
    let made = without_key(samples.load(&state.store, &state.media, &actor, &setting)).await?;
    let entry = NewAudit::of(AuditAction::SampleLoad, "workspace", "samples");
    let entry = entry.with(serde_json::json!({"calls": made}));
    state.store.audit_write(&actor, entry).await?;
    shown(&state).await
}

/// Deletes the sample calls with all that was said about them, and the sample people, and nothing else.
#[utoipa::path(
    delete, path = "/sample-data", operation_id = "removeSampleData", tag = "operation",
    responses((status = 200, body = SampleData))
)]
pub(super) async fn remove(State(state): State<ApiState>, current: CurrentUser) -> Result<Json<SampleData>> {
    let actor = current.actor();
    Samples::embedded()?.remove(&state.store, &actor).await?;
    let entry = NewAudit::of(AuditAction::SampleRemove, "workspace", "samples");
    state.store.audit_write(&actor, entry).await?;
    shown(&state).await
}
