//! Making calls, of a file that comes along or of an upload.

use axum::{
    extract::{FromRequest, Multipart, Request, State},
    response::{IntoResponse, Response},
};
use gametape_core::{call::Call, id::UploadId, user::Scope};
use gametape_store::{NewCall, StoreError};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{form, view::CallView};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::Json,
    precondition::etag,
    problem::{Code, Problem, Result},
    receive, validate,
};

/// What is known about a call beside its recording.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = CallMeta)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Meta {
    /// As shown in lists; the file's name unless given.
    title: Option<String>,
    /// When the conversation took place, in milliseconds since 1970.
    occurred_at: Option<i64>,
    /// Language, as a two-letter code; detected unless given.
    language: Option<String>,
    /// Model to use; the worker's default unless given.
    model: Option<String>,
}

/// A call to make of an upload.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CreateCall)]
#[serde(deny_unknown_fields)]
struct FromUpload {
    /// The upload; it need not be complete yet.
    #[schema(value_type = String)]
    upload_id: UploadId,
    /// As shown in lists; the file's name unless given.
    title: Option<String>,
    /// When the conversation took place, in milliseconds since 1970.
    occurred_at: Option<i64>,
    /// Language, as a two-letter code; detected unless given.
    language: Option<String>,
    /// Model to use; the worker's default unless given.
    model: Option<String>,
}

/// A call to make of a file.
#[derive(ToSchema)]
#[schema(as = UploadCall)]
#[expect(dead_code, reason = "only its schema is used")]
struct Form {
    /// The recording, audio or video.
    #[schema(format = Binary, content_media_type = "application/octet-stream")]
    file: String,
    /// What is known about it, as JSON.
    meta: Option<Meta>,
}

impl Meta {
    /// The call to make of an upload, once all values are found fit.
    pub(super) fn into_call(
        self,
        current: &CurrentUser,
        upload_id: UploadId,
        filename: &str,
    ) -> Result<NewCall> {
        let title = match &self.title {
            Some(title) if !title.trim().is_empty() => validate::line("title", title, 200)?,
            _ => validate::line("title", filename, 200).unwrap_or_else(|_| "Recording".to_owned()),
        };
        let occurred_at = self
            .occurred_at
            .map(|time| validate::time_ms("occurred_at", time))
            .transpose()?;
        Ok(NewCall {
            owner_id: current.viewer.user_id.clone(),
            title,
            occurred_at,
            language: validate::language(self.language)?,
            model: validate::model(self.model)?,
            upload_id,
        })
    }

    /// Whether all values are fit, before a long upload is taken.
    pub(super) fn check(&self, current: &CurrentUser) -> Result<()> {
        let copy = Self {
            title: self.title.clone(),
            occurred_at: self.occurred_at,
            language: self.language.clone(),
            model: self.model.clone(),
        };
        copy.into_call(current, UploadId::new(0), "x").map(|_| ())
    }
}

/// Makes a call, of a `file` in a form or of an upload.
#[utoipa::path(
    post, path = "/calls", operation_id = "createCall", tag = "calls",
    request_body(content(
        (Form = "multipart/form-data"),
        (FromUpload = "application/json"),
    )),
    responses((status = 201, body = CallView, description = "Made; Location says where it is"))
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    current: CurrentUser,
    request: Request,
) -> Result<Response> {
    debug_assert!(current.credential.covers(Scope::Write), "the router checks it");
    let call = if is_form(request.headers()) {
        form::check_length(&state, request.headers())?;
        let multipart = Multipart::from_request(request, &())
            .await
            .map_err(|error| Problem::new(Code::InvalidRequest, error.body_text()))?;
        form::receive(&state, current, multipart).await?
    } else {
        let Json(body) = Json::<FromUpload>::from_request(limited(request), &()).await?;
        of_upload(&state, &current, body).await?
    };
    let mut headers = HeaderMap::new();
    if let Ok(location) = format!("/api/v1/calls/{}", call.id).parse() {
        headers.insert(header::LOCATION, location);
    }
    if let Some(etag) = etag(call.updated_at) {
        headers.insert(header::ETAG, etag);
    }
    Ok((StatusCode::CREATED, headers, Json(CallView::from(call))).into_response())
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| {
        text.trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    })
}

/// This route takes bodies of any size, for files; JSON is not one.
fn limited(request: Request) -> Request {
    request.map(|body| axum::body::Body::new(http_body_util::Limited::new(body, 64 * 1024)))
}

async fn of_upload(state: &ApiState, current: &CurrentUser, body: FromUpload) -> Result<Call> {
    let missing = || Problem::not_found("upload");
    let upload = state.store.upload_get(&body.upload_id).await?;
    let upload = upload
        .filter(|it| it.owner_id == current.viewer.user_id)
        .ok_or_else(missing)?;
    if upload.completed_at.is_none() && upload.size_bytes == Some(upload.offset_bytes) {
        // The server went down between the last byte and the end.
        receive::complete(state, &upload).await?;
    }
    let meta = Meta {
        title: body.title,
        occurred_at: body.occurred_at,
        language: body.language,
        model: body.model,
    };
    let new = meta.into_call(current, upload.id, &upload.filename)?;
    state.store.call_create(new).await.map_err(|error| match error {
        StoreError::NotFound { .. } => missing(),
        other => other.into(),
    })
}
