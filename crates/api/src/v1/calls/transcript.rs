//! The words of a call, in the form that is asked for.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use gametape_core::{export::TextFormat, id::CallId};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{not_ready, view::TranscriptView};
use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Json, Query},
    problem::Result,
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
}

/// The words of a call, also while they grow.
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
    let transcript = state.store.transcript_read(&id).await?;
    let transcript = transcript.ok_or_else(|| not_ready("nothing of this call is transcribed yet"))?;
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

fn vary(mut response: Response) -> Response {
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// The form that `Accept` names with the highest weight, the first of equals; JSON when it names none.
fn accepted(headers: &HeaderMap) -> Format {
    let values = headers
        .get_all(header::ACCEPT)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let mut best = (0.0, Format::Json);
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let format = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "text/vtt" => Format::Vtt,
            "application/x-subrip" | "application/srt" | "text/srt" => Format::Srt,
            "text/plain" => Format::Txt,
            "application/json" | "*/*" | "application/*" => Format::Json,
            _ => continue,
        };
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if weight > best.0 {
            best = (weight, format);
        }
    }
    best.1
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
