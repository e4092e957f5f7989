//! Adding bytes to an upload.

use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use gametape_core::{id::UploadId, upload::Upload};
use http::{HeaderMap, StatusCode};

use super::{
    UPLOAD_LENGTH, UPLOAD_OFFSET, checksum::Checksum, content_length, count, is_offset_stream, own_upload,
    standing, status::terminate_upload,
};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::Id,
    problem::{Code, Problem, Result},
    quota,
    receive::{self, Receiver, receive_body, too_large},
};

/// Adds bytes at the offset where the upload stands.
#[utoipa::path(
    patch, path = "/uploads/{id}", operation_id = "appendUpload", tag = "uploads",
    params(
        ("id" = String, Path, description = "Id of the upload"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = i64, Header, description = "Where these bytes belong"),
        ("Upload-Length" = Option<i64>, Header, description = "Length of the file, if it was deferred"),
        ("Upload-Checksum" = Option<String>, Header, description = "sha1, sha256 or md5, and Base64"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Taken; Upload-Offset says how far the upload is"),
        (status = 460, description = "The checksum does not match; nothing was taken", body = crate::problem::ProblemView, content_type = "application/problem+json"),
    )
)]
pub(super) async fn patch(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<UploadId>,
    request: Request,
) -> Result<(StatusCode, HeaderMap)> {
    append(&state, &current, &id, request).await
}

/// PATCH or DELETE for clients behind proxies that only pass POST on, by `X-HTTP-Method-Override`.
#[utoipa::path(
    post, path = "/uploads/{id}", operation_id = "appendUploadByPost", tag = "uploads",
    params(
        ("id" = String, Path, description = "Id of the upload"),
        ("X-HTTP-Method-Override" = String, Header, description = "PATCH or DELETE"),
    ),
    responses((status = 204, description = "As PATCH or DELETE"))
)]
pub(super) async fn post_override(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<UploadId>,
    request: Request,
) -> Result<Response> {
    let method = request
        .headers()
        .get("x-http-method-override")
        .and_then(|value| value.to_str().ok());
    match method {
        Some("PATCH") => Ok(append(&state, &current, &id, request).await?.into_response()),
        Some("DELETE") => Ok(terminate_upload(&state, &current, &id).await?.into_response()),
        _ => Err(Problem::new(
            Code::MethodNotAllowed,
            "send PATCH, or X-HTTP-Method-Override: PATCH",
        )),
    }
}

async fn append(
    state: &ApiState,
    current: &CurrentUser,
    id: &UploadId,
    request: Request,
) -> Result<(StatusCode, HeaderMap)> {
    let (parts, body) = request.into_parts();
    let headers = &parts.headers;
    if !is_offset_stream(headers) {
        return Err(Problem::new(
            Code::UnsupportedMediaType,
            "the content type must be application/offset+octet-stream",
        ));
    }
    let offset_bytes = count(headers, &UPLOAD_OFFSET)?
        .ok_or_else(|| Problem::new(Code::InvalidRequest, "Upload-Offset is missing"))?;
    let checksum = Checksum::from_headers(headers)?;
    let mut upload = own_upload(state, current, id).await?;
    if offset_bytes != upload.offset_bytes as u64 {
        let detail = format!("the upload stands at {}", upload.offset_bytes);
        return Err(Problem::new(Code::OffsetMismatch, detail));
    }
    if let Some(size_bytes) = count(headers, &UPLOAD_LENGTH)? {
        upload = set_size(state, upload, size_bytes).await?;
    }
    let limit_bytes = upload
        .size_bytes
        .map_or(state.config.max_upload_bytes, |size| size as u64);
    if offset_bytes.saturating_add(content_length(headers)) > limit_bytes {
        return Err(too_large(limit_bytes));
    }
    let upload = receive(state, upload, body, checksum).await?;
    Ok((StatusCode::NO_CONTENT, standing(&upload)))
}

/// Says how long the file is, which the client left open when it began.
async fn set_size(state: &ApiState, upload: Upload, size_bytes: u64) -> Result<Upload> {
    if size_bytes == 0 {
        return Err(Problem::new(Code::EmptyFile, "the file has no bytes at all"));
    }
    if size_bytes > state.config.max_upload_bytes {
        return Err(too_large(state.config.max_upload_bytes));
    }
    if upload.size_bytes.is_none() {
        let more_bytes = (size_bytes as i64).saturating_sub(upload.offset_bytes);
        quota::check_person(state, &upload.owner_id, more_bytes).await?;
    }
    Ok(state.store.upload_set_size(&upload.id, size_bytes as i64).await?)
}

/// Takes a body at the upload's offset, and makes a recording of it when it was the last.
pub(super) async fn receive(
    state: &ApiState,
    upload: Upload,
    body: Body,
    checksum: Option<Checksum>,
) -> Result<Upload> {
    if upload.completed_at.is_some() {
        // Its length is reached, so there can be no bytes to take.
        return Ok(upload);
    }
    let receiver = Receiver::resume(state, upload).await?;
    let receiver = receive_body(receiver, body, checksum).await?;
    let upload = receiver.upload().clone();
    if receiver.is_whole() {
        receive::complete(state, &upload).await?;
        return Ok(state.store.upload_get(&upload.id).await?.unwrap_or(upload));
    }
    Ok(upload)
}
