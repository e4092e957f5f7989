use gametape_core::id::{SessionId, UserId};
use gametape_store::{NewSession, Session};

use crate::bench::{Bench, CLI, HOUR_MS, MINUTE_MS, assert_conflict, assert_not_found};

crate::on_every_engine!(
    a_session_says_who_it_belongs_to,
    use_is_noted_once_a_minute,
    an_expired_session_is_refused_and_swept,
    a_deleted_session_is_refused,
    sessions_that_have_not_ended_are_listed,
);

async fn make(b: &Bench, user_id: &UserId, hash: &str, expires_at: i64) -> Session {
    let new = NewSession {
        user_id: user_id.clone(),
        token_hash: hash.to_owned(),
        user_agent: Some("Browser\0 1.0".to_owned()),
        address: Some("192.0.2.1".to_owned()),
        expires_at,
    };
    b.store.session_create(new).await.unwrap()
}

async fn a_session_says_who_it_belongs_to(b: Bench) {
    let ann = b.user("ann").await;
    let session = make(&b, &ann.id, "h", b.now() + HOUR_MS).await;
    // PostgreSQL can't hold NUL; what comes from browsers must not become an error.
    assert_eq!(session.user_agent.as_deref(), Some("Browser\u{fffd} 1.0"));
    assert_eq!(session.address.as_deref(), Some("192.0.2.1"));
    assert_eq!((session.created_at, session.last_used_at), (b.now(), b.now()));
    assert_eq!(
        b.store.session_authenticate("h").await.unwrap(),
        Some((session, ann.clone()))
    );
    assert_eq!(b.store.session_authenticate("other").await.unwrap(), None);
    let again = NewSession {
        user_id: ann.id,
        token_hash: "h".to_owned(),
        user_agent: None,
        address: None,
        expires_at: 0,
    };
    assert_conflict(b.store.session_create(again).await);
}

async fn use_is_noted_once_a_minute(b: Bench) {
    let ann = b.user("ann").await;
    let made_at = b.now();
    make(&b, &ann.id, "h", b.now() + HOUR_MS).await;
    b.clock.advance_ms(MINUTE_MS - 1);
    let (session, _) = b.store.session_authenticate("h").await.unwrap().unwrap();
    assert_eq!(session.last_used_at, made_at);
    b.clock.advance_ms(1);
    b.store.session_authenticate("h").await.unwrap().unwrap();
    let noted_at = b.now();
    b.clock.advance_ms(1);
    let (session, _) = b.store.session_authenticate("h").await.unwrap().unwrap();
    assert_eq!(session.last_used_at, noted_at);
}

async fn an_expired_session_is_refused_and_swept(b: Bench) {
    let ann = b.user("ann").await;
    make(&b, &ann.id, "short", b.now() + 10).await;
    make(&b, &ann.id, "long", b.now() + HOUR_MS).await;
    b.clock.advance_ms(9);
    assert!(b.store.session_authenticate("short").await.unwrap().is_some());
    assert_eq!(b.store.session_sweep().await.unwrap(), 0);
    b.clock.advance_ms(1);
    assert!(b.store.session_authenticate("short").await.unwrap().is_none());
    assert_eq!(b.store.session_sweep().await.unwrap(), 1);
    assert!(b.store.session_authenticate("long").await.unwrap().is_some());
}

async fn a_deleted_session_is_refused(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let session = make(&b, &ann.id, "h", b.now() + HOUR_MS).await;
    assert_not_found(b.store.session_delete(CLI, &session.id, &bob.id).await);
    assert!(b.store.session_authenticate("h").await.unwrap().is_some());
    b.store.session_delete(CLI, &session.id, &ann.id).await.unwrap();
    assert!(b.store.session_authenticate("h").await.unwrap().is_none());
    assert_not_found(b.store.session_delete(CLI, &session.id, &ann.id).await);
    assert_not_found(b.store.session_delete(CLI, &SessionId::new(1), &ann.id).await);
}

async fn sessions_that_have_not_ended_are_listed(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    make(&b, &ann.id, "over", b.now() + 10).await;
    b.clock.advance_ms(5);
    let old = make(&b, &ann.id, "old", b.now() + HOUR_MS).await;
    b.clock.advance_ms(5);
    let new = make(&b, &ann.id, "new", b.now() + HOUR_MS).await;
    make(&b, &bob.id, "bob", b.now() + HOUR_MS).await;
    assert_eq!(b.store.session_list(&ann.id).await.unwrap(), [new, old]);
    assert!(b.store.session_list(&UserId::new(1)).await.unwrap().is_empty());
}
