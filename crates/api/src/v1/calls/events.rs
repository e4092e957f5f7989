//! What happens to a call, as it happens: server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event as SseEvent, KeepAlive, Sse},
};
use futures::Stream;
use gametape_core::{
    event::{Event, EventAudience},
    id::CallId,
    policy::{self, Viewer},
};
use gametape_store::StoreError;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiState,
    access::visible_call,
    auth::CurrentUser,
    extract::{Id, Query},
    problem::{Code, Problem, Result},
};

const BATCH: i64 = 200;

/// A stream ends after this, and the client comes back by itself: so nobody goes on listening for long
/// whose session or right to see the call has ended.
const MAX_AGE: Duration = Duration::from_mins(15);

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct From {
    /// Number of the last event seen; 0 unless given, which is from the beginning.
    after: Option<i64>,
}

/// Events of a call that are for the caller, past ones first: `state`, `progress`, `segment`, `call`, `comment`,
/// `review` and `edit`, with the event's number as id. Numbers of others' events are missing.
#[utoipa::path(
    get, path = "/calls/{id}/events", operation_id = "streamCallEvents", tag = "calls",
    params(
        ("id" = String, Path, description = "Id of the call"), From,
        ("Last-Event-ID" = Option<i64>, Header, description = "As `after`; browsers send it when they come back"),
    ),
    responses((status = 200, content_type = "text/event-stream", body = String))
)]
pub(super) async fn events(
    State(state): State<ApiState>,
    current: CurrentUser,
    Id(id): Id<CallId>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<SseEvent, Infallible>>>> {
    visible_call(&state, &current, &id).await?;
    let after = match headers.get("last-event-id") {
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                Problem::new(
                    Code::InvalidRequest,
                    "Last-Event-ID must be the number of an event",
                )
            })?,
        None => from.after.unwrap_or(0),
    };
    let keep_alive = KeepAlive::new()
        .interval(Duration::from_secs(15))
        .text("keep-alive");
    Ok(Sse::new(stream(state, current.viewer, id, after)).keep_alive(keep_alive))
}

/// Whether `viewer` must not hear of others' scores just now, asked only where that matters.
async fn is_blind(
    state: &ApiState,
    viewer: &Viewer,
    id: &CallId,
    batch: &[Event],
) -> Result<bool, StoreError> {
    let is_score = |event: &Event| matches!(event.audience, EventAudience::Scores { .. });
    if batch.iter().any(is_score) {
        state.store.review_is_open(&viewer.user_id, id).await
    } else {
        Ok(false)
    }
}

/// The next events, and whether the caller must not hear of others' scores.
async fn next_batch(
    state: &ApiState,
    viewer: &Viewer,
    id: &CallId,
    after: i64,
) -> Result<(Vec<Event>, bool), StoreError> {
    let batch = state.store.events_after(id, after, BATCH).await?;
    let blind = is_blind(state, viewer, id, &batch).await?;
    Ok((batch, blind))
}

fn stream(
    state: ApiState,
    viewer: Viewer,
    id: CallId,
    mut after: i64,
) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    async_stream::stream! {
        let end = tokio::time::sleep(MAX_AGE);
        tokio::pin!(end);
        let mut listener = state.events.listen(&id);
        loop {
            match next_batch(&state, &viewer, &id, after).await {
                Ok((batch, blind)) => {
                    let full = batch.len() as i64 >= BATCH;
                    for event in batch {
                        after = event.seq;
                        if policy::may_hear_event(&viewer, &event.audience, blind) {
                            yield Ok(as_sse(&event));
                        }
                    }
                    if full {
                        continue;
                    }
                }
                // The client comes back, and by then the database may too.
                Err(error) => {
                    tracing::warn!(%error, call.id = %id, "an event stream broke off");
                    break;
                }
            }
            let goes_on = tokio::select! {
                changed = listener.changed() => changed,
                () = &mut end => false,
                () = state.shutdown.cancelled() => false,
            };
            if !goes_on {
                break;
            }
        }
    }
}

fn as_sse(event: &Event) -> SseEvent {
    SseEvent::default()
        .id(event.seq.to_string())
        .event(event.kind.as_str())
        .data(event.data.to_string())
}
