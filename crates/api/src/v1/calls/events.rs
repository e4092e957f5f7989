//! What happens to a call, as it happens: server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event as SseEvent, KeepAlive, Sse},
};
use futures::Stream;
use gametape_core::{event::Event, id::CallId};
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

/// Events of a call, past ones first: `state`, `progress`, `segment` and `call`, with the event's number as id.
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
    Ok(Sse::new(stream(state, id, after)).keep_alive(keep_alive))
}

fn stream(state: ApiState, id: CallId, mut after: i64) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    async_stream::stream! {
        let end = tokio::time::sleep(MAX_AGE);
        tokio::pin!(end);
        let mut listener = state.events.listen(&id);
        loop {
            match state.store.events_after(&id, after, BATCH).await {
                Ok(batch) => {
                    let full = batch.len() as i64 >= BATCH;
                    for event in batch {
                        after = event.seq;
                        yield Ok(as_sse(&event));
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
