//! Making calls, of a file that comes along or of an upload.

use axum::{
    extract::{FromRequest, Multipart, Request, State},
    response::{IntoResponse, Response},
};
use gametape_core::{
    call::Call,
    id::{TeamId, UploadId, UserId},
    job::Priority,
    policy,
    upload::Upload,
    user::Scope,
};
use gametape_store::{CallDetails, NewCall, StoreError};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    bounded::{Searched, bounded},
    consent::ConsentBody,
    details::{self, DealBody, ParticipantView, VisibilityName},
    form,
    priority::{PriorityName, too_urgent},
    view::CallView,
};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::Json,
    precondition::etag,
    problem::{Code, Problem, Result},
    quota, receive, validate,
};

/// What is known about a call beside its recording.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[schema(as = CallMeta)]
#[serde(deny_unknown_fields)]
pub(crate) struct Meta {
    /// As shown in lists; the file's name unless given.
    title: Option<String>,
    /// When the conversation took place, in milliseconds since 1970.
    occurred_at: Option<i64>,
    /// Language, as a two-letter code; detected unless given.
    language: Option<String>,
    /// Model to use; the worker's default unless given.
    model: Option<String>,
    /// How soon the work on it is done; `normal` unless given. `high` is for administrators.
    priority: Option<PriorityName>,
    /// Whose team's it is: one of the caller's own. Theirs unless given, if they are in exactly one.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// Who sees it; `team` unless given, or `private` without a team.
    visibility: Option<VisibilityName>,
    /// Labels: 20 at most, of 40 characters at most.
    #[serde(default)]
    tags: Vec<String>,
    /// Who took part: 30 at most.
    #[serde(default)]
    participants: Vec<ParticipantView>,
    /// People who see it whatever its visibility is: 100 at most.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    invited: Vec<UserId>,
    /// What it is about to sell.
    deal: Option<DealBody>,
    /// What is known of consent; nothing unless given.
    consent: Option<ConsentBody>,
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
    /// How soon the work on it is done; `normal` unless given. `high` is for administrators.
    priority: Option<PriorityName>,
    /// Whose team's it is: one of the caller's own. Theirs unless given, if they are in exactly one.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// Who sees it; `team` unless given, or `private` without a team.
    visibility: Option<VisibilityName>,
    /// Labels: 20 at most, of 40 characters at most.
    #[serde(default)]
    tags: Vec<String>,
    /// Who took part: 30 at most.
    #[serde(default)]
    participants: Vec<ParticipantView>,
    /// People who see it whatever its visibility is: 100 at most.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    invited: Vec<UserId>,
    /// What it is about to sell.
    deal: Option<DealBody>,
    /// What is known of consent; nothing unless given.
    consent: Option<ConsentBody>,
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

impl From<FromUpload> for Meta {
    fn from(body: FromUpload) -> Self {
        Self {
            title: body.title,
            occurred_at: body.occurred_at,
            language: body.language,
            model: body.model,
            priority: body.priority,
            team_id: body.team_id,
            visibility: body.visibility,
            tags: body.tags,
            participants: body.participants,
            invited: body.invited,
            deal: body.deal,
            consent: body.consent,
        }
    }
}

/// The file that a call is made of.
pub(super) struct Source<'a> {
    upload_id: UploadId,
    filename: &'a str,
    /// As far as it is known.
    size_bytes: i64,
}

impl<'a> From<&'a Upload> for Source<'a> {
    fn from(upload: &'a Upload) -> Self {
        Self {
            upload_id: upload.id.clone(),
            filename: &upload.filename,
            size_bytes: upload.size_bytes.unwrap_or(upload.offset_bytes),
        }
    }
}

impl Meta {
    /// The call to make of an upload, once all values are found fit.
    pub(super) async fn into_call(
        self,
        state: &ApiState,
        current: &CurrentUser,
        source: Source<'_>,
    ) -> Result<NewCall> {
        let title = match &self.title {
            Some(title) if !title.trim().is_empty() => validate::line("title", title, 200)?,
            _ => validate::line("title", source.filename, 200).unwrap_or_else(|_| "Recording".to_owned()),
        };
        let occurred_at = self
            .occurred_at
            .map(|time| validate::time_ms("occurred_at", time))
            .transpose()?;
        let priority = self.priority.map_or(Priority::Normal, Into::into);
        if !policy::may_upload_with(&current.viewer, priority) {
            return Err(too_urgent());
        }
        Ok(NewCall {
            owner_id: current.viewer.user_id.clone(),
            title,
            occurred_at,
            language: validate::language(self.language.clone())?,
            model: validate::model(self.model.clone())?,
            priority,
            upload_id: source.upload_id,
            details: self.details(state, current, source.size_bytes).await?,
        })
    }

    async fn details(self, state: &ApiState, current: &CurrentUser, size_bytes: i64) -> Result<CallDetails> {
        let team_id = match self.team_id {
            Some(team_id) => {
                details::check_team(state, current, &team_id).await?;
                Some(team_id)
            }
            None => policy::default_team(&current.viewer),
        };
        if let Some(team_id) = &team_id {
            quota::check_team(state, team_id, size_bytes).await?;
        }
        let visibility = match self.visibility {
            Some(visibility) => visibility.into(),
            None => policy::default_visibility(team_id.as_ref()),
        };
        details::check_sharing(team_id.as_ref(), visibility)?;
        let participants = details::participants(&self.participants)?;
        let invited = details::invited(self.invited)?;
        details::check_people(state, &invited, &participants).await?;
        Ok(CallDetails {
            team_id,
            visibility,
            tags: details::tags(&self.tags)?,
            participants,
            invited,
            deal: self.deal.unwrap_or_default().into_deal()?,
            consent: self.consent.map(ConsentBody::into_new).transpose()?,
        })
    }

    /// Whether all values are fit, before a long upload is taken.
    pub(super) async fn check(&self, state: &ApiState, current: &CurrentUser) -> Result<()> {
        let copy = self.clone();
        let source = Source {
            upload_id: UploadId::new(0),
            filename: "x",
            size_bytes: 1,
        };
        copy.into_call(state, current, source).await.map(|_| ())
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
        let searched = Searched::default();
        let request = request.map(|body| bounded(body, searched.clone()));
        let multipart = Multipart::from_request(request, &())
            .await
            .map_err(|error| Problem::new(Code::InvalidRequest, error.body_text()))?;
        form::receive(&state, current, multipart, searched).await?
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
    // The upload may be gone by now.
    if let Some(call) = state.store.call_made_before().await? {
        return Ok(call);
    }
    let upload = state.store.upload_get(&body.upload_id).await?;
    let upload = upload
        .filter(|it| it.owner_id == current.viewer.user_id)
        .ok_or_else(missing)?;
    if upload.completed_at.is_none() && upload.size_bytes == Some(upload.offset_bytes) {
        // The server went down between the last byte and the end.
        receive::complete(state, &upload).await?;
    }
    let new = Meta::from(body)
        .into_call(state, current, Source::from(&upload))
        .await?;
    state.store.call_create(new).await.map_err(|error| match error {
        StoreError::NotFound { .. } => missing(),
        other => other.into(),
    })
}
