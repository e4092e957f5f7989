use gametape_core::id::{TeamId, UserId};
use gametape_store::{Actor, CallPatch, Limit, NewUpload, PersonUsage, Share, StoreError, UploadLimits};

use crate::bench::{Bench, CLI, HOUR_MS};

crate::on_every_engine!(
    what_a_person_takes_is_counted,
    what_a_team_takes_is_counted_once,
    the_largest_come_first,
    no_more_uploads_at_a_time_than_allowed,
    no_more_bytes_than_allowed,
    uploads_that_begin_at_once_share_the_room,
);

async fn begin(
    b: &Bench,
    owner: &UserId,
    size_bytes: Option<i64>,
    limits: UploadLimits,
) -> Result<(), StoreError> {
    let new = NewUpload {
        owner_id: owner.clone(),
        size_bytes,
        filename: "talk.wav".to_owned(),
        metadata: String::new(),
        hash_state: vec![0],
        expires_at: b.now() + HOUR_MS,
    };
    b.store.upload_create(new, limits).await.map(|_| ())
}

fn open(open_uploads: i64) -> UploadLimits {
    UploadLimits {
        open_uploads,
        ..UploadLimits::default()
    }
}

fn bytes(person_bytes: i64) -> UploadLimits {
    UploadLimits {
        person_bytes,
        ..UploadLimits::default()
    }
}

#[track_caller]
fn assert_full(result: Result<(), StoreError>, expected: (Limit, i64, i64)) {
    match result {
        Err(StoreError::Full { limit, most, used }) => assert_eq!((limit, most, used), expected),
        other => panic!("not full: {other:?}"),
    }
}

async fn what_a_person_takes_is_counted(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    assert_eq!(
        b.store.usage_of_person(&ann).await.unwrap(),
        PersonUsage::default()
    );
    b.complete_upload(&ann, "one").await;
    b.complete_upload(&ann, "two").await;
    b.complete_upload(&ann, "two").await;
    b.complete_upload(&bob, "two").await;
    b.upload(&ann, Some(100)).await;
    let unknown = b.upload(&ann, None).await;
    b.append(&unknown, 0, 7).await.unwrap();
    let usage = b.other.usage_of_person(&ann).await.unwrap();
    let expected = PersonUsage {
        recordings_bytes: 20,
        uploads_bytes: 107,
        open_uploads: 2,
    };
    assert_eq!((usage, usage.bytes()), (expected, 127));
    usage.check(i64::MAX, 0).unwrap();
    usage.check(3, 130).unwrap();
    assert_full(usage.check(4, 130), (Limit::PersonBytes, 130, 127));
    assert_full(usage.check(i64::MAX, 130), (Limit::PersonBytes, 130, 127));
}

async fn put_into(b: &Bench, call: &gametape_core::id::CallId, team: &TeamId) {
    let patch = CallPatch {
        team_id: Some(Some(team.clone())),
        ..CallPatch::default()
    };
    b.store.call_update(CLI, call, patch).await.unwrap();
}

async fn what_a_team_takes_is_counted_once(b: Bench) {
    let ann = b.user("ann").await.id;
    let team = b.store.team_create(&Actor::default(), "Sales").await.unwrap().id;
    assert_eq!(b.store.usage_of_team(&team).await.unwrap(), 0);
    for (title, sha256) in [("a", "one"), ("b", "one"), ("c", "two")] {
        let (upload, _) = b.complete_upload(&ann, sha256).await;
        let call = b.call_of(&ann, title, &upload).await;
        put_into(&b, &call.id, &team).await;
    }
    assert_eq!(b.store.usage_of_team(&team).await.unwrap(), 20);
    let waiting = b.upload(&ann, Some(100)).await;
    let call = b.call_of(&ann, "d", &waiting).await;
    put_into(&b, &call.id, &team).await;
    assert_eq!(b.other.usage_of_team(&team).await.unwrap(), 120);
    b.store.call_delete(CLI, &call.id).await.unwrap();
    assert_eq!(b.store.usage_of_team(&team).await.unwrap(), 20);
}

async fn the_largest_come_first(b: Bench) {
    assert!(b.store.largest_people(5).await.unwrap().is_empty());
    assert!(b.store.largest_teams(5).await.unwrap().is_empty());
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    let team = b.store.team_create(&Actor::default(), "Sales").await.unwrap().id;
    for sha256 in ["one", "two"] {
        let (upload, _) = b.complete_upload(&bob, sha256).await;
        let call = b.call_of(&bob, sha256, &upload).await;
        put_into(&b, &call.id, &team).await;
    }
    b.complete_upload(&ann, "one").await;
    let share = |id: &str, bytes| Share {
        id: id.to_owned(),
        bytes,
    };
    let people = b.other.largest_people(5).await.unwrap();
    assert_eq!(people, [share(bob.as_str(), 20), share(ann.as_str(), 10)]);
    assert_eq!(b.store.largest_people(1).await.unwrap().len(), 1);
    assert_eq!(
        b.other.largest_teams(5).await.unwrap(),
        [share(team.as_str(), 20)]
    );
}

async fn no_more_uploads_at_a_time_than_allowed(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    let limits = open(2);
    b.complete_upload(&ann, "one").await;
    let first = b.upload(&ann, Some(10)).await;
    begin(&b, &ann, None, limits).await.unwrap();
    assert_full(begin(&b, &ann, Some(1), limits).await, (Limit::OpenUploads, 2, 2));
    begin(&b, &bob, Some(1), limits).await.unwrap();
    b.store.upload_delete(&first).await.unwrap();
    begin(&b, &ann, Some(1), limits).await.unwrap();
}

async fn no_more_bytes_than_allowed(b: Bench) {
    let ann = b.user("ann").await.id;
    let limits = bytes(30);
    b.complete_upload(&ann, "one").await;
    assert_full(
        begin(&b, &ann, Some(21), limits).await,
        (Limit::PersonBytes, 30, 10),
    );
    begin(&b, &ann, Some(20), limits).await.unwrap();
    assert_full(begin(&b, &ann, None, limits).await, (Limit::PersonBytes, 30, 30));
    begin(&b, &ann, Some(1_000), UploadLimits::default())
        .await
        .unwrap();
}

async fn uploads_that_begin_at_once_share_the_room(b: Bench) {
    let ann = b.user("ann").await.id;
    let limits = open(3);
    let begun = futures::future::join_all((0..12).map(|_| begin(&b, &ann, Some(1), limits))).await;
    assert_eq!(begun.iter().filter(|result| result.is_ok()).count(), 3);
    assert_eq!(b.store.usage_of_person(&ann).await.unwrap().open_uploads, 3);
}
