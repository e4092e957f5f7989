use gametape_core::{event::EventKind, id::CallId, job::JobKind};
use gametape_store::{CallPatch, JobEnd};
use serde_json::json;

use crate::bench::{Bench, CLI, progress, published, segment, windows};

crate::on_every_engine!(
    events_tell_the_way_of_a_call,
    the_words_stay_and_the_way_is_forgotten,
    events_are_read_on_from_any_number,
    numbers_have_no_gaps_whoever_writes,
);

async fn kinds(b: &Bench, id: &CallId, after: i64) -> Vec<(i64, &'static str)> {
    let events = b.store.events_after(id, after, 1_000).await.unwrap();
    events
        .iter()
        .map(|event| (event.seq, event.kind.as_str()))
        .collect()
}

async fn events_tell_the_way_of_a_call(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let events = b.store.events_after(&call.id, 0, 10).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(
        (events[0].seq, events[0].kind, events[0].created_at),
        (1, EventKind::State, b.now())
    );
    assert_eq!(events[0].data, json!({"state": "queued", "problem": null}));
    b.store_next().await;
    // Claimed: processing, and the stage; finished: read the call again.
    assert_eq!(
        kinds(&b, &call.id, 1).await,
        [(2, "state"), (3, "progress"), (4, "call")]
    );
}

async fn the_words_stay_and_the_way_is_forgotten(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store_next().await;
    b.analyze_next().await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&fence, &call.id, "m", None, windows(1))
        .await
        .unwrap();
    let last = b.store.event_last_seq(&call.id).await.unwrap();
    let segments = [segment(0, 0, "One."), segment(1_000, 1, "Two.")];
    let written = b
        .store
        .transcript_append(
            &fence,
            &begun.transcript_id,
            0,
            Some("en"),
            &segments,
            &progress(40.0),
        )
        .await
        .unwrap();
    let events = b.store.events_after(&call.id, last, 10).await.unwrap();
    let seen: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(
        seen,
        [EventKind::Segment, EventKind::Segment, EventKind::Progress]
    );
    assert_eq!(events[1].data, serde_json::to_value(&written[1]).unwrap());
    assert_eq!(
        events[2].data,
        json!({"stage": "transcribe", "percent": 40.0, "eta_ms": 1_000})
    );
    b.store
        .job_finish(&fence, JobEnd::Transcribed { language: None })
        .await
        .unwrap();
    let (_, fence) = b.claim(JobKind::CallPublish).await;
    b.store.job_finish(&fence, published()).await.unwrap();
    let last = b.store.event_last_seq(&call.id).await.unwrap();
    let events = b.store.events_after(&call.id, 0, 1_000).await.unwrap();
    let ready = events.last().unwrap();
    assert_eq!(
        (ready.seq, &ready.data),
        (last, &json!({"state": "ready", "problem": null}))
    );
    assert!(events.iter().all(|event| event.kind != EventKind::Progress));
    assert_eq!(
        events
            .iter()
            .filter(|event| event.kind == EventKind::Segment)
            .count(),
        2
    );
}

async fn events_are_read_on_from_any_number(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    for _ in 0..5 {
        b.store
            .call_update(CLI, &call.id, CallPatch::default())
            .await
            .unwrap();
    }
    assert_eq!(b.store.event_last_seq(&call.id).await.unwrap(), 6);
    assert_eq!(kinds(&b, &call.id, 4).await, [(5, "call"), (6, "call")]);
    let some = b.store.events_after(&call.id, 1, 2).await.unwrap();
    assert_eq!(some.iter().map(|event| event.seq).collect::<Vec<_>>(), [2, 3]);
    assert!(b.store.events_after(&call.id, 6, 10).await.unwrap().is_empty());
    assert!(b.store.events_after(&call.id, 0, -1).await.unwrap().is_empty());
    assert!(
        b.store
            .events_after(&CallId::new(1), 0, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn numbers_have_no_gaps_whoever_writes(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let (_, fence) = b.claim(JobKind::CallStore).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let (store, id, fence) = (
            if task % 2 == 0 { &b.store } else { &b.other }.clone(),
            call.id.clone(),
            fence.clone(),
        );
        tasks.spawn(async move {
            for i in 0..10 {
                if task < 2 {
                    store.job_progress(&fence, &progress(f64::from(i))).await.unwrap();
                } else {
                    store.call_update(CLI, &id, CallPatch::default()).await.unwrap();
                }
            }
        });
    }
    tasks.join_all().await;
    let seen: Vec<_> = kinds(&b, &call.id, 0)
        .await
        .into_iter()
        .map(|(seq, _)| seq)
        .collect();
    assert_eq!(seen, (1..=83).collect::<Vec<_>>());
}
