//! What happens to the caller's inbox, as it happens: server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event as SseEvent, KeepAlive, Sse},
};
use futures::Stream;
use gametape_core::policy;

use crate::{ApiState, auth::CurrentUser, open_streams::StreamPlace, problem::Result};

/// A stream ends after this, and the client comes back by itself. What somebody may see can change without a
/// notice, and so can whether they are let in: both are looked up every `look_again_ms` in any case.
const MAX_AGE: Duration = Duration::from_mins(15);

/// Events for the caller: `inbox` with `{"unread": n}`, at once and whenever that number changes.
#[utoipa::path(
    get, path = "/events", operation_id = "streamEvents", tag = "inbox",
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
pub(super) async fn events(
    State(state): State<ApiState>,
    current: CurrentUser,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>> {
    let place = state.open_streams.open(&current.user.id)?;
    let keep_alive = KeepAlive::new()
        .interval(Duration::from_secs(15))
        .text("keep-alive");
    Ok(Sse::new(stream(state, current, place)).keep_alive(keep_alive))
}

/// How many notices the caller has not read; `None` once they are not let in any more.
async fn unread(state: &ApiState, current: &CurrentUser) -> Result<Option<i64>> {
    let Some(CurrentUser { viewer, .. }) = current.again(state).await? else {
        return Ok(None);
    };
    let visible = policy::visible_calls(&viewer);
    Ok(Some(state.store.inbox_unread(&viewer.user_id, &visible).await?))
}

fn stream(
    state: ApiState,
    current: CurrentUser,
    place: StreamPlace,
) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    async_stream::stream! {
        let _place = place;
        let end = tokio::time::sleep(MAX_AGE);
        tokio::pin!(end);
        let look_again = Duration::from_millis(state.config.look_again_ms);
        let mut listener = state.inboxes.listen(&current.viewer.user_id);
        let mut told = None;
        loop {
            match unread(&state, &current).await {
                Ok(Some(unread)) => {
                    if told.replace(unread) != Some(unread) {
                        let data = serde_json::json!({"unread": unread});
                        yield Ok(SseEvent::default().event("inbox").data(data.to_string()));
                    }
                }
                Ok(None) => break,
                // The client comes back, and by then the database may too.
                Err(problem) => {
                    tracing::warn!(code = ?problem.code(), "an event stream broke off");
                    break;
                }
            }
            let goes_on = tokio::select! {
                changed = listener.changed() => changed.is_ok(),
                () = tokio::time::sleep(look_again) => true,
                () = &mut end => false,
                () = state.shutdown.cancelled() => false,
            };
            if !goes_on {
                break;
            }
        }
    }
}
