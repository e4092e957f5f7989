use gametape_core::{
    audit::AuditAction,
    id::{InvitationId, TeamId, UserId},
    page::PageRequest,
    team::Invitation,
    user::Role,
};
use gametape_store::{AuditFilter, NewInvitation, NewUser, StoreError, UserPatch};

use crate::bench::{Bench, CLI, HOUR_MS, assert_conflict, assert_not_found, by};

crate::on_every_engine!(
    an_invitation_makes_an_account_with_its_role_and_teams,
    a_link_works_once_however_many_come_at_once,
    links_that_are_over_do_not_work,
    a_taken_address_leaves_the_link_working,
    who_may_not_invite_any_more_leaves_no_open_door,
    invitations_are_listed_page_by_page,
);

fn new(created_by: &UserId, hash: &str, team_ids: Vec<TeamId>, expires_at: i64) -> NewInvitation {
    NewInvitation {
        created_by: created_by.clone(),
        token_hash: hash.to_owned(),
        email: Some("new@example.com".to_owned()),
        role: Role::Coach,
        team_ids,
        expires_at,
    }
}

async fn make(b: &Bench, created_by: &UserId, hash: &str) -> Invitation {
    let new = new(created_by, hash, Vec::new(), b.now() + HOUR_MS);
    b.store.invitation_create(CLI, new).await.unwrap()
}

fn account(email: &str) -> NewUser {
    NewUser {
        email: email.to_owned(),
        name: "New".to_owned(),
        // What the newcomer says doesn't count.
        role: Role::Admin,
        password_hash: "x".to_owned(),
    }
}

async fn an_invitation_makes_an_account_with_its_role_and_teams(b: Bench) {
    let root = b.user("root").await;
    let (kept, gone) = (
        b.store.team_create(CLI, "Kept").await.unwrap().id,
        b.store.team_create(CLI, "Gone").await.unwrap().id,
    );
    let teams = vec![gone.clone(), kept.clone()];
    let made = b
        .store
        .invitation_create(&by(&root), new(&root.id, "h", teams.clone(), b.now() + HOUR_MS))
        .await
        .unwrap();
    assert_eq!((made.role, &made.team_ids), (Role::Coach, &teams));
    assert_eq!((made.created_at, made.accepted.clone()), (b.now(), None));
    assert_conflict(b.store.invitation_create(CLI, new(&root.id, "h", teams, 0)).await);
    b.store.team_delete(CLI, &gone).await.unwrap();
    assert_eq!(b.store.invitation_open("h").await.unwrap(), Some(made.clone()));
    assert_eq!(b.store.invitation_open("other").await.unwrap(), None);
    b.clock.advance_ms(5);
    let address = Some("192.0.2.9".to_owned());
    let user = b
        .store
        .invitation_accept("h", account("new@x"), address)
        .await
        .unwrap();
    assert_eq!((user.role, user.email.as_str()), (Role::Coach, "new@x"));
    assert_eq!(b.store.user_get(&user.id).await.unwrap(), Some(user.clone()));
    assert_eq!(b.store.user_team_ids(&user.id).await.unwrap(), [kept]);
    assert_eq!(b.store.invitation_open("h").await.unwrap(), None);
    let listed = b
        .store
        .invitation_list(&PageRequest::default())
        .await
        .unwrap()
        .items;
    assert_eq!(listed[0].accepted, Some((user.id.clone(), b.now())));
    assert_conflict(b.store.invitation_revoke(CLI, &made.id).await);
    let filter = AuditFilter {
        actor_id: Some(user.id.clone()),
        ..AuditFilter::default()
    };
    let log = b
        .store
        .audit_list(&filter, &PageRequest::default())
        .await
        .unwrap()
        .items;
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].action, log[0].target_id.as_str()),
        (AuditAction::UserCreate, user.id.as_str())
    );
    assert_eq!(log[0].detail["invitation_id"], made.id.as_str());
    assert_eq!(log[0].address.as_deref(), Some("192.0.2.9"));
}

async fn a_link_works_once_however_many_come_at_once(b: Bench) {
    let root = b.user("root").await;
    make(&b, &root.id, "h").await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..10 {
        let store = if n % 2 == 0 {
            b.store.clone()
        } else {
            b.other.clone()
        };
        tasks.spawn(async move {
            store
                .invitation_accept("h", account(&format!("{n}@x")), None)
                .await
        });
    }
    let mut accounts = Vec::new();
    for outcome in tasks.join_all().await {
        match outcome {
            Ok(user) => accounts.push(user.id),
            Err(error) => assert!(matches!(error, StoreError::NotFound { .. }), "{error:?}"),
        }
    }
    assert_eq!(accounts.len(), 1);
    let users = b.store.user_list(&PageRequest::default()).await.unwrap().items;
    assert_eq!(users.len(), 2);
    let listed = b
        .store
        .invitation_list(&PageRequest::default())
        .await
        .unwrap()
        .items;
    assert_eq!(listed[0].accepted.as_ref().unwrap().0, accounts[0]);
}

async fn links_that_are_over_do_not_work(b: Bench) {
    let root = b.user("root").await;
    let short = new(&root.id, "short", Vec::new(), b.now() + 10);
    b.store.invitation_create(CLI, short).await.unwrap();
    let taken_back = make(&b, &root.id, "back").await;
    b.clock.advance_ms(9);
    assert!(b.store.invitation_open("short").await.unwrap().is_some());
    b.clock.advance_ms(1);
    b.store.invitation_revoke(CLI, &taken_back.id).await.unwrap();
    let revoked_at = b.now();
    b.clock.advance_ms(1);
    b.store.invitation_revoke(CLI, &taken_back.id).await.unwrap();
    for hash in ["short", "back", "never", "\0"] {
        assert_eq!(b.store.invitation_open(hash).await.unwrap(), None, "{hash}");
        assert_not_found(b.store.invitation_accept(hash, account("a@x"), None).await);
    }
    assert_eq!(b.store.user_find_by_email("a@x").await.unwrap(), None);
    let listed = b
        .store
        .invitation_list(&PageRequest::default())
        .await
        .unwrap()
        .items;
    let back = listed.iter().find(|it| it.id == taken_back.id).unwrap();
    assert_eq!(back.revoked_at, Some(revoked_at));
    assert_not_found(b.store.invitation_revoke(CLI, &InvitationId::new(1)).await);
    let filter = AuditFilter {
        action: Some(AuditAction::InvitationRevoke),
        ..AuditFilter::default()
    };
    let log = b
        .store
        .audit_list(&filter, &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(log.items.len(), 1);
}

async fn a_taken_address_leaves_the_link_working(b: Bench) {
    let (root, ann) = (b.user("root").await, b.user("ann").await);
    make(&b, &root.id, "h").await;
    let taken = account(&ann.email.to_uppercase());
    assert_conflict(b.store.invitation_accept("h", taken, None).await);
    assert!(b.store.invitation_open("h").await.unwrap().is_some());
    b.store
        .invitation_accept("h", account("new@x"), None)
        .await
        .unwrap();
}

async fn who_may_not_invite_any_more_leaves_no_open_door(b: Bench) {
    let (root, ann) = (b.user("root").await, b.user("ann").await);
    let role = |role| UserPatch {
        role: Some(role),
        ..UserPatch::default()
    };
    for user in [&root, &ann] {
        b.store
            .user_update(CLI, &user.id, role(Role::Admin))
            .await
            .unwrap();
    }
    make(&b, &ann.id, "ann").await;
    make(&b, &root.id, "root").await;
    // Another name is no reason.
    let named = UserPatch {
        name: Some("Ann B".to_owned()),
        ..UserPatch::default()
    };
    b.store.user_update(CLI, &ann.id, named).await.unwrap();
    assert!(b.store.invitation_open("ann").await.unwrap().is_some());
    b.store.user_update(CLI, &ann.id, role(Role::Rep)).await.unwrap();
    assert_eq!(b.store.invitation_open("ann").await.unwrap(), None);
    assert!(b.store.invitation_open("root").await.unwrap().is_some());
}

async fn invitations_are_listed_page_by_page(b: Bench) {
    let root = b.user("root").await;
    let mut made = Vec::new();
    for n in 0..5 {
        made.push(make(&b, &root.id, &format!("h{n}")).await);
        // Some share their millisecond.
        b.clock.advance_ms(n % 2);
    }
    made.sort_by_key(|it| std::cmp::Reverse((it.created_at, it.id.clone())));
    let mut page = PageRequest {
        after: None,
        limit: 2,
    };
    let mut seen = Vec::new();
    loop {
        let found = b.store.invitation_list(&page).await.unwrap();
        seen.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
}
