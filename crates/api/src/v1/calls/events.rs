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
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    ApiState,
    access::{still_sees, visible_call},
    auth::CurrentUser,
    extract::{Id, Query},
    open_streams::StreamPlace,
    problem::{Code, Problem, Result},
};

const BATCH: i64 = 200;

/// A stream ends after this, and the client comes back by itself. It ends earlier for whoever must not listen any
/// more: they are looked at before every batch of events, and every `look_again_ms` in any case.
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
    let place = state.open_streams.open(&current.user.id)?;
    let keep_alive = KeepAlive::new()
        .interval(Duration::from_secs(15))
        .text("keep-alive");
    Ok(Sse::new(stream(state, current, id, after, place)).keep_alive(keep_alive))
}

/// Whether `viewer` must not hear of others' scores just now, asked only where that matters.
async fn is_blind(state: &ApiState, viewer: &Viewer, id: &CallId, batch: &[Event]) -> Result<bool> {
    let is_score = |event: &Event| matches!(event.audience, EventAudience::Scores { .. });
    if batch.iter().any(is_score) {
        Ok(state.store.review_is_open(&viewer.user_id, id).await?)
    } else {
        Ok(false)
    }
}

/// What comes next on a stream.
struct Batch {
    /// Events after the last ones; there may be none.
    events: Vec<Event>,
    /// Who listens, as they stand now.
    viewer: Viewer,
    /// Whether they must not hear of others' scores.
    blind: bool,
}

/// The next events; `None` once the caller may not hear of this call any more. They are asked for first: what
/// happened before the caller lost the right to know may be told, what came after may not.
async fn next_batch(
    state: &ApiState,
    current: &CurrentUser,
    id: &CallId,
    after: i64,
) -> Result<Option<Batch>> {
    let events = state.store.events_after(id, after, BATCH).await?;
    let Some(CurrentUser { viewer, .. }) = still_sees(state, current, id).await? else {
        return Ok(None);
    };
    let blind = is_blind(state, &viewer, id, &events).await?;
    Ok(Some(Batch {
        events,
        viewer,
        blind,
    }))
}

fn stream(
    state: ApiState,
    current: CurrentUser,
    id: CallId,
    mut after: i64,
    place: StreamPlace,
) -> impl Stream<Item = Result<SseEvent, Infallible>> {
    async_stream::stream! {
        let _place = place;
        let end = tokio::time::sleep(MAX_AGE);
        tokio::pin!(end);
        let look_again = Duration::from_millis(state.config.look_again_ms);
        let mut listener = state.events.listen(&id);
        loop {
            match next_batch(&state, &current, &id, after).await {
                Ok(Some(Batch { events, viewer, blind })) => {
                    let full = events.len() as i64 >= BATCH;
                    for event in events {
                        after = event.seq;
                        if policy::may_hear_event(&viewer, &event.audience, blind) {
                            yield Ok(as_sse(&event));
                        }
                    }
                    if full {
                        continue;
                    }
                }
                Ok(None) => break,
                // The client comes back, and by then the database may too.
                Err(problem) => {
                    tracing::warn!(code = ?problem.code(), call.id = %id, "an event stream broke off");
                    break;
                }
            }
            let goes_on = tokio::select! {
                changed = listener.changed() => changed,
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

fn as_sse(event: &Event) -> SseEvent {
    SseEvent::default()
        .id(event.seq.to_string())
        .event(event.kind.as_str())
        .data(event.data.to_string())
}
