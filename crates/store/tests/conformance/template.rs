use gametape_core::{comment::CommentKind, id::TemplateId, page::PageRequest};
use gametape_store::{NewTemplate, StoreError, TemplatePatch};

use crate::{
    bench::{Bench, assert_not_found},
    comment::text,
};

crate::on_every_engine!(
    everybody_has_their_own_templates_and_the_shared_ones,
    a_template_is_changed_and_deleted,
);

async fn everybody_has_their_own_templates_and_the_shared_ones(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    for (owner, title, shared) in [
        (&ann, "own", false),
        (&bob, "bobs", false),
        (&bob, "for all", true),
    ] {
        b.clock.advance_ms(1);
        let new = NewTemplate {
            owner_id: owner.clone(),
            shared,
            title: title.to_owned(),
            text: text(title),
        };
        let made = b.store.template_create(new).await.unwrap();
        assert_eq!(
            (made.title.as_str(), made.shared, made.version),
            (title, shared, 1)
        );
        assert_eq!(b.store.template_get(&made.id).await.unwrap(), Some(made));
    }
    for (viewer, expected) in [(&ann, vec!["own", "for all"]), (&bob, vec!["bobs", "for all"])] {
        let mut page = PageRequest {
            after: None,
            limit: 1,
        };
        let mut titles = Vec::new();
        loop {
            let found = b.store.template_list(viewer, &page).await.unwrap();
            titles.extend(found.items.into_iter().map(|it| it.title));
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!(titles, expected);
    }
}

async fn a_template_is_changed_and_deleted(b: Bench) {
    let ann = b.user("ann").await.id;
    let new = NewTemplate {
        owner_id: ann.clone(),
        shared: false,
        title: "a".to_owned(),
        text: text("a"),
    };
    let template = b.store.template_create(new).await.unwrap();
    let patch = |title: &str, shared, if_version| TemplatePatch {
        shared,
        title: title.to_owned(),
        text: gametape_core::comment::CommentText {
            kind: CommentKind::Praise,
            impact: Some("much".to_owned()),
            ..text("b")
        },
        if_version,
    };
    let changed = b
        .store
        .template_update(&template.id, patch("b", true, Some(1)))
        .await
        .unwrap();
    assert_eq!(
        (changed.title.as_str(), changed.shared, changed.version),
        ("b", true, 2)
    );
    assert_eq!(
        (changed.text.kind, changed.text.impact.as_deref()),
        (CommentKind::Praise, Some("much"))
    );
    let late = b
        .store
        .template_update(&template.id, patch("c", true, Some(1)))
        .await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    let own = b
        .store
        .template_update(&template.id, patch("d", false, None))
        .await
        .unwrap();
    assert!(!own.shared);
    b.store.template_delete(&template.id).await.unwrap();
    assert_eq!(b.store.template_get(&template.id).await.unwrap(), None);
    assert_not_found(b.store.template_delete(&template.id).await);
    assert_not_found(
        b.store
            .template_update(&TemplateId::new(1), patch("e", false, None))
            .await,
    );
}
