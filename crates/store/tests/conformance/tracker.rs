use gametape_core::{
    id::{CallId, TrackerId, UserId},
    job::Priority,
    page::PageRequest,
    policy::VisibleCalls,
    tracker::Tracker,
    transcript::{Speaker, SpeakerRole},
};
use gametape_store::{NewTracker, StoreError, TrackerPatch};

use crate::bench::{Bench, CLI, MINUTE_MS, assert_not_found, segment};

crate::on_every_engine!(
    an_installation_begins_with_trackers,
    new_calls_are_marked_when_they_are_ready,
    old_calls_are_marked_bit_by_bit,
    a_tracker_is_changed_by_one_at_a_time,
    hits_follow_the_transcript_and_the_speakers,
    hits_are_for_those_who_see_the_call,
    several_processes_share_the_work,
);

async fn make(bench: &Bench, by: &UserId, phrases: &[&str], role: Option<SpeakerRole>) -> Tracker {
    let new = NewTracker {
        title: "Fruit".to_owned(),
        description: "Names of fruit.".to_owned(),
        phrases: phrases.iter().map(|phrase| (*phrase).to_owned()).collect(),
        speaker_role: role,
    };
    bench.store.tracker_create(by, new).await.unwrap()
}

async fn scan(bench: &Bench) {
    while bench.store.tracker_scan_next(2).await.unwrap() {}
}

/// Where a tracker found what in a call.
async fn hits(bench: &Bench, call: &CallId, id: &TrackerId) -> Vec<(String, i64, i64)> {
    let hits = bench.store.tracker_hits_of_call(call).await.unwrap();
    hits.into_iter()
        .filter(|hit| hit.tracker_id == *id)
        .map(|hit| (hit.phrase, hit.start_ms, hit.end_ms))
        .collect()
}

fn hit(phrase: &str, start_ms: i64, end_ms: i64) -> (String, i64, i64) {
    (phrase.to_owned(), start_ms, end_ms)
}

async fn an_installation_begins_with_trackers(bench: Bench) {
    let before = bench.store.tracker_list().await.unwrap();
    assert!(before.len() >= 8);
    // Again, and by two at once: nothing is made twice, and what was deleted stays so.
    bench.store.tracker_delete(&before[0].id, None).await.unwrap();
    let (one, two) = tokio::join!(bench.store.migrate(), bench.other.migrate());
    one.unwrap();
    two.unwrap();
    assert_eq!(bench.store.tracker_list().await.unwrap(), before[1..]);

    let ann = bench.user("ann").await;
    let said = [segment(0, 1, "The price is much higher than we expected.")];
    let call = bench.call_saying(&ann.id, "A", &said).await.id;
    let found = bench.store.tracker_hits_of_call(&call).await.unwrap();
    let price = before
        .iter()
        .find(|tracker| tracker.title == "Price objection")
        .unwrap();
    assert!(
        price.id == before[0].id || found.iter().any(|hit| hit.tracker_id == price.id),
        "{found:?}"
    );
    assert!(found.iter().all(|hit| hit.tracker_id != before[0].id));
}

async fn new_calls_are_marked_when_they_are_ready(bench: Bench) {
    let ann = bench.user("ann").await;
    let fruit = make(&bench, &ann.id, &["apple", "red app*"], None).await;
    let said = [
        segment(0, 0, "An apple, red apples."),
        segment(5_000, 1, "Apple! Pineapple."),
    ];
    let call = bench.call_saying(&ann.id, "A", &said).await.id;
    assert_eq!(
        hits(&bench, &call, &fruit.id).await,
        [
            hit("apple", 100, 190),
            hit("red app*", 200, 390),
            hit("apple", 5_000, 5_090)
        ]
    );
}

async fn old_calls_are_marked_bit_by_bit(bench: Bench) {
    let ann = bench.user("ann").await;
    scan(&bench).await;
    let mut calls = Vec::new();
    for title in ["A", "B", "C"] {
        calls.push(
            bench
                .call_saying(&ann.id, title, &[segment(0, 0, "One apple.")])
                .await
                .id,
        );
    }
    bench.call(&ann.id, "without words").await;
    let fruit = make(&bench, &ann.id, &["apple"], None).await;
    assert!(hits(&bench, &calls[0], &fruit.id).await.is_empty());
    assert!(bench.store.tracker_scan_next(2).await.unwrap());
    assert!(!bench.store.tracker_scan_next(2).await.unwrap());
    assert!(!bench.store.tracker_scan_next(2).await.unwrap());
    for call in &calls {
        assert_eq!(hits(&bench, call, &fruit.id).await, [hit("apple", 100, 190)]);
    }
}

async fn a_tracker_is_changed_by_one_at_a_time(bench: Bench) {
    let ann = bench.user("ann").await;
    let call = bench
        .call_saying(&ann.id, "A", &[segment(0, 0, "Apple and pear.")])
        .await
        .id;
    let fruit = make(&bench, &ann.id, &["apple"], None).await;
    scan(&bench).await;
    assert_eq!((fruit.version, fruit.disabled_at), (1, None));

    let phrases = |phrases: &[&str]| TrackerPatch {
        phrases: Some(phrases.iter().map(|phrase| (*phrase).to_owned()).collect()),
        ..TrackerPatch::default()
    };
    let changed = bench
        .store
        .tracker_update(&fruit.id, phrases(&["pear\0"]), Some(1))
        .await
        .unwrap();
    assert_eq!((changed.version, changed.title.as_str()), (2, "Fruit"));
    assert_eq!(
        bench.store.tracker_get(&fruit.id).await.unwrap().unwrap(),
        changed
    );
    let stale = bench
        .store
        .tracker_update(&fruit.id, phrases(&["fig"]), Some(1))
        .await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    scan(&bench).await;
    assert_eq!(hits(&bench, &call, &fruit.id).await.len(), 1);

    let enabled = |enabled| TrackerPatch {
        enabled: Some(enabled),
        ..TrackerPatch::default()
    };
    let off = bench
        .store
        .tracker_update(&fruit.id, enabled(false), None)
        .await
        .unwrap();
    assert_eq!(off.disabled_at, Some(bench.now()));
    assert!(hits(&bench, &call, &fruit.id).await.is_empty());
    let on = bench
        .store
        .tracker_update(&fruit.id, enabled(true), None)
        .await
        .unwrap();
    assert_eq!(on.disabled_at, None);
    scan(&bench).await;
    assert_eq!(hits(&bench, &call, &fruit.id).await.len(), 1);

    let stale = bench.store.tracker_delete(&fruit.id, Some(1)).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    bench
        .store
        .tracker_delete(&fruit.id, Some(on.version))
        .await
        .unwrap();
    assert!(hits(&bench, &call, &fruit.id).await.is_empty());
    assert!(bench.store.tracker_get(&fruit.id).await.unwrap().is_none());
    assert_not_found(bench.store.tracker_delete(&fruit.id, None).await);
    assert_not_found(
        bench
            .store
            .tracker_update(&fruit.id, enabled(true), Some(1))
            .await,
    );
}

async fn hits_follow_the_transcript_and_the_speakers(bench: Bench) {
    let ann = bench.user("ann").await;
    let fruit = make(&bench, &ann.id, &["apple"], Some(SpeakerRole::Customer)).await;
    let said = [segment(0, 0, "Apple."), segment(1_000, 1, "Apple.")];
    let call = bench.call_saying(&ann.id, "A", &said).await.id;
    assert_eq!(hits(&bench, &call, &fruit.id).await, [hit("apple", 1_000, 1_090)]);
    for (channel, role) in [(0, SpeakerRole::Customer), (1, SpeakerRole::Rep)] {
        let speaker = Speaker {
            role,
            name: "Somebody".to_owned(),
        };
        bench
            .store
            .call_set_speaker(&call, channel, speaker)
            .await
            .unwrap();
    }
    scan(&bench).await;
    assert_eq!(hits(&bench, &call, &fruit.id).await, [hit("apple", 0, 90)]);
    bench
        .store
        .call_retranscribe(&call, None, None, Priority::Normal)
        .await
        .unwrap();
    bench
        .transcribe_saying(&call, &[segment(9_000, 0, "An apple.")])
        .await;
    assert_eq!(hits(&bench, &call, &fruit.id).await, [hit("apple", 9_100, 9_190)]);
    bench.store.call_delete(CLI, &call).await.unwrap();
    assert!(hits(&bench, &call, &fruit.id).await.is_empty());
}

async fn hits_are_for_those_who_see_the_call(bench: Bench) {
    let (ann, bob) = (bench.user("ann").await, bench.user("bob").await);
    let fruit = make(&bench, &ann.id, &["apple"], None).await;
    let said = [segment(0, 0, "Apple apple."), segment(1_000, 1, "Apple.")];
    let first = bench.call_saying(&ann.id, "A", &said).await.id;
    bench.clock.advance_ms(MINUTE_MS);
    let second = bench.call_saying(&bob.id, "B", &said).await.id;
    let list = async |visible: VisibleCalls| {
        let (mut found, mut page) = (
            Vec::new(),
            PageRequest {
                after: None,
                limit: 2,
            },
        );
        loop {
            let list = bench
                .store
                .tracker_hits(&visible, &fruit.id, &page)
                .await
                .unwrap();
            found.extend(
                list.items
                    .into_iter()
                    .map(|shown| (shown.call.id, shown.hit.start_ms, shown.text)),
            );
            match list.next {
                Some(next) => page.after = Some(next),
                None => return found,
            }
        }
    };
    let of = |call: &CallId| {
        [(0, "Apple apple."), (100, "Apple apple."), (1_000, "Apple.")]
            .map(|(at, text)| (call.clone(), at, text.to_owned()))
            .to_vec()
    };
    assert_eq!(list(VisibleCalls::All).await, [of(&second), of(&first)].concat());
    assert_eq!(list(VisibleCalls::To(ann.id.clone())).await, of(&first));
    assert!(list(VisibleCalls::To(UserId::new(1))).await.is_empty());
}

async fn several_processes_share_the_work(bench: Bench) {
    let ann = bench.user("ann").await;
    let mut calls = Vec::new();
    for i in 0..6 {
        let call = bench
            .call_saying(&ann.id, &format!("{i}"), &[segment(0, 0, "An apple.")])
            .await;
        calls.push(call.id);
    }
    let fruit = make(&bench, &ann.id, &["apple"], None).await;
    let work = async |store: gametape_store::Store| while store.tracker_scan_next(3).await.unwrap() {};
    tokio::join!(work(bench.store.clone()), work(bench.other.clone()));
    scan(&bench).await;
    for call in &calls {
        assert_eq!(hits(&bench, call, &fruit.id).await, [hit("apple", 100, 190)]);
    }
}
