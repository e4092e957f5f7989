use gametape_core::{
    id::{TokenId, UserId},
    user::Scope,
};
use gametape_store::{NewToken, Token};

use crate::bench::{Bench, CLI, MINUTE_MS, assert_conflict, assert_not_found};

crate::on_every_engine!(
    a_token_says_who_it_acts_for,
    use_is_noted_once_a_minute,
    an_expired_token_is_refused,
    a_token_is_revoked_by_its_owner_or_by_an_admin,
);

fn new(user_id: &UserId, hash: &str, expires_at: Option<i64>) -> NewToken {
    NewToken {
        user_id: user_id.clone(),
        name: format!("for {hash}"),
        token_hash: hash.to_owned(),
        scope: Scope::Write,
        expires_at,
    }
}

async fn make(b: &Bench, user_id: &UserId, hash: &str) -> Token {
    b.store.token_create(CLI, new(user_id, hash, None)).await.unwrap()
}

async fn a_token_says_who_it_acts_for(b: Bench) {
    let ann = b.user("ann").await;
    let token = make(&b, &ann.id, "h").await;
    assert_eq!(
        (token.scope, token.name.as_str(), token.last_used_at),
        (Scope::Write, "for h", None)
    );
    let (found, user) = b.store.token_authenticate("h").await.unwrap().unwrap();
    assert_eq!((found.id, user), (token.id, ann.clone()));
    assert!(b.store.token_authenticate("other").await.unwrap().is_none());
    assert_conflict(b.store.token_create(CLI, new(&ann.id, "h", None)).await);
}

async fn use_is_noted_once_a_minute(b: Bench) {
    let ann = b.user("ann").await;
    make(&b, &ann.id, "h").await;
    let first = b.now();
    b.store.token_authenticate("h").await.unwrap().unwrap();
    assert_eq!(
        b.store.token_list(&ann.id).await.unwrap()[0].last_used_at,
        Some(first)
    );
    b.clock.advance_ms(MINUTE_MS - 1);
    b.store.token_authenticate("h").await.unwrap().unwrap();
    assert_eq!(
        b.store.token_list(&ann.id).await.unwrap()[0].last_used_at,
        Some(first)
    );
    b.clock.advance_ms(1);
    b.store.token_authenticate("h").await.unwrap().unwrap();
    assert_eq!(
        b.store.token_list(&ann.id).await.unwrap()[0].last_used_at,
        Some(b.now())
    );
}

async fn an_expired_token_is_refused(b: Bench) {
    let ann = b.user("ann").await;
    b.store
        .token_create(CLI, new(&ann.id, "h", Some(b.now() + 10)))
        .await
        .unwrap();
    b.clock.advance_ms(9);
    assert!(b.store.token_authenticate("h").await.unwrap().is_some());
    b.clock.advance_ms(1);
    assert!(b.store.token_authenticate("h").await.unwrap().is_none());
}

async fn a_token_is_revoked_by_its_owner_or_by_an_admin(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let first = make(&b, &ann.id, "1").await;
    b.clock.advance_ms(1);
    let second = make(&b, &ann.id, "2").await;
    assert_not_found(b.store.token_revoke(CLI, &first.id, Some(&bob.id)).await);
    assert!(b.store.token_authenticate("1").await.unwrap().is_some());
    b.store.token_revoke(CLI, &first.id, Some(&ann.id)).await.unwrap();
    let revoked_at = b.now();
    b.clock.advance_ms(5);
    b.store.token_revoke(CLI, &first.id, Some(&ann.id)).await.unwrap();
    b.store.token_revoke(CLI, &second.id, None).await.unwrap();
    for hash in ["1", "2"] {
        assert!(b.store.token_authenticate(hash).await.unwrap().is_none());
    }
    let tokens = b.store.token_list(&ann.id).await.unwrap();
    let times: Vec<_> = tokens.iter().map(|token| (&token.id, token.revoked_at)).collect();
    assert_eq!(
        times,
        [(&first.id, Some(revoked_at)), (&second.id, Some(b.now()))]
    );
    assert!(b.store.token_list(&bob.id).await.unwrap().is_empty());
    assert_not_found(b.store.token_revoke(CLI, &TokenId::new(1), None).await);
}
