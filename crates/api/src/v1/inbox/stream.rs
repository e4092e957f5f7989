//! What happens to the caller's inbox, as it happens: server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event as SseEvent, KeepAlive, Sse},
};
use futures::Stream;
use gametape_core::policy;

use crate::{ApiState, auth::CurrentUser, problem::Result};

/// A stream ends after this, and the client comes back by itself: so nobody goes on listening for long whose
/// session has ended.
const MAX_AGE: Duration = Duration::from_mins(15);

/// What somebody may see can change without a notice; the number is looked up again after this in any case.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// Events for the caller: `inbox` with `{"unread": n}`, at once and whenever that number changes.
#[utoipa::path(
    get, path = "/events", operation_id = "streamEvents", tag = "inbox",
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
pub(super) async fn events(
    State(state): State<ApiState>,
    current: CurrentUser,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>> {
    let keep_alive = KeepAlive::new()
        .interval(Duration::from_secs(15))
        .text("keep-alive");
    Ok(Sse::new(stream(state, current)).keep_alive(keep_alive))
}

fn stream(state: ApiState, current: CurrentUser) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    async_stream::stream! {
        let end = tokio::time::sleep(MAX_AGE);
        tokio::pin!(end);
        let me = &current.viewer.user_id;
        let visible = policy::visible_calls(&current.viewer);
        let mut listener = state.inboxes.listen(me);
        let mut told = None;
        loop {
            match state.store.inbox_unread(me, &visible).await {
                Ok(unread) => {
                    if told.replace(unread) != Some(unread) {
                        let data = serde_json::json!({"unread": unread});
                        yield Ok(SseEvent::default().event("inbox").data(data.to_string()));
                    }
                }
                // The client comes back, and by then the database may too.
                Err(error) => {
                    tracing::warn!(%error, "an event stream broke off");
                    break;
                }
            }
            let goes_on = tokio::select! {
                changed = listener.changed() => changed.is_ok(),
                () = tokio::time::sleep(LOOK_AGAIN_AFTER) => true,
                () = &mut end => false,
                () = state.shutdown.cancelled() => false,
            };
            if !goes_on {
                break;
            }
        }
    }
}
