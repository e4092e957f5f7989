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
};
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
