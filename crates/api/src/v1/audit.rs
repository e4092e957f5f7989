//! The audit log; for administrators.

use axum::extract::State;
use gametape_core::{
    audit::{AuditAction, AuditEntry},
    id::UserId,
};
use gametape_store::AuditFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    ApiState,
    extract::{Json, List, PageQuery, Query},
    problem::Result,
    validate,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// An entry of the audit log: it is never changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(super) struct AuditView {
    /// Which.
    id: String,
    /// When, in milliseconds since 1970.
    at: i64,
    /// Who; null for the command line, and for somebody who could not sign in.
    actor_id: Option<String>,
    /// What they did.
    #[schema(example = "call.delete")]
    action: &'static str,
    /// What kind of thing it was done to.
    #[schema(example = "call")]
    target_kind: String,
    /// Which of them.
    target_id: String,
    /// The call it belongs to, if it belongs to one.
    call_id: Option<String>,
    /// Network address of the client.
    address: Option<String>,
    /// More about it.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id.into(),
            at: entry.at,
            actor_id: entry.actor_id.map(Into::into),
            action: entry.action.as_str(),
            target_kind: entry.target_kind,
            target_id: entry.target_id,
            call_id: entry.call_id.map(Into::into),
            address: entry.address,
            detail: entry.detail,
        }
    }
}

/// Which entries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// What this person did.
    #[param(value_type = Option<String>)]
    actor: Option<UserId>,
    /// This kind of thing, e.g. `call.delete`.
    #[param(value_type = Option<String>)]
    action: Option<AuditAction>,
    /// What was done to the thing with this id.
    target: Option<String>,
    /// At this time or later, in milliseconds since 1970.
    from: Option<i64>,
    /// Before this time, in milliseconds since 1970.
    until: Option<i64>,
    /// The most items to return, 1 to 200; 50 unless given.
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Who did what, the newest first.
#[utoipa::path(
    get, path = "/audit", operation_id = "listAudit", tag = "operation", params(Filter),
    responses((status = 200, body = List<AuditView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    Query(query): Query<Filter>,
) -> Result<Json<List<AuditView>>> {
    let page = PageQuery {
        limit: query.limit,
        after: query.after,
    };
    let filter = AuditFilter {
        actor_id: query.actor,
        action: query.action,
        target_id: validate::wanted("target", query.target, 100)?,
        from: query.from,
        until: query.until,
    };
    let entries = state.store.audit_list(&filter, &page.request()?).await?;
    Ok(Json(List::from_page(entries)))
}
