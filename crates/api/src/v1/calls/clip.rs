//! A stretch of a call as a file of its own.

use std::io::{Seek, SeekFrom};

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use gametape_audio::{AudioError, Source, cut_clip};
use gametape_core::{call::Recording, id::CallId};
use gametape_media::{BlockReader, MediaError};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

use super::{Heard, audio::disposition, heard, not_ready};
use crate::{
    ApiState,
    auth::CurrentUser,
    extract::{Id, Query},
    problem::{Code, Problem, Result},
    wrap::on_thread,
};

/// Which stretch.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Stretch {
    /// Start, in milliseconds of the recording.
    start_ms: i64,
    /// End, in milliseconds of the recording.
    end_ms: i64,
}

/// A stretch of a call as a WAV file.
#[utoipa::path(
    get, path = "/calls/{id}/clip", operation_id = "getClip", tag = "calls",
    params(("id" = String, Path, description = "Id of the call"), Stretch),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>))
)]
pub(super) async fn clip(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Query(stretch): Query<Stretch>,
) -> Result<Response> {
    let (call, recording, heard) = heard(&state, &current, &id).await?;
    check(&state, &stretch, call.duration_ms)?;
    let Stretch { start_ms, end_ms } = stretch;
    let reader = reader(&state, &recording, &heard).await?;
    let filename = recording.filename.clone();
    let file = on_thread(&state.cpu, move || cut(reader, &filename, start_ms, end_ms)).await??;

    let length = file.metadata().map_err(|error| Problem::internal(&error))?.len();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let name = format!("{} {}-{}.wav", call.title, start_ms / 1_000, end_ms / 1_000);
    if let Ok(value) = disposition(&name, true).parse() {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    let body = Body::from_stream(ReaderStream::with_capacity(
        tokio::fs::File::from_std(file),
        256 * 1024,
    ));
    Ok((headers, body).into_response())
}

fn check(state: &ApiState, stretch: &Stretch, duration_ms: Option<i64>) -> Result<()> {
    let max_ms = state.config.max_clip_ms;
    if stretch.start_ms < 0 || stretch.end_ms <= stretch.start_ms {
        return Err(Problem::invalid_value(
            "start_ms must be 0 or more, and end_ms after it",
        ));
    }
    if stretch.end_ms - stretch.start_ms > max_ms {
        return Err(Problem::invalid_value(format!(
            "a clip may last {} seconds at most",
            max_ms / 1_000
        )));
    }
    if duration_ms.is_some_and(|duration_ms| stretch.start_ms >= duration_ms) {
        return Err(Problem::invalid_value("the recording ends before start_ms"));
    }
    Ok(())
}

async fn reader(state: &ApiState, recording: &Recording, heard: &Heard) -> Result<BlockReader> {
    state.media.reader(&heard.key).await.map_err(|error| match error {
        MediaError::NotFound { .. } if recording.parts_upload_id.is_some() => {
            not_ready("the parts of the upload are still being joined")
        }
        other => other.into(),
    })
}

/// Cuts the clip into a file that has no name, so that it is gone as soon as nobody reads it.
fn cut(reader: BlockReader, filename: &str, start_ms: i64, end_ms: i64) -> Result<std::fs::File> {
    let internal = |error: std::io::Error| Problem::internal(&error);
    let mut file = tempfile::tempfile().map_err(internal)?;
    let length = reader.byte_len();
    let source = Source::new(reader, length);
    cut_clip(source, Some(filename), start_ms, end_ms, &mut file).map_err(|error| unusable(&error))?;
    file.seek(SeekFrom::Start(0)).map_err(internal)?;
    Ok(file)
}

fn unusable(error: &AudioError) -> Problem {
    match error {
        AudioError::InvalidRange { .. } => Problem::new(Code::InvalidValue, error.to_string()),
        error if error.is_final() => Problem::new(Code::Recording(error.code()), error.to_string()),
        error => Problem::unavailable(error),
    }
}
