//! Rubrics: drafted, published, archived.

use gametape_core::{
    audit::AuditAction,
    id::{CriterionId, RubricId},
    page::PageRequest,
    rubric::{Definition, Rubric, Scale, default_definition, default_rubric_id},
};
use gametape_store::{Actor, AuditFilter, NewRubric, RubricPatch, StoreError};

use crate::bench::{Bench, Where, assert_conflict, assert_not_found};

crate::on_every_engine!(
    the_default_is_made_once,
    the_default_rubric_is_there_once,
    criteria_keep_their_ids_through_versions,
    a_published_version_never_changes,
    an_incomplete_draft_is_refused_with_all_reasons,
    an_archived_rubric_is_listed_apart,
    nobody_overwrites_a_change_unknowingly,
);

async fn make(b: &Bench, title: &str) -> Rubric {
    let new = NewRubric {
        title: title.to_owned(),
        description: "For\0tests".to_owned(),
        draft: default_definition(),
    };
    b.store.rubric_create(&Actor::default(), new).await.unwrap()
}

fn with_draft(draft: Definition) -> RubricPatch {
    RubricPatch {
        draft: Some(Some(draft)),
        ..RubricPatch::default()
    }
}

fn ids(definition: &Definition) -> Vec<CriterionId> {
    definition.criteria.iter().map(|it| it.id.clone()).collect()
}

async fn titles(b: &Bench, archived: bool) -> Vec<String> {
    let page = b
        .store
        .rubric_list(archived, &PageRequest::default())
        .await
        .unwrap();
    page.items.into_iter().map(|rubric| rubric.title).collect()
}

async fn the_default_rubric_is_there_once(b: Bench) {
    let id = default_rubric_id();
    let rubric = b.store.rubric_get(&id).await.unwrap().unwrap();
    assert_eq!(
        (rubric.current_version, rubric.draft, rubric.version),
        (Some(1), None, 1)
    );
    let version = b.store.rubric_version_get(&id, 1).await.unwrap().unwrap();
    assert_eq!(
        (version.definition, version.title),
        (default_definition(), rubric.title)
    );
    // What people make of it stays.
    let patch = RubricPatch {
        title: Some("Ours".to_owned()),
        ..RubricPatch::default()
    };
    b.store.rubric_update(&id, patch).await.unwrap();
    b.store.rubric_set_archived(&id, true, None).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for store in [b.store.clone(), b.other.clone(), b.store.clone(), b.other.clone()] {
        tasks.spawn(async move { store.migrate().await.unwrap() });
    }
    tasks.join_all().await;
    assert_eq!(titles(&b, true).await, ["Ours"]);
    assert_eq!(titles(&b, false).await, [""; 0]);
    assert_eq!(b.store.rubric_versions(&id).await.unwrap().len(), 1);
    if b.place != Where::Memory {
        assert_eq!(b.count("rubrics").await, 1);
    }
}

async fn criteria_keep_their_ids_through_versions(b: Bench) {
    let rubric = make(&b, "Mine").await;
    assert_eq!(rubric.description, "For\u{fffd}tests");
    let draft = rubric.draft.unwrap();
    // Ids of another rubric, the default one here, are not taken over.
    let first = ids(&draft);
    assert!(ids(&default_definition()).iter().all(|id| !first.contains(id)));
    b.store
        .rubric_publish(&Actor::default(), &rubric.id, None)
        .await
        .unwrap();

    // One goes, one comes, one is changed.
    let mut next = draft.clone();
    next.criteria.remove(0);
    "Another".clone_into(&mut next.criteria[0].title);
    next.criteria.push(default_definition().criteria.remove(0));
    let changed = b.store.rubric_update(&rubric.id, with_draft(next)).await.unwrap();
    let second = ids(&changed.draft.unwrap());
    assert_eq!(second[..4], first[1..]);
    assert!(!first.contains(&second[4]) && second[4] != ids(&default_definition())[0]);
    b.store
        .rubric_publish(&Actor::default(), &rubric.id, None)
        .await
        .unwrap();

    // What only an old version has still belongs to the rubric.
    let changed = b
        .store
        .rubric_update(&rubric.id, with_draft(draft))
        .await
        .unwrap();
    assert_eq!(ids(&changed.draft.unwrap()), first);
}

async fn a_published_version_never_changes(b: Bench) {
    let ann = b.user("ann").await;
    let actor = Actor {
        user_id: Some(ann.id.clone()),
        address: None,
    };
    let rubric = make(&b, "First").await;
    let draft = rubric.draft.clone().unwrap();
    assert_eq!(b.store.rubric_versions(&rubric.id).await.unwrap(), []);
    let published = b.store.rubric_publish(&actor, &rubric.id, None).await.unwrap();
    assert_eq!(
        (published.current_version, published.draft, published.version),
        (Some(1), None, 2)
    );
    assert_conflict(b.store.rubric_publish(&actor, &rubric.id, None).await);

    b.clock.advance_ms(5);
    let mut next = draft.clone();
    next.criteria[0].scale = Scale::YesNo;
    next.criteria[0].levels.truncate(2);
    next.criteria[0].levels[0].value = 0;
    next.criteria[0].levels[1].value = 1;
    let patch = RubricPatch {
        title: Some("Second".to_owned()),
        ..with_draft(next.clone())
    };
    b.store.rubric_update(&rubric.id, patch).await.unwrap();
    let published = b.store.rubric_publish(&actor, &rubric.id, None).await.unwrap();
    assert_eq!(published.current_version, Some(2));

    let first = b.store.rubric_version_get(&rubric.id, 1).await.unwrap().unwrap();
    assert_eq!((first.title.as_str(), first.definition), ("First", draft));
    let second = b.store.rubric_version_get(&rubric.id, 2).await.unwrap().unwrap();
    assert_eq!((second.title.as_str(), second.definition), ("Second", next));
    let versions = b.store.rubric_versions(&rubric.id).await.unwrap();
    let versions: Vec<_> = versions
        .iter()
        .map(|it| (it.version, it.title.as_str(), it.published_at))
        .collect();
    assert_eq!(versions, [(2, "Second", b.now()), (1, "First", b.now() - 5)]);
    assert_eq!(b.store.rubric_version_get(&rubric.id, 3).await.unwrap(), None);
    let log = b
        .store
        .audit_list(&AuditFilter::default(), &PageRequest::default())
        .await
        .unwrap();
    let log: Vec<_> = log
        .items
        .iter()
        .filter(|it| it.target_kind == "rubric")
        .map(|it| (it.action, &it.actor_id, &it.detail["version"]))
        .collect();
    let entry = |version: &'static serde_json::Value| (AuditAction::RubricPublish, &actor.user_id, version);
    let numbers: &'static [serde_json::Value] = Box::leak(Box::new([2.into(), 1.into()]));
    assert_eq!(log, [entry(&numbers[0]), entry(&numbers[1])]);
}

async fn an_incomplete_draft_is_refused_with_all_reasons(b: Bench) {
    let rubric = make(&b, "Mine").await;
    let mut draft = rubric.draft.unwrap();
    draft.criteria[0].weight = -1;
    draft.criteria[1].title.clear();
    b.store
        .rubric_update(&rubric.id, with_draft(draft))
        .await
        .unwrap();
    match b.store.rubric_publish(&Actor::default(), &rubric.id, None).await {
        Err(StoreError::Incomplete {
            what: "rubric",
            reasons,
        }) => assert_eq!(reasons.len(), 2, "{reasons:?}"),
        other => panic!("{other:?}"),
    }
    let after = b.store.rubric_get(&rubric.id).await.unwrap().unwrap();
    assert_eq!((after.version, after.current_version), (2, None));
    assert!(after.draft.is_some());
    assert_not_found(
        b.store
            .rubric_publish(&Actor::default(), &RubricId::new(1), None)
            .await,
    );
    // A draft can be thrown away.
    let patch = RubricPatch {
        draft: Some(None),
        ..RubricPatch::default()
    };
    assert_eq!(
        b.store.rubric_update(&rubric.id, patch).await.unwrap().draft,
        None
    );
    assert_conflict(b.store.rubric_publish(&Actor::default(), &rubric.id, None).await);
}

async fn an_archived_rubric_is_listed_apart(b: Bench) {
    for title in ["One", "Two", "Three"] {
        b.clock.advance_ms(1);
        make(&b, title).await;
    }
    let mut request = PageRequest {
        after: None,
        limit: 2,
    };
    let mut found = Vec::new();
    loop {
        let page = b.store.rubric_list(false, &request).await.unwrap();
        found.extend(page.items);
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    let names: Vec<_> = found.iter().map(|it| it.title.as_str()).collect();
    assert_eq!(names[1..], ["One", "Two", "Three"]);
    let two = &found[2].id;
    let archived_at = b
        .store
        .rubric_set_archived(two, true, None)
        .await
        .unwrap()
        .archived_at;
    assert_eq!(archived_at, Some(b.now()));
    b.clock.advance_ms(1);
    let again = b.store.rubric_set_archived(two, true, None).await.unwrap();
    assert_eq!(again.archived_at, archived_at);
    assert_eq!(titles(&b, true).await, ["Two"]);
    assert_eq!(titles(&b, false).await[1..], ["One", "Three"]);
    let back = b.store.rubric_set_archived(two, false, None).await.unwrap();
    assert_eq!(back.archived_at, None);
    assert_eq!(titles(&b, true).await, [""; 0]);
    assert_not_found(b.store.rubric_set_archived(&RubricId::new(1), true, None).await);
}

async fn nobody_overwrites_a_change_unknowingly(b: Bench) {
    let rubric = make(&b, "Mine").await;
    let patch = |version| RubricPatch {
        title: Some(format!("Since {version}")),
        if_version: Some(version),
        ..RubricPatch::default()
    };
    assert_eq!(
        b.store.rubric_update(&rubric.id, patch(1)).await.unwrap().version,
        2
    );
    let id = &rubric.id;
    for stale in [
        b.store.rubric_update(id, patch(1)).await,
        b.store.rubric_publish(&Actor::default(), id, Some(1)).await,
        b.store.rubric_set_archived(id, true, Some(3)).await,
    ] {
        assert!(
            matches!(stale, Err(StoreError::Stale { what: "rubric" })),
            "{stale:?}"
        );
    }
    let after = b.store.rubric_get(id).await.unwrap().unwrap();
    assert_eq!((after.title.as_str(), after.version), ("Since 1", 2));
    assert_not_found(b.store.rubric_update(&RubricId::new(1), patch(1)).await);
}

async fn the_default_is_made_once(b: Bench) {
    let read = async || b.store.rubric_get(&default_rubric_id()).await.unwrap().unwrap();
    let first = read().await;
    assert_eq!((first.current_version, first.version), (Some(1), 1));
    b.clock.advance_ms(5);
    b.store.rubric_ensure_default().await.unwrap();
    b.other.rubric_ensure_default().await.unwrap();
    assert_eq!(read().await, first);
    assert_eq!(b.store.rubric_versions(&first.id).await.unwrap().len(), 1);
}
