//! Calls and all that hangs on one.

mod audio;
mod bounded;
mod change;
mod clip;
mod consent;
mod create;
mod details;
pub(super) mod edits;
mod events;
mod form;
mod history;
pub(super) mod hold;
mod list;
mod peaks;
pub(super) mod priority;
mod range;
mod speakers;
mod stats;
mod transcript;
pub(super) mod view;

use axum::extract::DefaultBodyLimit;
use gametape_core::{
    call::{Call, Recording},
    id::CallId,
    redact::Served,
};
use gametape_media::MediaKey;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    problem::{Code, Problem, Result},
    wrap::compressed,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(list::list, create::create).layer(compressed()))
        // Files are counted while they are received.
        .layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .merge(uploads)
        .routes(routes!(list::get, change::update, change::delete))
        .routes(routes!(change::cancel))
        .routes(routes!(change::retry))
        .routes(routes!(change::retranscribe))
        .routes(routes!(priority::put))
        .routes(routes!(events::events))
        .routes(routes!(transcript::transcript).layer(compressed()))
        .routes(routes!(transcript::versions))
        .routes(routes!(edits::correct))
        .routes(routes!(edits::list))
        .routes(routes!(edits::revert))
        .routes(routes!(audio::audio))
        .routes(routes!(peaks::peaks).layer(compressed()))
        .routes(routes!(clip::clip))
        .routes(routes!(stats::stats))
        .routes(routes!(speakers::get, speakers::put))
        .routes(routes!(history::jobs))
        .routes(routes!(hold::hold, hold::release))
        .routes(routes!(hold::retention))
}

/// The recording of a call that the caller may see.
async fn recording(state: &ApiState, current: &CurrentUser, id: &CallId) -> Result<(Call, Recording)> {
    let call = visible_call(state, current, id).await?;
    if call.recording_deleted_at.is_some() {
        return Err(Problem::new(
            Code::RecordingDeleted,
            "the recording of this call was deleted; its transcript and what was said about it are still here",
        ));
    }
    let found = match &call.recording_id {
        Some(recording_id) => state.store.recording_get(recording_id).await?,
        None => None,
    };
    let recording = found.ok_or_else(|| not_ready("the recording is still being uploaded"))?;
    Ok((call, recording))
}

/// What is heard of a recording: an object, or the parts of its upload.
struct Heard {
    /// The object; the parts may stand in for the original only.
    key: MediaKey,
    /// Whether that is the file as it was uploaded.
    original: bool,
    size_bytes: u64,
    sha256: String,
    /// As far as it is known: before the first stage nobody has looked into the file, and its name proves nothing.
    content_type: Option<String>,
    filename: String,
}

/// What is heard of the recording of a call that the caller may see: the file as it was uploaded, or the one with
/// silence where numbers are said.
async fn heard(state: &ApiState, current: &CurrentUser, id: &CallId) -> Result<(Call, Recording, Heard)> {
    let (call, recording) = recording(state, current, id).await?;
    let heard = match recording.redaction.served(call.state, state.config.redact) {
        Served::Original => Heard {
            key: MediaKey::recording_original(&recording.id),
            original: true,
            size_bytes: recording.size_bytes.max(0) as u64,
            sha256: recording.sha256.clone(),
            content_type: recording.content_type.clone(),
            filename: recording.filename.clone(),
        },
        Served::Redacted(object) => Heard {
            key: MediaKey::recording_redacted(&recording.id, object.version),
            original: false,
            size_bytes: object.size_bytes.max(0) as u64,
            sha256: object.sha256.clone(),
            content_type: Some("audio/wav".to_owned()),
            filename: as_wav(&recording.filename),
        },
        Served::NotYet => {
            return Err(not_ready(
                "numbers of cards and accounts are still looked for in this recording: it can be heard once the call is \
                 ready",
            ));
        }
    };
    Ok((call, recording, heard))
}

/// The name of a file with another kind of sound in it.
fn as_wav(filename: &str) -> String {
    let stem = filename.rsplit_once('.').map_or(filename, |(stem, _)| stem);
    format!("{}.wav", if stem.is_empty() { "recording" } else { stem })
}

fn not_ready(detail: &'static str) -> Problem {
    Problem::new(Code::NotReady, detail)
}

/// What part of a file these headers ask for.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz_range(headers: &http::HeaderMap, size_bytes: u64) {
    if let range::Wanted::Part(part) = range::wanted(headers, "\"tag\"", size_bytes) {
        assert!(
            part.start < part.end && part.end <= size_bytes,
            "{part:?} of {size_bytes}"
        );
    }
}

/// What is known of a call, as a form has it.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz_meta(bytes: &[u8]) {
    let _ = serde_json::from_slice::<create::Meta>(bytes);
}
