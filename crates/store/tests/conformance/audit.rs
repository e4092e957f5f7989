use gametape_core::{
    audit::{AuditAction, AuditEntry},
    id::{CallId, UserId},
    page::PageRequest,
};
use gametape_store::{Actor, AuditFilter, NewAudit, NewSession};
use serde_json::json;

use crate::bench::{Bench, CLI, HOUR_MS, MINUTE_MS, Where, by};

crate::on_every_engine!(
    entries_are_kept_as_they_were_written,
    entries_are_filtered_and_come_page_by_page,
    the_log_can_only_grow,
    looks_within_a_quarter_of_an_hour_are_one_entry,
    an_address_is_known_to_whom_signed_in_from_it,
    what_is_refused_leaves_no_entry,
);

async fn list(b: &Bench, filter: &AuditFilter) -> Vec<AuditEntry> {
    let page = b.store.audit_list(filter, &PageRequest::default()).await.unwrap();
    assert_eq!(page.next, None);
    page.items
}

/// The log but for the making of accounts.
async fn log(b: &Bench) -> Vec<AuditEntry> {
    let entries = list(b, &AuditFilter::default()).await;
    entries
        .into_iter()
        .filter(|entry| entry.action != AuditAction::UserCreate)
        .collect()
}

async fn entries_are_kept_as_they_were_written(b: Bench) {
    let ann = b.user("ann").await;
    let call_id = CallId::new(1);
    let actor = Actor {
        user_id: Some(ann.id.clone()),
        address: Some("192.0.2.1\0".to_owned()),
    };
    let entry = NewAudit::of(AuditAction::CallExport, "call", call_id.as_str());
    let entry = entry.in_call(&call_id).with(json!({"format": "json \0"}));
    b.store.audit_write(&actor, entry).await.unwrap();
    b.clock.advance_ms(1);
    let nobodys = NewAudit::of(AuditAction::SessionRefuse, "user", "un\0known");
    b.store.audit_write(CLI, nobodys).await.unwrap();
    let entries = log(&b).await;
    assert_eq!(entries.len(), 2);
    let (second, first) = (&entries[0], &entries[1]);
    assert_eq!((first.at, first.actor_id.as_ref()), (b.now() - 1, Some(&ann.id)));
    assert_eq!(
        (first.action, first.target_kind.as_str()),
        (AuditAction::CallExport, "call")
    );
    assert_eq!(
        (first.target_id.as_str(), first.call_id.as_ref()),
        (call_id.as_str(), Some(&call_id))
    );
    assert_eq!(first.address.as_deref(), Some("192.0.2.1\u{fffd}"));
    assert_eq!(first.detail["format"].as_str().unwrap().len(), 6);
    assert_eq!(
        (&second.actor_id, &second.address, &second.call_id),
        (&None, &None, &None)
    );
    assert_eq!(
        (second.target_id.as_str(), &second.detail),
        ("un\u{fffd}known", &json!({}))
    );
}

/// Says which entries a filter lets through.
type Fits<'a> = &'a (dyn Fn(&AuditEntry) -> bool + Sync);

async fn entries_are_filtered_and_come_page_by_page(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    b.clock.advance_ms(10);
    let from = b.now();
    for n in 0..9 {
        let who = if n % 3 == 0 { &bob } else { &ann };
        let action = if n % 2 == 0 {
            AuditAction::CallExport
        } else {
            AuditAction::CallDelete
        };
        let target = format!("call_{}", n % 4);
        let entry = NewAudit::of(action, "call", &target);
        b.store.audit_write(&by(who), entry).await.unwrap();
        // Some share their millisecond.
        b.clock.advance_ms(n % 2);
    }
    let all = AuditFilter {
        from: Some(from),
        ..AuditFilter::default()
    };
    let whole = list(&b, &all).await;
    assert_eq!(whole.len(), 9);
    let mut sorted = whole.clone();
    sorted.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.id.clone())));
    assert_eq!(whole, sorted);

    let mut page = PageRequest {
        after: None,
        limit: 2,
    };
    let mut seen = Vec::new();
    loop {
        let found = b.store.audit_list(&all, &page).await.unwrap();
        seen.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, whole);

    let middle = whole[4].at;
    let filters: [(AuditFilter, Fits<'_>); 5] = [
        (
            AuditFilter {
                actor_id: Some(bob.id.clone()),
                ..all.clone()
            },
            &|entry| entry.actor_id.as_ref() == Some(&bob.id),
        ),
        (
            AuditFilter {
                action: Some(AuditAction::CallDelete),
                ..all.clone()
            },
            &|entry| entry.action == AuditAction::CallDelete,
        ),
        (
            AuditFilter {
                target_id: Some("call_3".to_owned()),
                ..all.clone()
            },
            &|entry| entry.target_id == "call_3",
        ),
        (
            AuditFilter {
                from: Some(middle),
                ..all.clone()
            },
            &|entry| entry.at >= middle,
        ),
        (
            AuditFilter {
                until: Some(middle),
                ..all.clone()
            },
            &|entry| entry.at < middle,
        ),
    ];
    for (filter, fits) in filters {
        let expected: Vec<_> = whole.iter().filter(|entry| fits(entry)).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < 9, "{filter:?}");
        assert_eq!(list(&b, &filter).await, expected, "{filter:?}");
    }
    let nobody = AuditFilter {
        actor_id: Some(UserId::new(1)),
        ..all
    };
    assert!(list(&b, &nobody).await.is_empty());
}

async fn the_log_can_only_grow(b: Bench) {
    b.user("ann").await;
    if b.place == Where::Memory {
        return;
    }
    let before = list(&b, &AuditFilter::default()).await;
    assert_eq!(before.len(), 1);
    for statement in [
        "UPDATE audit SET detail = '{}', at = 0",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE at > 0",
    ] {
        let error = b.execute(statement).await.unwrap_err();
        assert!(error.to_string().contains("append-only"), "{statement}: {error}");
    }
    assert_eq!(list(&b, &AuditFilter::default()).await, before);
}

async fn looks_within_a_quarter_of_an_hour_are_one_entry(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let (one, other) = (CallId::new(1), CallId::new(2));
    let look = async |user, call| b.store.audit_look(&by(user), call).await.unwrap();
    look(&ann, &one).await;
    b.clock.advance_ms(15 * MINUTE_MS - 1);
    look(&ann, &one).await;
    assert_eq!(log(&b).await.len(), 1);
    look(&bob, &one).await;
    look(&ann, &other).await;
    assert_eq!(log(&b).await.len(), 3);
    b.clock.advance_ms(1);
    look(&ann, &one).await;
    assert_eq!(log(&b).await.len(), 4);
}

async fn an_address_is_known_to_whom_signed_in_from_it(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let session = NewSession {
        user_id: ann.id.clone(),
        token_hash: "h".to_owned(),
        user_agent: None,
        address: Some("192.0.2.1".to_owned()),
        expires_at: b.now() + HOUR_MS,
    };
    b.store.session_create(session).await.unwrap();
    let at = b.now();
    let known = async |user: &UserId, address: &str, since: i64| {
        b.store.audit_signed_in_from(user, address, since).await.unwrap()
    };
    assert!(known(&ann.id, "192.0.2.1", at).await);
    assert!(!known(&ann.id, "192.0.2.1", at + 1).await);
    assert!(!known(&ann.id, "192.0.2.2", at).await);
    assert!(!known(&bob.id, "192.0.2.1", at).await);
    // To be refused there does not make it known.
    let refused = NewAudit::of(AuditAction::SessionRefuse, "user", bob.id.as_str());
    let actor = Actor {
        user_id: Some(bob.id.clone()),
        address: Some("192.0.2.1".to_owned()),
    };
    b.store.audit_write(&actor, refused).await.unwrap();
    assert!(!known(&bob.id, "192.0.2.1", 0).await);
}

async fn what_is_refused_leaves_no_entry(b: Bench) {
    let ann = b.user("ann").await;
    b.store.team_create(CLI, "East").await.unwrap();
    let before = list(&b, &AuditFilter::default()).await;
    b.store.team_create(CLI, "EAST").await.unwrap_err();
    b.store.call_delete(CLI, &CallId::new(1)).await.unwrap_err();
    b.store
        .user_set_password(CLI, &UserId::new(1), "x")
        .await
        .unwrap_err();
    let again = gametape_store::NewUser {
        email: ann.email.clone(),
        name: "x".to_owned(),
        role: gametape_core::user::Role::Rep,
        password_hash: "x".to_owned(),
    };
    b.store.user_create(CLI, again).await.unwrap_err();
    assert_eq!(list(&b, &AuditFilter::default()).await, before);
}
