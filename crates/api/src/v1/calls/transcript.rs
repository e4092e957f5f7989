//! The words of a call, in the form that is asked for.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use gametape_core::{export::TextFormat, id::CallId};
use gametape_store::TranscriptInfo;
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{not_ready, view::TranscriptView};
use crate::{
    ApiState,
    accept::preferred,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json, List, Query},
    problem::{Problem, Result},
};

/// A form of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// With all times and confidences.
    Json,
    /// `WebVTT`.
    Vtt,
    /// `SubRip`.
    Srt,
    /// Plain text.
    Txt,
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Form; what Accept says unless given.
    #[param(inline)]
    format: Option<Format>,
    /// As the machine heard it, without people's corrections.
    machine: Option<bool>,
    /// A version, as the machine heard it; the one that people read unless given.
    version: Option<i64>,
}

/// A version of the words of a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranscriptVersion)]
pub(super) struct VersionView {
    /// Its number, from 1.
    version: i64,
    /// Model that made it.
    model: String,
    /// Its language, as a two-letter code, once known.
    language: Option<String>,
    /// Whether no more segments are to come.
    complete: bool,
    /// Whether it is the one that people read.
    current: bool,
    /// When it was begun, in milliseconds since 1970.
    created_at: i64,
}

/// The words of a call with people's corrections, also while they grow.
#[utoipa::path(
    get, path = "/calls/{id}/transcript", operation_id = "getTranscript", tag = "calls",
    params(
        ("id" = String, Path, description = "Id of the call"), Wanted,
        ("Accept" = Option<String>, Header, description = "application/json, text/vtt, application/x-subrip or text/plain"),
    ),
    responses((status = 200, content(
        (TranscriptView = "application/json"), (String = "text/vtt"),
        (String = "application/x-subrip"), (String = "text/plain"),
    )))
)]
pub(super) async fn transcript(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response> {
    visible_call(&state, &current, &id).await?;
    let transcript = if let Some(version) = wanted.version {
        let transcript = state.store.transcript_read_version(&id, version).await?;
        transcript.ok_or_else(|| Problem::not_found("version"))?
    } else {
        let transcript = if wanted.machine == Some(true) {
            state.store.transcript_read_machine(&id).await?
        } else {
            state.store.transcript_read(&id).await?
        };
        transcript.ok_or_else(|| not_ready("nothing of this call is transcribed yet"))?
    };
    let format = match wanted.format.unwrap_or_else(|| accepted(&headers)) {
        Format::Json => return Ok(vary(Json(TranscriptView::from(transcript)).into_response())),
        Format::Vtt => TextFormat::Vtt,
        Format::Srt => TextFormat::Srt,
        Format::Txt => TextFormat::Txt,
    };
    let mut response = format.render(&transcript).into_response();
    if let Ok(content_type) = format!("{}; charset=utf-8", format.media_type()).parse() {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    Ok(vary(response))
}

/// The versions of a call's transcript, the oldest first.
#[utoipa::path(
    get, path = "/calls/{id}/transcript/versions", operation_id = "listTranscriptVersions", tag = "calls",
    params(("id" = String, Path, description = "Id of the call")),
    responses((status = 200, body = List<VersionView>))
)]
pub(super) async fn versions(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
) -> Result<Json<List<VersionView>>> {
    let call = visible_call(&state, &current, &id).await?;
    let versions = state.store.transcript_versions(&id).await?;
    let view = |info: TranscriptInfo| VersionView {
        current: call.transcript_id.as_ref() == Some(&info.id),
        version: info.version,
        model: info.model,
        language: info.language,
        complete: info.complete,
        created_at: info.created_at,
    };
    Ok(Json(List::whole(versions.into_iter().map(view).collect())))
}

fn vary(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The form that `Accept` names.
fn accepted(headers: &HeaderMap) -> Format {
    let offered = [
        ("text/vtt", Format::Vtt),
        ("application/x-subrip", Format::Srt),
        ("application/srt", Format::Srt),
        ("text/srt", Format::Srt),
        ("text/plain", Format::Txt),
    ];
    preferred(headers, &offered, Format::Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(accept: &str) -> Format {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        accepted(&headers)
    }

    #[test]
    fn the_accept_header_chooses() {
        assert_eq!(accepted(&HeaderMap::new()), Format::Json);
        assert_eq!(format("*/*"), Format::Json);
        assert_eq!(format("text/html,application/xhtml+xml,*/*;q=0.8"), Format::Json);
        assert_eq!(format("text/vtt"), Format::Vtt);
        assert_eq!(format("Application/X-SubRip"), Format::Srt);
        assert_eq!(format("application/json;q=0.5, text/plain"), Format::Txt);
        assert_eq!(format("text/plain;q=0.1, text/vtt;q=0.9, */*;q=0.2"), Format::Vtt);
        assert_eq!(format("text/plain;q=x"), Format::Json);
    }
}
