use gametape_core::{
    id::UserId,
    page::PageRequest,
    user::{Role, Scope, User},
};
use gametape_store::{AuditFilter, NewSession, NewToken, NewUser, StoreError, UserPatch};

use crate::bench::{Bench, CLI, HOUR_MS, assert_conflict, assert_not_found};

crate::on_every_engine!(
    addresses_are_unique_without_regard_to_case,
    accounts_are_found_with_their_hash,
    accounts_are_listed_page_by_page,
    a_new_password_ends_the_sessions_of_that_account_only,
    shutting_an_account_stops_sessions_and_tokens,
    names_roles_and_state_change_one_by_one,
    the_last_administrator_stays,
    two_administrators_cannot_shut_each_other_out,
);

async fn addresses_are_unique_without_regard_to_case(b: Bench) {
    let new = |email: &str| NewUser {
        email: email.to_owned(),
        name: "Jörg".to_owned(),
        role: Role::Admin,
        password_hash: "x".to_owned(),
    };
    let user = b.store.user_create(CLI, new("JÖRG@Example.com")).await.unwrap();
    assert_conflict(b.store.user_create(CLI, new("jörg@example.COM")).await);
    assert_eq!(
        (user.email.as_str(), user.name.as_str()),
        ("JÖRG@Example.com", "Jörg")
    );
    assert_eq!(
        (user.role, user.disabled_at, user.created_at),
        (Role::Admin, None, b.now())
    );
    // The refused transaction left nothing behind that would block the next.
    b.store.user_create(CLI, new("other@example.com")).await.unwrap();
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
    b.store.user_set_password(CLI, &ann.id, "new").await.unwrap();
    assert!(b.store.session_authenticate("a").await.unwrap().is_none());
    assert!(b.store.session_authenticate("b").await.unwrap().is_some());
    let (_, hash) = b.store.user_find_by_email(&ann.email).await.unwrap().unwrap();
    assert_eq!(hash, "new");
    assert_not_found(b.store.user_set_password(CLI, &UserId::new(1), "x").await);
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
    b.store.token_create(CLI, token).await.unwrap();
    disable(&b, &ann.id, true).await.unwrap();
    assert_eq!(
        b.store.user_get(&ann.id).await.unwrap().unwrap().disabled_at,
        Some(b.now())
    );
    assert!(b.store.session_authenticate("s").await.unwrap().is_none());
    assert!(b.store.token_authenticate("t").await.unwrap().is_none());
    // Opened again, the token works and the sessions stay ended.
    disable(&b, &ann.id, false).await.unwrap();
    assert!(b.store.session_authenticate("s").await.unwrap().is_none());
    assert!(b.store.token_authenticate("t").await.unwrap().is_some());
    assert_not_found(disable(&b, &UserId::new(1), true).await);
}

async fn disable(b: &Bench, id: &UserId, disabled: bool) -> Result<User, StoreError> {
    let patch = UserPatch {
        disabled: Some(disabled),
        ..UserPatch::default()
    };
    b.store.user_update(CLI, id, patch).await
}

async fn give_role(b: &Bench, id: &UserId, role: Role) -> Result<User, StoreError> {
    let patch = UserPatch {
        role: Some(role),
        ..UserPatch::default()
    };
    b.store.user_update(CLI, id, patch).await
}

async fn names_roles_and_state_change_one_by_one(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let named = UserPatch {
        name: Some("Bobby \0".to_owned()),
        ..UserPatch::default()
    };
    let named = b.store.user_update(CLI, &bob.id, named).await.unwrap();
    assert_eq!((named.name.as_str(), named.role), ("Bobby \u{fffd}", Role::Rep));
    b.clock.advance_ms(1);
    let coach = give_role(&b, &bob.id, Role::Coach).await.unwrap();
    assert_eq!((coach.name.as_str(), coach.role), ("Bobby \u{fffd}", Role::Coach));
    assert_eq!(b.store.user_get(&bob.id).await.unwrap(), Some(coach));
    assert_eq!(b.store.user_get(&ann.id).await.unwrap(), Some(ann.clone()));
    b.clock.advance_ms(1);
    // Shut twice, it stays shut since the first time.
    let shut = disable(&b, &bob.id, true).await.unwrap();
    b.clock.advance_ms(7);
    assert_eq!(disable(&b, &bob.id, true).await.unwrap(), shut);
    let log = b
        .store
        .audit_list(&AuditFilter::default(), &PageRequest::default())
        .await;
    let of_bob: Vec<_> = log
        .unwrap()
        .items
        .into_iter()
        .filter(|it| it.target_id == bob.id.as_str())
        .collect();
    let actions: Vec<_> = of_bob.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["user.disable", "user.role", "user.create"]);
    assert_eq!(
        of_bob[1].detail,
        serde_json::json!({"before": "rep", "after": "coach"})
    );
    let unknown = [UserId::new(1), ann.id.clone(), UserId::new(2)];
    assert_eq!(
        b.store.user_unknown(&unknown).await.unwrap(),
        [unknown[0].clone(), unknown[2].clone()]
    );
    assert!(b.store.user_unknown(&[]).await.unwrap().is_empty());
}

async fn the_last_administrator_stays(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    give_role(&b, &ann.id, Role::Admin).await.unwrap();
    assert_conflict(give_role(&b, &ann.id, Role::Rep).await);
    assert_conflict(disable(&b, &ann.id, true).await);
    // An administrator who can't sign in does not count.
    give_role(&b, &bob.id, Role::Admin).await.unwrap();
    disable(&b, &bob.id, true).await.unwrap();
    assert_conflict(disable(&b, &ann.id, true).await);
    disable(&b, &bob.id, false).await.unwrap();
    give_role(&b, &ann.id, Role::Coach).await.unwrap();
    assert_conflict(give_role(&b, &bob.id, Role::Coach).await);
    assert_eq!(
        b.store.user_get(&bob.id).await.unwrap().unwrap().role,
        Role::Admin
    );
}

async fn two_administrators_cannot_shut_each_other_out(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    for round in 0..8 {
        for user in [&ann, &bob] {
            give_role(&b, &user.id, Role::Admin).await.unwrap();
        }
        let (one, other) = (b.clone(), b.clone());
        let (first, second) = (ann.id.clone(), bob.id.clone());
        let other = Bench {
            store: other.other.clone(),
            ..other
        };
        let tasks = [
            tokio::spawn(async move { give_role(&one, &first, Role::Rep).await }),
            tokio::spawn(async move { give_role(&other, &second, Role::Rep).await }),
        ];
        let mut refused = 0;
        for task in tasks {
            if let Err(error) = task.await.unwrap() {
                assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
                refused += 1;
            }
        }
        assert_eq!(refused, 1, "round {round}");
    }
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
