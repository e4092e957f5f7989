//! What the server can do, where an upload stands, and its end.

use axum::extract::State;
use gametape_core::id::UploadId;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{
    EXTENSIONS, TUS_CHECKSUM_ALGORITHM, TUS_EXTENSION, TUS_MAX_SIZE, TUS_VERSION, UPLOAD_DEFER_LENGTH,
    UPLOAD_LENGTH, UPLOAD_METADATA, VERSION, checksum, own_upload, standing,
};
use crate::{ApiState, auth::CurrentUser, extract::Id, problem::Result, receive};

/// What this server can do, as tus headers.
#[utoipa::path(
    options, path = "/uploads", operation_id = "describeUploads", tag = "uploads",
    responses((status = 204, description = "Versions, extensions and the largest size, in headers"))
)]
pub(super) async fn options(State(state): State<ApiState>) -> (StatusCode, HeaderMap) {
    let mut headers = HeaderMap::new();
    headers.insert(TUS_VERSION, HeaderValue::from_static(VERSION));
    headers.insert(TUS_EXTENSION, HeaderValue::from_static(EXTENSIONS));
    headers.insert(TUS_MAX_SIZE, HeaderValue::from(state.config.max_upload_bytes));
    headers.insert(
        TUS_CHECKSUM_ALGORITHM,
        HeaderValue::from_static(checksum::ALGORITHMS),
    );
    (StatusCode::NO_CONTENT, headers)
}

/// Where an upload stands.
#[utoipa::path(
    head, path = "/uploads/{id}", operation_id = "getUpload", tag = "uploads",
    params(("id" = String, Path, description = "Id of the upload")),
    responses((status = 200, description = "Offset, length and expiry, in headers"))
)]
pub(super) async fn head(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<UploadId>,
) -> Result<(StatusCode, HeaderMap)> {
    let upload = own_upload(&state, &current, &id).await?;
    if upload.completed_at.is_none() && upload.size_bytes == Some(upload.offset_bytes) {
        // The server went down between the last byte and the end; a client that asks here would take the
        // upload for done and never send anything again.
        receive::complete(&state, &upload).await?;
    }
    let mut headers = standing(&upload);
    match upload.size_bytes {
        Some(size_bytes) => headers.insert(UPLOAD_LENGTH, HeaderValue::from(size_bytes)),
        None => headers.insert(UPLOAD_DEFER_LENGTH, HeaderValue::from_static("1")),
    };
    if !upload.metadata.is_empty()
        && let Ok(metadata) = upload.metadata.parse()
    {
        headers.insert(UPLOAD_METADATA, metadata);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::OK, headers))
}

/// Throws an upload away.
#[utoipa::path(
    delete, path = "/uploads/{id}", operation_id = "deleteUpload", tag = "uploads",
    params(("id" = String, Path, description = "Id of the upload")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn terminate(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<UploadId>,
) -> Result<StatusCode> {
    terminate_upload(&state, &current, &id).await
}

pub(super) async fn terminate_upload(
    state: &ApiState,
    current: &CurrentUser,
    id: &UploadId,
) -> Result<StatusCode> {
    own_upload(state, current, id).await?;
    state.store.upload_delete(id).await?;
    Ok(StatusCode::NO_CONTENT)
}
