//! Corrections of a transcript.

use axum::extract::State;
use gametape_core::{
    anchor::AnchorStatus,
    edit::Edit,
    id::{CallId, EditId, SegmentId},
};
use gametape_store::Correction;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::SegmentView;
use crate::{
    ApiState,
    access::{correctable_call, visible_call},
    auth::CurrentUser,
    extract::{Id, Ids, Json, List, PageQuery, Query},
    problem::Result,
    v1::comments::AnchorStatusName,
    validate,
};

/// The longest text of a segment, in characters. Nobody says more without a pause.
const MAX_TEXT: usize = 5_000;

/// What a segment should read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CorrectSegment {
    /// Its new text, up to 5,000 characters; empty if nothing was said.
    text: String,
    /// Its text as it was read: refused with 412 if somebody changed it meanwhile.
    was: Option<String>,
}

/// A correction: words of the machine, and what somebody wrote instead.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Edit)]
pub(crate) struct EditView {
    /// Which.
    id: String,
    /// Who wrote it.
    author_id: String,
    /// Start, in milliseconds of the recording.
    start_ms: i64,
    /// End, in milliseconds of the recording.
    end_ms: i64,
    /// Channel, counted from 0.
    channel: Option<usize>,
    /// What the machine heard.
    before: String,
    /// What is to be read instead.
    after: String,
    /// How well it is tied to the transcript; one to `check` is not applied.
    status: AnchorStatusName,
    /// Whether it was taken back.
    reverted: bool,
    /// When it was taken back, in milliseconds since 1970.
    reverted_at: Option<i64>,
    /// Who took it back.
    reverted_by: Option<String>,
    /// When it was written, in milliseconds since 1970.
    created_at: i64,
}

impl From<Edit> for EditView {
    fn from(edit: Edit) -> Self {
        let (reverted_by, reverted_at) = edit.reverted.unzip();
        let status: AnchorStatus = edit.anchor.status;
        Self {
            id: edit.id.into(),
            author_id: edit.author_id.into(),
            start_ms: edit.anchor.start_ms,
            end_ms: edit.anchor.end_ms,
            channel: edit.anchor.channel,
            before: edit.anchor.quote,
            after: edit.replacement,
            status: status.into(),
            reverted: reverted_at.is_some(),
            reverted_at,
            reverted_by: reverted_by.map(Into::into),
            created_at: edit.created_at,
        }
    }
}

/// Corrects a segment. The words in which its new text differs are kept as corrections, which can be taken back
/// one by one and stay when the call is transcribed again; what the machine heard is kept, too.
#[utoipa::path(
    patch, path = "/calls/{id}/segments/{segment_id}", operation_id = "correctSegment", tag = "calls",
    params(
        ("id" = String, Path, description = "Id of the call"),
        ("segment_id" = String, Path, description = "Id of a segment of the transcript that people read"),
    ),
    request_body = CorrectSegment,
    responses((status = 200, body = SegmentView))
)]
pub(super) async fn correct(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, segment_id): Ids<CallId, SegmentId>,
    Json(body): Json<CorrectSegment>,
) -> Result<Json<SegmentView>> {
    correctable_call(&state, &current, &id).await?;
    let correction = Correction {
        author_id: current.viewer.user_id,
        text: validate::text("text", &body.text, MAX_TEXT)?,
        was: body.was,
    };
    let segment = state.store.segment_correct(&id, &segment_id, correction).await?;
    Ok(Json(segment.into()))
}

/// Corrections of a call's transcript, those that were taken back too, the oldest first.
#[utoipa::path(
    get, path = "/calls/{id}/edits", operation_id = "listEdits", tag = "calls",
    params(("id" = String, Path, description = "Id of the call"), PageQuery),
    responses((status = 200, body = List<EditView>))
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<List<EditView>>> {
    visible_call(&state, &current, &id).await?;
    let edits = state.store.edit_list(&id, &page.request()?).await?;
    Ok(Json(List::from_page(edits)))
}

/// Takes a correction back. It stays in the list.
#[utoipa::path(
    delete, path = "/calls/{id}/edits/{edit_id}", operation_id = "revertEdit", tag = "calls",
    params(
        ("id" = String, Path, description = "Id of the call"),
        ("edit_id" = String, Path, description = "Id of the correction"),
    ),
    responses((status = 204, description = "Its words read as the machine heard them"))
)]
pub(super) async fn revert(
    State(state): State<ApiState>,
    current: CurrentUser,
    Ids(id, edit_id): Ids<CallId, EditId>,
) -> Result<StatusCode> {
    correctable_call(&state, &current, &id).await?;
    state
        .store
        .edit_revert(&id, &edit_id, &current.viewer.user_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
