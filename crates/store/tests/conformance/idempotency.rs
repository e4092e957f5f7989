use gametape_store::{Idempotency, KeptAnswer};

use crate::bench::{Bench, HOUR_MS, MINUTE_MS};

crate::on_every_engine!(
    a_key_is_answered_once,
    a_request_that_failed_frees_its_key,
    a_request_that_was_cut_off_can_be_made_again,
    of_many_at_once_one_goes_on,
    answers_are_kept_for_a_day,
);

fn answer() -> KeptAnswer {
    KeptAnswer {
        status: 201,
        headers: vec![("etag".to_owned(), "\"1\"".to_owned())],
        body: Some(vec![b'{', 0, 255, b'}']),
    }
}

async fn a_key_is_answered_once(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let begin = async |user: &gametape_core::user::User, hash: &str| {
        b.store.idempotency_begin(&user.id, "k\0", hash).await.unwrap()
    };
    assert_eq!(begin(&ann, "h").await, Idempotency::New);
    assert_eq!(begin(&ann, "h").await, Idempotency::Running);
    assert_eq!(
        begin(&bob, "h").await,
        Idempotency::New,
        "keys are each person's own"
    );
    b.store
        .idempotency_finish(&ann.id, "k\0", &answer())
        .await
        .unwrap();
    assert_eq!(begin(&ann, "h").await, Idempotency::Answered(answer()));
    assert_eq!(begin(&ann, "another").await, Idempotency::Other);
    let once = KeptAnswer {
        body: None,
        ..answer()
    };
    b.store.idempotency_finish(&bob.id, "k\0", &once).await.unwrap();
    assert_eq!(begin(&bob, "h").await, Idempotency::Answered(once));
}

async fn a_request_that_failed_frees_its_key(b: Bench) {
    let ann = b.user("ann").await;
    b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap();
    b.store.idempotency_forget(&ann.id, "k").await.unwrap();
    assert_eq!(
        b.store.idempotency_begin(&ann.id, "k", "other").await.unwrap(),
        Idempotency::New
    );
    b.store.idempotency_finish(&ann.id, "k", &answer()).await.unwrap();
    b.store.idempotency_forget(&ann.id, "k").await.unwrap();
    let kept = b.store.idempotency_begin(&ann.id, "k", "other").await.unwrap();
    assert_eq!(
        kept,
        Idempotency::Answered(answer()),
        "an answer is not forgotten"
    );
}

async fn a_request_that_was_cut_off_can_be_made_again(b: Bench) {
    let ann = b.user("ann").await;
    b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap();
    b.clock.advance_ms(14 * MINUTE_MS);
    assert_eq!(
        b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap(),
        Idempotency::Running
    );
    b.clock.advance_ms(MINUTE_MS);
    assert_eq!(
        b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap(),
        Idempotency::New
    );
}

async fn of_many_at_once_one_goes_on(b: Bench) {
    let ann = b.user("ann").await;
    let tasks: Vec<_> = (0..8)
        .map(|i| {
            let store = if i % 2 == 0 {
                b.store.clone()
            } else {
                b.other.clone()
            };
            let id = ann.id.clone();
            tokio::spawn(async move { store.idempotency_begin(&id, "k", "h").await.unwrap() })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        match task.await.unwrap() {
            Idempotency::New => new += 1,
            other => assert_eq!(other, Idempotency::Running),
        }
    }
    assert_eq!(new, 1);
}

async fn answers_are_kept_for_a_day(b: Bench) {
    let ann = b.user("ann").await;
    b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap();
    b.store.idempotency_finish(&ann.id, "k", &answer()).await.unwrap();
    b.clock.advance_ms(24 * HOUR_MS - 1);
    assert_eq!(b.store.idempotency_sweep().await.unwrap(), 0);
    b.clock.advance_ms(1);
    assert_eq!(
        b.store.idempotency_begin(&ann.id, "k", "other").await.unwrap(),
        Idempotency::New
    );
    b.clock.advance_ms(24 * HOUR_MS);
    assert_eq!(b.store.idempotency_sweep().await.unwrap(), 1);
    assert_eq!(b.store.idempotency_sweep().await.unwrap(), 0);
}
