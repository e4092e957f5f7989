use gametape_core::{comment::Comment, id::CallId, user::User};
use gametape_store::{Idempotency, KeptAnswer, Store, under_key, without_key};

use crate::{
    bench::{Bench, HOUR_MS, assert_conflict},
    comment,
};

crate::on_every_engine!(
    a_key_is_answered_once,
    a_request_that_failed_frees_its_key,
    a_request_that_was_cut_off_can_be_made_again,
    a_clock_that_went_back_keeps_no_key,
    what_was_made_is_not_made_again,
    a_call_that_was_made_before_is_found_by_its_key,
    two_tries_at_once_make_one_thing,
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
    b.clock.advance_ms(29_000);
    assert_eq!(
        b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap(),
        Idempotency::Running
    );
    b.clock.advance_ms(1_000);
    assert_eq!(
        b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap(),
        Idempotency::New
    );
}

async fn a_clock_that_went_back_keeps_no_key(b: Bench) {
    let ann = b.user("ann").await;
    b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap();
    b.clock.advance_ms(-HOUR_MS);
    assert_eq!(
        b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap(),
        Idempotency::New
    );
}

/// Posts a comment as a request with this key does.
async fn post(store: &Store, call: &CallId, author: &User) -> Comment {
    let work = store.comment_create(comment::new(call, &author.id, "once"));
    under_key(&author.id, "k", work).await.unwrap()
}

async fn a_call_that_was_made_before_is_found_by_its_key(b: Bench) {
    let ann = b.user("ann").await;
    for key in ["k", "other"] {
        b.store.idempotency_begin(&ann.id, key, "h").await.unwrap();
    }
    let before = async |key: &str| under_key(&ann.id, key, b.other.call_made_before()).await.unwrap();
    assert_eq!(before("k").await, None);
    let call = under_key(&ann.id, "k", b.call(&ann.id, "Talk")).await;
    assert_eq!(before("k").await.map(|found| found.id), Some(call.id));
    assert_eq!(before("other").await, None);
    assert_eq!(b.store.call_made_before().await.unwrap(), None);
}

async fn what_was_made_is_not_made_again(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap();
    let first = post(&b.store, &call.id, &ann).await;
    // The process dies before it can say so. Nobody else's request gets the key, and the same one is not done twice.
    b.clock.advance_ms(30_000);
    let begin = async |hash: &str| b.store.idempotency_begin(&ann.id, "k", hash).await.unwrap();
    assert_eq!(begin("other").await, Idempotency::Other);
    assert_eq!(begin("h").await, Idempotency::New);
    assert_eq!(post(&b.other, &call.id, &ann).await, first);
    // The answer could not be put together: the same request may come again at once, and still makes nothing new.
    b.store.idempotency_forget(&ann.id, "k").await.unwrap();
    assert_eq!(begin("h").await, Idempotency::New);
    assert_eq!(post(&b.store, &call.id, &ann).await.id, first.id);
    b.store.idempotency_finish(&ann.id, "k", &answer()).await.unwrap();
    assert_eq!(begin("h").await, Idempotency::Answered(answer()));
    // A try that was slower than the one that was answered, and one whose key was given up meanwhile.
    assert_eq!(post(&b.other, &call.id, &ann).await.id, first.id);
    b.store.idempotency_begin(&ann.id, "given up", "h").await.unwrap();
    b.store.idempotency_forget(&ann.id, "given up").await.unwrap();
    let late = b.store.comment_create(comment::new(&call.id, &ann.id, "late"));
    assert_conflict(under_key(&ann.id, "given up", late).await);
    // Without a key it is another comment, and so it is where many things are made.
    let another = b
        .store
        .comment_create(comment::new(&call.id, &ann.id, "once"))
        .await
        .unwrap();
    assert_ne!(another.id, first.id);
    b.store.idempotency_begin(&ann.id, "k2", "h").await.unwrap();
    let two = async {
        let one = b
            .store
            .comment_create(comment::new(&call.id, &ann.id, "once"))
            .await
            .unwrap();
        (
            one,
            b.store
                .comment_create(comment::new(&call.id, &ann.id, "once"))
                .await
                .unwrap(),
        )
    };
    let many = under_key(&ann.id, "k2", without_key(two));
    let (one, other) = many.await;
    assert_ne!(one.id, other.id);
}

async fn two_tries_at_once_make_one_thing(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.call(&ann.id, "Talk").await;
    b.store.idempotency_begin(&ann.id, "k", "h").await.unwrap();
    let tasks: Vec<_> = (0..6)
        .map(|i| {
            let store = if i % 2 == 0 {
                b.store.clone()
            } else {
                b.other.clone()
            };
            let (ann, call) = (ann.clone(), call.id.clone());
            tokio::spawn(async move { post(&store, &call, &ann).await.id })
        })
        .collect();
    let mut made = std::collections::BTreeSet::new();
    for task in tasks {
        made.insert(task.await.unwrap());
    }
    assert_eq!(made.len(), 1);
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
