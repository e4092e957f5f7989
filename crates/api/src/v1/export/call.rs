//! One call with everything.

use axum::{extract::State, response::Response};
use gametape_core::{audit::AuditAction, id::CallId};
use gametape_store::{NewAudit, ReviewFilter};
use serde::Serialize;
use utoipa::ToSchema;

use super::{file, first_page, reviews};
use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::Id,
    problem::Result,
    v1::{
        calls::{
            edits::EditView,
            view::{CallView, TranscriptView},
        },
        comments::{ThreadView, all_views},
        reviews::ReviewDetailView,
    },
};

/// A call with everything that the one who asks may see of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CallExport {
    /// When it was exported, in milliseconds since 1970.
    exported_at: i64,
    /// The call and its details.
    call: CallView,
    /// Its words, as corrected; null while there are none.
    transcript: Option<TranscriptView>,
    /// The corrections that were made to them, the oldest first.
    edits: Vec<EditView>,
    /// What was said about it, the oldest first.
    comments: Vec<ThreadView>,
    /// Reviews with their scores; only the caller's own while they have an open one.
    reviews: Vec<ReviewDetailView>,
}

/// One call with its transcript, corrections, comments and reviews as one file, as far as the caller may see them.
/// The recording itself is at `/calls/{id}/audio`.
#[utoipa::path(
    get, path = "/calls/{id}/export", operation_id = "exportCall", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = CallExport))
)]
pub(super) async fn call(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Response> {
    let call = visible_call(&state, &current, &id).await?;
    let entry = NewAudit::of(AuditAction::CallExport, "call", id.as_str()).in_call(&id);
    state.store.audit_write(&current.actor(), entry).await?;
    let of_call = ReviewFilter {
        call_id: Some(id.clone()),
        ..ReviewFilter::default()
    };
    let export = CallExport {
        exported_at: state.now_ms(),
        call: call.into(),
        transcript: state.store.transcript_read(&id).await?.map(Into::into),
        edits: edits(&state, &id).await?,
        comments: all_views(&state, &current.viewer.user_id, &id).await?,
        reviews: reviews(&state, &current.viewer, &of_call).await?,
    };
    Ok(file(id.as_str(), export))
}

async fn edits(state: &ApiState, id: &CallId) -> Result<Vec<EditView>> {
    let mut views = Vec::new();
    let mut page = first_page();
    loop {
        let found = state.store.edit_list(id, &page).await?;
        views.extend(found.items.into_iter().map(EditView::from));
        page.after = found.next;
        if page.after.is_none() {
            return Ok(views);
        }
    }
}
