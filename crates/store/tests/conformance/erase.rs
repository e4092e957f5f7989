//! Forgetting a person: what names them goes, what others need stays.

use gametape_core::{
    call::Participant,
    comment::Audience,
    rubric::default_rubric_id,
    user::{FORMER_COLLEAGUE, Role, Scope},
};
use gametape_store::{CallPatch, NewComment, NewToken, UserPatch};

use crate::{
    bench::{Bench, CLI, assert_conflict, assert_not_found},
    comment::{at, new},
};

crate::on_every_engine!(
    what_names_a_person_goes_and_what_others_need_stays,
    calls_that_name_them_lose_the_name,
    the_last_administrator_stays,
    an_account_goes_when_nothing_names_it,
);

/// Somebody who runs the installation, so that others may go.
pub(crate) async fn admin(b: &Bench) {
    let root = b.user("root").await;
    let patch = UserPatch {
        role: Some(Role::Admin),
        ..UserPatch::default()
    };
    b.store.user_update(CLI, &root.id, patch).await.unwrap();
}

async fn what_names_a_person_goes_and_what_others_need_stays(b: Bench) {
    admin(&b).await;
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let said = NewComment {
        place: Some(at(0, 900)),
        ..new(&call.id, &bob.id, "well done")
    };
    let said = b.store.comment_create(said).await.unwrap();
    let note = NewComment {
        place: Some(at(0, 900)),
        audience: Audience::Author,
        ..new(&call.id, &bob.id, "to myself")
    };
    let note = b.store.comment_create(note).await.unwrap();
    let draft = b
        .store
        .review_create(&bob.id, &call.id, &default_rubric_id())
        .await
        .unwrap();
    b.store
        .comment_react(&said.id, &bob.id, "👍", true)
        .await
        .unwrap();
    let token = NewToken {
        user_id: bob.id.clone(),
        name: "script".to_owned(),
        token_hash: "hash".to_owned(),
        scope: Scope::Read,
        expires_at: None,
    };
    b.store.token_create(CLI, token).await.unwrap();

    b.store.person_erase(&bob.id, CLI).await.unwrap();
    let user = b.store.user_get(&bob.id).await.unwrap().unwrap();
    assert_eq!(user.name, FORMER_COLLEAGUE);
    assert!(!user.email.contains("bob") && user.disabled_at.is_some() && user.erased_at.is_some());
    assert!(
        b.store
            .user_find_by_email("bob@example.com")
            .await
            .unwrap()
            .is_none()
    );
    assert!(b.store.token_list(&bob.id).await.unwrap().is_empty());
    let kept = b.store.comment_get(&said.id).await.unwrap().unwrap();
    assert_eq!(
        (kept.author_id, kept.text.body.as_str()),
        (bob.id.clone(), "well done")
    );
    assert!(kept.reactions.is_empty());
    assert!(b.store.comment_get(&note.id).await.unwrap().is_none());
    assert!(b.store.review_get(&draft.id).await.unwrap().is_none());
    // Once more is no error, and the address is free for somebody else.
    b.store.person_erase(&bob.id, CLI).await.unwrap();
    b.user("bob").await;
}

async fn calls_that_name_them_lose_the_name(b: Bench) {
    admin(&b).await;
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let one = |name: &str, user_id| Participant {
        name: name.to_owned(),
        user_id,
        company: None,
    };
    let patch = CallPatch {
        participants: Some(vec![one("Bob", Some(bob.id.clone())), one("Bobby", None)]),
        invited: Some(vec![bob.id.clone()]),
        ..CallPatch::default()
    };
    b.store.call_update(CLI, &call.id, patch).await.unwrap();
    b.store.person_erase(&bob.id, CLI).await.unwrap();
    let call = b.get(&call.id).await;
    assert!(call.invited.is_empty());
    let names: Vec<_> = call.participants.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, [FORMER_COLLEAGUE, "Bobby"]);
}

async fn the_last_administrator_stays(b: Bench) {
    admin(&b).await;
    let (root, _) = b
        .store
        .user_find_by_email("root@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_conflict(b.store.person_erase(&root.id, CLI).await);
    assert_eq!(b.store.user_get(&root.id).await.unwrap().unwrap().name, "root");
    assert_not_found(
        b.store
            .person_erase(&gametape_core::id::UserId::new(1), CLI)
            .await,
    );
}

async fn an_account_goes_when_nothing_names_it(b: Bench) {
    admin(&b).await;
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    b.store
        .comment_create(new(&call.id, &bob.id, "so"))
        .await
        .unwrap();
    assert!(!b.store.person_remove(&bob.id, CLI).await.unwrap());
    let kept = b.store.user_get(&bob.id).await.unwrap().unwrap();
    assert_eq!(kept.name, FORMER_COLLEAGUE);
    b.store.call_delete(CLI, &call.id).await.unwrap();
    for person in [&ann, &bob] {
        assert!(b.store.person_remove(&person.id, CLI).await.unwrap());
        assert_eq!(b.store.user_get(&person.id).await.unwrap(), None);
    }
    assert_not_found(b.store.person_remove(&ann.id, CLI).await);
}
