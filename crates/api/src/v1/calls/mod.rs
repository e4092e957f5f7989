//! Calls and all that hangs on one.

mod audio;
mod change;
mod clip;
mod create;
mod details;
pub(super) mod edits;
mod events;
mod form;
mod history;
mod list;
mod peaks;
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
}

/// The recording of a call that the caller may see.
async fn recording(state: &ApiState, current: &CurrentUser, id: &CallId) -> Result<(Call, Recording)> {
    let call = visible_call(state, current, id).await?;
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
