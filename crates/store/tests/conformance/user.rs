use gametape_core::{
    id::UserId,
    page::PageRequest,
    user::{Role, Scope},
};
use gametape_store::{NewSession, NewToken, NewUser};

use crate::bench::{Bench, HOUR_MS, assert_conflict, assert_not_found};

crate::on_every_engine!(
    addresses_are_unique_without_regard_to_case,
    accounts_are_found_with_their_hash,
    accounts_are_listed_page_by_page,
    a_new_password_ends_the_sessions_of_that_account_only,
    shutting_an_account_stops_sessions_and_tokens,
);

async fn addresses_are_unique_without_regard_to_case(b: Bench) {
    let new = |email: &str| NewUser {
        email: email.to_owned(),
        name: "Jörg".to_owned(),
        role: Role::Admin,
        password_hash: "x".to_owned(),
    };
    let user = b.store.user_create(new("JÖRG@Example.com")).await.unwrap();
    assert_conflict(b.store.user_create(new("jörg@example.COM")).await);
    assert_eq!(
        (user.email.as_str(), user.name.as_str()),
        ("JÖRG@Example.com", "Jörg")
    );
    assert_eq!(
        (user.role, user.disabled_at, user.created_at),
        (Role::Admin, None, b.now())
    );
    // The refused transaction left nothing behind that would block the next.
    b.store.user_create(new("other@example.com")).await.unwrap();
}

async fn accounts_are_found_with_their_hash(b: Bench) {
    let user = b.user("ann").await;
    assert_eq!(b.store.user_get(&user.id).await.unwrap(), Some(user.clone()));
    assert_eq!(b.store.user_get(&UserId::new(1)).await.unwrap(), None);
    let found = b.store.user_find_by_email("ANN@example.com").await.unwrap();
    assert_eq!(found, Some((user, "hash of ann's password".to_owned())));
    assert_eq!(b.store.user_find_by_email("ann").await.unwrap(), None);
    assert_eq!(b.store.user_find_by_email("\0").await.unwrap(), None);
}

async fn accounts_are_listed_page_by_page(b: Bench) {
    let mut made = Vec::new();
    for i in 0..7 {
        made.push(b.user(&format!("u{i}")).await);
        // Some share their millisecond.
        b.clock.advance_ms(i % 2);
    }
    made.sort_by_key(|user| (user.created_at, user.id.clone()));
    let mut page = PageRequest {
        after: None,
        limit: 3,
    };
    let mut seen = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let found = b.store.user_list(&page).await.unwrap();
        sizes.push(found.items.len());
        seen.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(seen, made);
}

async fn a_new_password_ends_the_sessions_of_that_account_only(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    for (user, hash) in [(&ann, "a"), (&bob, "b")] {
        b.store
            .session_create(session(&user.id, hash, b.now() + HOUR_MS))
            .await
            .unwrap();
    }
    b.store.user_set_password(&ann.id, "new").await.unwrap();
    assert!(b.store.session_authenticate("a").await.unwrap().is_none());
    assert!(b.store.session_authenticate("b").await.unwrap().is_some());
    let (_, hash) = b.store.user_find_by_email(&ann.email).await.unwrap().unwrap();
    assert_eq!(hash, "new");
    assert_not_found(b.store.user_set_password(&UserId::new(1), "x").await);
}

async fn shutting_an_account_stops_sessions_and_tokens(b: Bench) {
    let ann = b.user("ann").await;
    b.store
        .session_create(session(&ann.id, "s", b.now() + HOUR_MS))
        .await
        .unwrap();
    let token = NewToken {
        user_id: ann.id.clone(),
        name: "script".to_owned(),
        token_hash: "t".to_owned(),
        scope: Scope::Read,
        expires_at: None,
    };
    b.store.token_create(token).await.unwrap();
    b.store.user_set_disabled(&ann.id, true).await.unwrap();
    assert_eq!(
        b.store.user_get(&ann.id).await.unwrap().unwrap().disabled_at,
        Some(b.now())
    );
    assert!(b.store.session_authenticate("s").await.unwrap().is_none());
    assert!(b.store.token_authenticate("t").await.unwrap().is_none());
    // Opened again, the token works and the sessions stay ended.
    b.store.user_set_disabled(&ann.id, false).await.unwrap();
    assert!(b.store.session_authenticate("s").await.unwrap().is_none());
    assert!(b.store.token_authenticate("t").await.unwrap().is_some());
    assert_not_found(b.store.user_set_disabled(&UserId::new(1), true).await);
}

fn session(user_id: &UserId, token_hash: &str, expires_at: i64) -> NewSession {
    NewSession {
        user_id: user_id.clone(),
        token_hash: token_hash.to_owned(),
        user_agent: None,
        address: None,
        expires_at,
    }
}
