use gametape_core::{
    audit::AuditAction,
    call::Visibility,
    id::{TeamId, UserId},
    page::PageRequest,
    policy::VisibleCalls,
    team::Team,
};
use gametape_store::{AuditFilter, CallDetails, CallFilter, UserPatch};
use serde_json::json;

use crate::bench::{Bench, CLI, assert_conflict, assert_not_found, by, new_call};

crate::on_every_engine!(
    names_are_unique_without_regard_to_case,
    people_are_in_as_many_teams_as_they_like,
    a_deleted_team_leaves_its_people_and_calls,
    changes_are_noted_once,
    putting_people_in_at_once_is_no_trouble,
);

async fn names_are_unique_without_regard_to_case(b: Bench) {
    let north = b.store.team_create(CLI, "ÖST \0").await.unwrap();
    assert_eq!(north.name, "ÖST \u{fffd}");
    assert_conflict(b.store.team_create(CLI, "öst \0").await);
    let other = b.store.team_create(CLI, "West").await.unwrap();
    assert_conflict(b.store.team_rename(CLI, &other.id, "Öst \0").await);
    // Its own name in other letters is no conflict.
    b.store.team_rename(CLI, &other.id, "west").await.unwrap();
    assert_eq!(b.store.team_get(&other.id).await.unwrap().unwrap().name, "west");
    assert_not_found(b.store.team_rename(CLI, &TeamId::new(1), "x").await);
    assert_eq!(b.store.team_get(&TeamId::new(1)).await.unwrap(), None);
}

async fn people_are_in_as_many_teams_as_they_like(b: Bench) {
    let (zoe, ann, ulf) = (b.user("zoe").await, b.user("ann").await, b.user("ulf").await);
    let named = UserPatch {
        name: Some("Özge".to_owned()),
        ..UserPatch::default()
    };
    b.store.user_update(CLI, &ulf.id, named).await.unwrap();
    let south = b.store.team_create(CLI, "South").await.unwrap();
    let north = b.store.team_create(CLI, "north").await.unwrap();
    for user in [&zoe, &ulf, &ann, &ann] {
        b.store.team_add_member(CLI, &south.id, &user.id).await.unwrap();
    }
    b.store.team_add_member(CLI, &north.id, &ann.id).await.unwrap();
    let expected = [
        Team {
            member_ids: vec![ann.id.clone()],
            ..north.clone()
        },
        Team {
            member_ids: vec![ann.id.clone(), zoe.id.clone(), ulf.id.clone()],
            ..south.clone()
        },
    ];
    assert_eq!(b.store.team_list().await.unwrap(), expected);
    let found = b
        .store
        .team_find(&[south.id.clone(), TeamId::new(1)])
        .await
        .unwrap();
    assert_eq!(found, expected[1..]);
    assert!(b.store.team_find(&[]).await.unwrap().is_empty());
    let mut both = [north.id.clone(), south.id.clone()];
    both.sort();
    assert_eq!(b.store.user_team_ids(&ann.id).await.unwrap(), both);

    b.store.team_remove_member(CLI, &south.id, &ann.id).await.unwrap();
    b.store.team_remove_member(CLI, &south.id, &ann.id).await.unwrap();
    assert_eq!(b.store.user_team_ids(&ann.id).await.unwrap(), [north.id]);
    let nobody = UserId::new(1);
    assert_not_found(b.store.team_add_member(CLI, &south.id, &nobody).await);
    assert_not_found(b.store.team_add_member(CLI, &TeamId::new(1), &ann.id).await);
    assert_not_found(b.store.team_remove_member(CLI, &TeamId::new(1), &ann.id).await);
}

async fn a_deleted_team_leaves_its_people_and_calls(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let team = b.store.team_create(CLI, "East").await.unwrap();
    for user in [&ann, &bob] {
        b.store.team_add_member(CLI, &team.id, &user.id).await.unwrap();
    }
    let upload = b.upload(&ann.id, None).await;
    let mut new = new_call(&ann.id, "Talk", &upload);
    new.details = CallDetails {
        team_id: Some(team.id.clone()),
        visibility: Visibility::Team,
        ..CallDetails::default()
    };
    let call = b.store.call_create(new).await.unwrap();
    let seen_by_bob = async || {
        let (visible, page) = (VisibleCalls::To(bob.id.clone()), PageRequest::default());
        let calls = b.store.call_list(&visible, &CallFilter::default(), &page).await;
        calls.unwrap().items.len()
    };
    assert_eq!(seen_by_bob().await, 1);
    b.store.team_delete(CLI, &team.id).await.unwrap();
    let left = b.get(&call.id).await;
    assert_eq!((left.team_id, left.visibility), (None, Visibility::Team));
    // Whoever edits it just now notices.
    assert!(left.updated_at > call.updated_at);
    assert_eq!(seen_by_bob().await, 0);
    assert!(b.store.user_team_ids(&bob.id).await.unwrap().is_empty());
    assert!(b.store.user_get(&bob.id).await.unwrap().is_some());
    assert_not_found(b.store.team_delete(CLI, &team.id).await);
    // Its name is free again.
    b.store.team_create(CLI, "EAST").await.unwrap();
}

async fn changes_are_noted_once(b: Bench) {
    let (ann, root) = (b.user("ann").await, b.user("root").await);
    let actor = by(&root);
    let team = b.store.team_create(&actor, "East").await.unwrap();
    for _ in 0..2 {
        b.clock.advance_ms(1);
        b.store.team_add_member(&actor, &team.id, &ann.id).await.unwrap();
    }
    b.clock.advance_ms(1);
    b.store.team_rename(&actor, &team.id, "Far East").await.unwrap();
    for _ in 0..2 {
        b.clock.advance_ms(1);
        b.store
            .team_remove_member(&actor, &team.id, &ann.id)
            .await
            .unwrap();
    }
    b.clock.advance_ms(1);
    b.store.team_delete(&actor, &team.id).await.unwrap();
    let filter = AuditFilter {
        action: Some(AuditAction::TeamChange),
        ..AuditFilter::default()
    };
    let log = b
        .store
        .audit_list(&filter, &PageRequest::default())
        .await
        .unwrap();
    let details: Vec<_> = log.items.iter().map(|entry| entry.detail.clone()).collect();
    assert_eq!(
        details,
        [
            json!({"deleted": "Far East"}),
            json!({"removed": ann.id}),
            json!({"name": {"before": "East", "after": "Far East"}}),
            json!({"added": ann.id}),
            json!({"made": "East"}),
        ]
    );
    for entry in &log.items {
        assert_eq!(entry.actor_id, Some(root.id.clone()));
        assert_eq!(
            (entry.target_kind.as_str(), entry.target_id.as_str()),
            ("team", team.id.as_str())
        );
        assert_eq!(entry.address.as_deref(), Some("192.0.2.7"));
    }
}

async fn putting_people_in_at_once_is_no_trouble(b: Bench) {
    let (ann, team) = (
        b.user("ann").await,
        b.store.team_create(CLI, "East").await.unwrap(),
    );
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let store = if n % 2 == 0 {
            b.store.clone()
        } else {
            b.other.clone()
        };
        let (team_id, user_id) = (team.id.clone(), ann.id.clone());
        tasks.spawn(async move { store.team_add_member(CLI, &team_id, &user_id).await });
    }
    for done in tasks.join_all().await {
        done.unwrap();
    }
    assert_eq!(
        b.store.team_get(&team.id).await.unwrap().unwrap().member_ids,
        [ann.id]
    );
    let filter = AuditFilter {
        action: Some(AuditAction::TeamChange),
        ..AuditFilter::default()
    };
    let log = b
        .store
        .audit_list(&filter, &PageRequest::default())
        .await
        .unwrap();
    assert_eq!(log.items.len(), 2);
}
