//! Beginning an upload.

use axum::{
    body::Body,
    extract::{Request, State},
};
use gametape_core::upload::Upload;
use gametape_store::NewUpload;
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{
    UPLOAD_DEFER_LENGTH, UPLOAD_LENGTH, checksum::Checksum, content_length, count, is_offset_stream,
    metadata::Metadata, patch::receive, standing,
};
use crate::{
    ApiState,
    auth::CurrentUser,
    problem::{Code, Problem, Result},
    quota,
    receive::{initial_hash_state, too_large},
};

/// Begins an upload; with a body, its first bytes come along.
#[utoipa::path(
    post, path = "/uploads", operation_id = "createUpload", tag = "uploads",
    params(
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = Option<i64>, Header, description = "Length of the file in bytes"),
        ("Upload-Defer-Length" = Option<i64>, Header, description = "1, when the length comes later"),
        ("Upload-Metadata" = Option<String>, Header, description = "filename and its Base64"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream",
        description = "The first bytes of the file; may be empty"),
    responses((status = 201, description = "Begun; Location says where to go on"))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    request: Request,
) -> Result<(StatusCode, HeaderMap)> {
    let (parts, body) = request.into_parts();
    let size_bytes = announced_size(&state, &parts.headers)?;
    let metadata = Metadata::from_headers(&parts.headers)?;
    let checksum = Checksum::from_headers(&parts.headers)?;
    let with_bytes = is_offset_stream(&parts.headers);
    if with_bytes {
        check_first_bytes(&state, &parts.headers, size_bytes)?;
    }

    let new = NewUpload {
        owner_id: current.viewer.user_id.clone(),
        size_bytes: size_bytes.map(|size_bytes| size_bytes as i64),
        filename: metadata.filename,
        metadata: metadata.text,
        hash_state: initial_hash_state(),
        expires_at: state.now_ms() + state.config.upload_expiry_ms,
    };
    let mut upload = state
        .store
        .upload_create(new, quota::of_person(&state.config))
        .await?;
    let location = format!("/api/v1/uploads/{}", upload.id);
    if with_bytes {
        upload = first_bytes(&state, upload, body, checksum).await?;
    }
    let mut headers = standing(&upload);
    if let Ok(location) = location.parse::<HeaderValue>() {
        headers.insert(header::LOCATION, location);
    }
    Ok((StatusCode::CREATED, headers))
}

/// Takes the bytes that came along. When they don't all arrive the upload goes again: the client never
/// learns its address, so it could not go on with it.
async fn first_bytes(
    state: &ApiState,
    upload: Upload,
    body: Body,
    checksum: Option<Checksum>,
) -> Result<Upload> {
    let id = upload.id.clone();
    match receive(state, upload, body, checksum).await {
        Ok(upload) => Ok(upload),
        Err(problem) => {
            tracing::debug!(upload.id = %id, code = ?problem.code(), "the first bytes of an upload broke off");
            state.store.upload_delete(&id).await?;
            Err(problem)
        }
    }
}

/// The length of the file, if it is known yet; an impossible one is refused before a byte is sent.
fn announced_size(state: &ApiState, headers: &HeaderMap) -> Result<Option<u64>> {
    let max_bytes = state.config.max_upload_bytes;
    match (count(headers, &UPLOAD_LENGTH)?, headers.get(UPLOAD_DEFER_LENGTH)) {
        (Some(0), None) => Err(Problem::new(Code::EmptyFile, "the file has no bytes at all")),
        (Some(size_bytes), None) if size_bytes > max_bytes => Err(too_large(max_bytes)),
        (Some(size_bytes), None) => Ok(Some(size_bytes)),
        (None, Some(value)) if value == "1" => Ok(None),
        _ => Err(Problem::new(
            Code::InvalidRequest,
            "send either Upload-Length or `Upload-Defer-Length: 1`",
        )),
    }
}

fn check_first_bytes(state: &ApiState, headers: &HeaderMap, size_bytes: Option<u64>) -> Result<()> {
    let limit_bytes = size_bytes.unwrap_or(state.config.max_upload_bytes);
    if content_length(headers) > limit_bytes {
        return Err(too_large(limit_bytes));
    }
    Ok(())
}
