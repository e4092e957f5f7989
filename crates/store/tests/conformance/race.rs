//! Many at once, through two handles as two processes would be.

use std::{collections::HashSet, future::poll_fn, task::Poll};

use gametape_core::{
    call::CallState,
    id::JobId,
    job::{JobKind, JobState},
    policy::VisibleCalls,
};
use gametape_store::{CallFilter, CallPatch, Fence, JobEnd, NewPart, Store, StoreError};
use tokio::task::JoinSet;

use crate::bench::{Bench, CLI, HOUR_MS, LEASE_MS, analyzed, new_call};

crate::on_every_engine!(
    no_job_is_given_out_twice,
    one_of_many_appends_wins,
    one_of_many_calls_gets_the_upload,
    the_same_bytes_arriving_together_are_stored_once,
    cancelling_beside_a_finishing_worker_leaves_no_job,
    deleting_twins_together_leaves_no_recording,
    a_caller_who_goes_away_leaves_nothing_half_done,
);

fn handles(b: &Bench) -> impl Iterator<Item = Store> {
    [b.store.clone(), b.other.clone()].into_iter().cycle()
}

async fn no_job_is_given_out_twice(b: Bench) {
    const JOBS: usize = 60;
    let ann = b.user("ann").await;
    for i in 0..JOBS {
        b.call(&ann.id, &format!("call {i}")).await;
    }
    let mut tasks = JoinSet::new();
    for (i, store) in handles(&b).take(8).enumerate() {
        tasks.spawn(async move {
            let worker = format!("worker-{i}");
            let mut got: Vec<JobId> = Vec::new();
            while let Some(job) = store
                .job_claim(&worker, &[JobKind::CallStore], LEASE_MS)
                .await
                .unwrap()
            {
                assert_eq!(
                    (job.attempt, job.lease_owner.as_deref()),
                    (1, Some(worker.as_str()))
                );
                got.push(job.id);
            }
            got
        });
    }
    let got: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(got.len(), JOBS);
    assert_eq!(got.into_iter().collect::<HashSet<_>>().len(), JOBS);
}

async fn one_of_many_appends_wins(b: Bench) {
    let ann = b.user("ann").await;
    let id = b.upload(&ann.id, Some(100)).await;
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for (i, store) in handles(&b).take(8).enumerate() {
            let (id, expires_at) = (id.clone(), b.now() + HOUR_MS);
            tasks.spawn(async move {
                let part = NewPart {
                    media_key: format!("uploads/{id}/{round}-{i}"),
                    size_bytes: 10,
                };
                store
                    .upload_append(&id, round * 10, part, &[i as u8], expires_at)
                    .await
            });
        }
        let results = tasks.join_all().await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert!(
            results
                .iter()
                .filter_map(|r| r.as_ref().err())
                .all(|e| matches!(e, StoreError::Conflict { .. }))
        );
    }
    assert_eq!(b.store.upload_get(&id).await.unwrap().unwrap().offset_bytes, 50);
    assert_eq!(b.store.upload_parts(&id).await.unwrap().len(), 5);
}

async fn one_of_many_calls_gets_the_upload(b: Bench) {
    let ann = b.user("ann").await;
    let (upload, _) = b.complete_upload(&ann.id, "sha").await;
    let mut tasks = JoinSet::new();
    for (i, store) in handles(&b).take(8).enumerate() {
        let new = new_call(&ann.id, &format!("call {i}"), &upload);
        tasks.spawn(async move { store.call_create(new).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let page = gametape_core::page::PageRequest::default();
    let listed = b
        .store
        .call_list(&VisibleCalls::All, &CallFilter::default(), &page)
        .await
        .unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(
        b.store.job_counts().await.unwrap(),
        [(JobKind::CallStore, JobState::Queued, 1)]
    );
}

async fn the_same_bytes_arriving_together_are_stored_once(b: Bench) {
    let ann = b.user("ann").await;
    let mut tasks = JoinSet::new();
    for store in handles(&b).take(6) {
        let upload = b.upload(&ann.id, Some(10)).await;
        b.append(&upload, 0, 10).await.unwrap();
        b.call_of(&ann.id, "Talk", &upload).await;
        tasks.spawn(async move { store.upload_complete(&upload, "same").await.unwrap() });
    }
    let done = tasks.join_all().await;
    let recordings: HashSet<_> = done.iter().map(|done| done.recording.id.clone()).collect();
    assert_eq!(recordings.len(), 1);
    assert!(
        done.iter()
            .all(|done| done.call.as_ref().unwrap().state == CallState::Queued)
    );
    let originals = done
        .iter()
        .filter(|done| done.call.as_ref().unwrap().duplicate_of.is_none());
    assert_eq!(originals.count(), 1);
    assert_eq!(b.deletions().await.len(), 5);
}

async fn cancelling_beside_a_finishing_worker_leaves_no_job(b: Bench) {
    let ann = b.user("ann").await;
    for round in 0..12 {
        let call = b.call(&ann.id, &format!("call {round}")).await;
        b.store_next().await;
        let (_, fence) = b.claim(JobKind::CallAnalyze).await;
        let (one, two, id) = (b.store.clone(), b.other.clone(), call.id.clone());
        let finish = tokio::spawn(async move { one.job_finish(&fence, analyzed()).await });
        let cancel = tokio::spawn(async move { two.call_cancel(&id).await });
        let (finish, cancel) = (finish.await.unwrap(), cancel.await.unwrap());
        assert!(
            matches!(finish, Ok(()) | Err(StoreError::LeaseLost { .. })),
            "{finish:?}"
        );
        assert_eq!(cancel.unwrap().state, CallState::Cancelled);
        let history = b.store.job_history(&call.id).await.unwrap();
        let open = history
            .iter()
            .filter(|(job, _)| matches!(job.state, JobState::Queued | JobState::Running));
        assert_eq!(open.count(), 0);
        b.store.call_retry(&call.id).await.unwrap();
        b.store.call_cancel(&call.id).await.unwrap();
    }
}

async fn deleting_twins_together_leaves_no_recording(b: Bench) {
    let ann = b.user("ann").await;
    for _ in 0..6 {
        let calls = [b.call(&ann.id, "same").await, b.call(&ann.id, "same").await];
        let recording_id = calls[0].recording_id.clone().unwrap();
        // One of them is being worked on.
        let job = b
            .store
            .job_claim("w", &[JobKind::CallStore], LEASE_MS)
            .await
            .unwrap()
            .unwrap();
        let mut tasks = JoinSet::new();
        for (call, store) in calls.into_iter().zip(handles(&b)) {
            tasks.spawn(async move { store.call_delete(CLI, &call.id).await });
        }
        let (store, fence) = (b.store.clone(), Fence::of(&job, "w"));
        let finish = tokio::spawn(async move { store.job_finish(&fence, JobEnd::Stored).await });
        for result in tasks.join_all().await {
            result.unwrap();
        }
        let finish = finish.await.unwrap();
        assert!(
            matches!(finish, Ok(()) | Err(StoreError::LeaseLost { .. })),
            "{finish:?}"
        );
        assert_eq!(b.store.recording_get(&recording_id).await.unwrap(), None);
        b.clock.advance_ms(LEASE_MS + 1_000);
        assert!(
            b.deletions()
                .await
                .contains(&format!("recordings/{recording_id}"))
        );
    }
}

/// A browser that closes its connection drops the function it waits for, wherever that stands.
async fn a_caller_who_goes_away_leaves_nothing_half_done(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    let mut finished = 0;
    for patience in 1..60 {
        let mut update = Box::pin(b.other.call_update(CLI, &call.id, CallPatch::default()));
        let mut polls = 0;
        let outcome = poll_fn(|context| {
            polls += 1;
            if polls > patience {
                Poll::Ready(None)
            } else {
                update.as_mut().poll(context).map(Some)
            }
        })
        .await;
        finished += i64::from(outcome.is_some_and(|result| result.is_ok()));
    }
    assert!(
        (1..59).contains(&finished),
        "{finished} of 59 updates were waited for"
    );
    b.store
        .call_update(CLI, &call.id, CallPatch::default())
        .await
        .unwrap();
    let last = b.store.event_last_seq(&call.id).await.unwrap();
    let events = b.store.events_after(&call.id, 0, 1_000).await.unwrap();
    assert_eq!(
        events.iter().map(|event| event.seq).collect::<Vec<_>>(),
        (1..=last).collect::<Vec<_>>()
    );
}
