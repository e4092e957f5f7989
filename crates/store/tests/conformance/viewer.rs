use gametape_core::{
    id::{CallId, UserId},
    user::Role,
};

use gametape_store::UserPatch;

use crate::bench::{Bench, CLI};

crate::on_every_engine!(people_are_found_many_at_once, nobody_has_an_open_review_at_first,);

async fn people_are_found_many_at_once(b: Bench) {
    let (ann, bob, cyd) = (
        b.user("ann").await.id,
        b.user("bob").await.id,
        b.user("cyd").await.id,
    );
    let shut = UserPatch {
        disabled: Some(true),
        ..UserPatch::default()
    };
    b.store.user_update(CLI, &cyd, shut).await.unwrap();
    let mut ids: Vec<UserId> = (0..1_200).map(|_| UserId::new(1)).collect();
    ids.extend([cyd.clone(), bob.clone(), ann.clone()]);
    let mut found = b.store.viewer_list(&ids).await.unwrap();
    found.sort_by(|x, y| x.user_id.cmp(&y.user_id));
    let mut expected = vec![ann.clone(), bob.clone()];
    expected.sort();
    assert_eq!(
        found.iter().map(|it| it.user_id.clone()).collect::<Vec<_>>(),
        expected
    );
    assert!(
        found
            .iter()
            .all(|it| it.role == Role::Rep && it.team_ids.is_empty())
    );
    let names = b.store.user_names(&ids).await.unwrap();
    assert_eq!((names.len(), names[&cyd].as_str()), (3, "cyd"));
    assert!(b.store.viewer_list(&[]).await.unwrap().is_empty());
}

async fn nobody_has_an_open_review_at_first(b: Bench) {
    let ann = b.user("ann").await.id;
    assert!(!b.store.review_is_open(&ann, &CallId::new(1)).await.unwrap());
}
