//! Reviews: begun and filled in.

use gametape_core::{
    anchor::AnchorStatus,
    call::Call,
    event::{EventAudience, EventKind},
    id::{CallId, CriterionId, EvidenceId, ReviewId, RubricId},
    review::{Rating, Review, ReviewState},
    rubric::{default_definition, default_rubric_id},
    user::User,
};
use gametape_store::{Actor, NewRubric, Place, ReviewFilter, StoreError};

use crate::bench::{Bench, Where, assert_conflict, assert_not_found};
use crate::review_list::list;

crate::on_every_engine!(
    a_review_begins_with_the_current_version,
    a_person_has_one_review_of_a_call_with_a_rubric,
    a_draft_is_filled_in,
    what_does_not_belong_is_refused,
    nobody_overwrites_a_change_unknowingly,
    two_who_write_at_once_wait_for_each_other,
    a_deleted_call_takes_its_reviews_along,
);

pub(crate) const PLACE: Place = Place {
    start_ms: 0,
    end_ms: 400,
    channel: None,
};

pub(crate) fn actor(user: &User) -> Actor {
    Actor {
        user_id: Some(user.id.clone()),
        address: None,
    }
}

pub(crate) fn criteria() -> Vec<CriterionId> {
    default_definition()
        .criteria
        .into_iter()
        .map(|it| it.id)
        .collect()
}

pub(crate) async fn begin(b: &Bench, reviewer: &User, call: &Call) -> Review {
    let id = default_rubric_id();
    b.store.review_create(&reviewer.id, &call.id, &id).await.unwrap()
}

/// Gives every criterion this value, with evidence.
pub(crate) async fn fill(b: &Bench, review: &Review, value: i64) {
    for criterion in criteria() {
        let (id, rating) = (&review.id, Rating::Value(value));
        b.store
            .review_set_score(id, &criterion, rating, "", None)
            .await
            .unwrap();
        b.store
            .review_add_evidence(id, &criterion, &PLACE, None)
            .await
            .unwrap();
    }
}

pub(crate) async fn submitted(b: &Bench, reviewer: &User, call: &Call) -> Review {
    let review = begin(b, reviewer, call).await;
    fill(b, &review, 4).await;
    b.store
        .review_submit(&actor(reviewer), &review.id, None)
        .await
        .unwrap()
}

async fn a_review_begins_with_the_current_version(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = begin(&b, &bob, &call).await;
    assert_eq!(
        (review.state, review.rubric_version, review.version),
        (ReviewState::Draft, 1, 1)
    );
    assert_eq!(
        b.store.review_get(&review.id).await.unwrap().as_ref(),
        Some(&review)
    );
    assert!(b.store.review_is_open(&bob.id, &call.id).await.unwrap());
    assert!(!b.store.review_is_open(&ann.id, &call.id).await.unwrap());
    let detail = b.store.review_read(&review.id).await.unwrap().unwrap();
    assert_eq!(
        (detail.review, detail.rubric.definition),
        (review.clone(), default_definition())
    );
    assert_eq!(detail.scores, []);
    let steps: Vec<_> = detail
        .steps
        .iter()
        .map(|it| (&it.actor_id, it.action.as_str()))
        .collect();
    assert_eq!(steps, [(&bob.id, "create")]);
    // Its author alone is told.
    let events = b.store.events_after(&call.id, 0, 1_000).await.unwrap();
    let last = events.last().unwrap();
    assert_eq!(last.kind, EventKind::Review);
    assert_eq!(last.data, serde_json::json!({"id": review.id, "state": "draft"}));
    assert_eq!(last.audience, EventAudience::People(vec![bob.id.clone()]));

    assert_eq!(b.store.review_get(&ReviewId::new(1)).await.unwrap(), None);
    assert_eq!(b.store.review_read(&ReviewId::new(1)).await.unwrap(), None);
    let unknown = b.store.review_create(&bob.id, &call.id, &RubricId::new(1)).await;
    assert_not_found(unknown);
    let unknown = b
        .store
        .review_create(&bob.id, &CallId::new(1), &default_rubric_id())
        .await;
    assert_not_found(unknown);
    let new = NewRubric {
        title: "Mine".to_owned(),
        description: String::new(),
        draft: default_definition(),
    };
    let rubric = b.store.rubric_create(&Actor::default(), new).await.unwrap();
    assert_conflict(b.store.review_create(&bob.id, &call.id, &rubric.id).await);
    b.store
        .rubric_publish(&Actor::default(), &rubric.id, None)
        .await
        .unwrap();
    b.store.rubric_set_archived(&rubric.id, true, None).await.unwrap();
    assert_conflict(b.store.review_create(&bob.id, &call.id, &rubric.id).await);
    b.store
        .rubric_set_archived(&rubric.id, false, None)
        .await
        .unwrap();
    b.store
        .review_create(&bob.id, &call.id, &rubric.id)
        .await
        .unwrap();
}

async fn a_person_has_one_review_of_a_call_with_a_rubric(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let mut tasks = tokio::task::JoinSet::new();
    for store in [b.store.clone(), b.other.clone(), b.store.clone()] {
        let (bob, call) = (bob.id.clone(), call.id.clone());
        tasks.spawn(async move { store.review_create(&bob, &call, &default_rubric_id()).await });
    }
    let made: Vec<_> = tasks.join_all().await;
    assert_eq!(made.iter().filter(|it| it.is_ok()).count(), 1, "{made:?}");
    for refused in made.into_iter().filter(Result::is_err) {
        assert_conflict(refused);
    }
    // Another person may, and the same one when theirs is withdrawn.
    begin(&b, &ann, &call).await;
    let filter = ReviewFilter::default();
    let page = list(&b, &bob, &filter).await;
    b.store
        .review_withdraw(&actor(&bob), &page[0].id, None)
        .await
        .unwrap();
    assert!(!b.store.review_is_open(&bob.id, &call.id).await.unwrap());
    begin(&b, &bob, &call).await;
    assert_eq!(list(&b, &bob, &filter).await.len(), 2);
}

async fn a_draft_is_filled_in(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let id = begin(&b, &bob, &call).await.id;
    let [first, second, third, ..] = &criteria()[..] else {
        panic!("too few")
    };
    b.store.review_set_summary(&id, "Well\0done", None).await.unwrap();
    b.store
        .review_set_score(&id, second, Rating::NotApplicable, "no time", None)
        .await
        .unwrap();
    b.store
        .review_set_score(&id, first, Rating::Value(2), "so", None)
        .await
        .unwrap();
    b.clock.advance_ms(1);
    b.store
        .review_set_score(&id, first, Rating::Value(5), "so\0so", None)
        .await
        .unwrap();
    let (_, hello) = b
        .store
        .review_add_evidence(&id, first, &PLACE, None)
        .await
        .unwrap();
    b.clock.advance_ms(1);
    let there = Place {
        start_ms: 900,
        end_ms: 1_900,
        channel: Some(1),
    };
    let (review, _) = b
        .store
        .review_add_evidence(&id, first, &there, None)
        .await
        .unwrap();
    // Evidence may come before a value does.
    b.store
        .review_add_evidence(&id, third, &PLACE, None)
        .await
        .unwrap();
    assert_eq!(review.version, 7);

    let detail = b.store.review_read(&id).await.unwrap().unwrap();
    assert_eq!(detail.review.summary, "Well\u{fffd}done");
    let scores: Vec<_> = detail
        .scores
        .iter()
        .map(|it| (&it.criterion_id, it.rating, it.note.as_str(), it.evidence.len()))
        .collect();
    assert_eq!(
        scores,
        [
            (first, Some(Rating::Value(5)), "so\u{fffd}so", 2),
            (second, Some(Rating::NotApplicable), "no time", 0),
            (third, None, "", 1),
        ]
    );
    assert_eq!(detail.scores[0].updated_at, b.now());
    let evidence = &detail.scores[0].evidence;
    assert_eq!(
        (&evidence[0].id, evidence[0].anchor.quote.as_str()),
        (&hello.id, "Hello.")
    );
    assert_eq!(
        (evidence[1].anchor.quote.as_str(), evidence[1].anchor.channel),
        ("Hi there.", Some(1))
    );
    assert_eq!(evidence[1].anchor.status, AnchorStatus::Exact);

    b.store
        .review_remove_evidence(&id, &hello.id, None)
        .await
        .unwrap();
    assert_not_found(b.store.review_remove_evidence(&id, &hello.id, None).await);
    b.store.review_unset_score(&id, first, None).await.unwrap();
    // Nothing to take back is no error.
    b.store.review_unset_score(&id, first, None).await.unwrap();
    let detail = b.store.review_read(&id).await.unwrap().unwrap();
    assert_eq!(
        (detail.scores[0].rating, detail.scores[0].note.as_str()),
        (None, "")
    );
    assert_eq!(detail.scores[0].evidence.len(), 1);
    if b.place != Where::Memory {
        assert_eq!((b.count("anchors").await, b.count("evidence").await), (2, 2));
    }
}

async fn what_does_not_belong_is_refused(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let id = begin(&b, &bob, &call).await.id;
    let criterion = &criteria()[0];
    for value in [0, 6, i64::MIN, i64::MAX] {
        let rating = Rating::Value(value);
        assert_conflict(b.store.review_set_score(&id, criterion, rating, "", None).await);
    }
    let other = CriterionId::new(1);
    let rating = Rating::Value(3);
    assert_not_found(b.store.review_set_score(&id, &other, rating, "", None).await);
    assert_not_found(b.store.review_unset_score(&id, &other, None).await);
    assert_not_found(b.store.review_add_evidence(&id, &other, &PLACE, None).await);
    assert_not_found(b.store.review_set_summary(&ReviewId::new(1), "", None).await);
    // Evidence of one review is not removed by way of another.
    let own = begin(&b, &ann, &call).await.id;
    let (_, evidence) = b
        .store
        .review_add_evidence(&id, criterion, &PLACE, None)
        .await
        .unwrap();
    assert_not_found(b.store.review_remove_evidence(&own, &evidence.id, None).await);
    assert_not_found(
        b.store
            .review_remove_evidence(&id, &EvidenceId::new(1), None)
            .await,
    );
    // A score rests on so many places and no more.
    for _ in 1..50 {
        b.store
            .review_add_evidence(&id, criterion, &PLACE, None)
            .await
            .unwrap();
    }
    assert_conflict(b.store.review_add_evidence(&id, criterion, &PLACE, None).await);
    fill(&b, &b.store.review_get(&own).await.unwrap().unwrap(), 1).await;
    b.store.review_submit(&actor(&ann), &own, None).await.unwrap();
    // What was handed over is not written on any more.
    assert_conflict(b.store.review_set_summary(&own, "", None).await);
    assert_conflict(b.store.review_set_score(&own, criterion, rating, "", None).await);
    assert_conflict(b.store.review_unset_score(&own, criterion, None).await);
    assert_conflict(b.store.review_add_evidence(&own, criterion, &PLACE, None).await);
    let detail = b.store.review_read(&own).await.unwrap().unwrap();
    let evidence_id = &detail.scores[0].evidence[0].id;
    assert_conflict(b.store.review_remove_evidence(&own, evidence_id, None).await);
}

async fn nobody_overwrites_a_change_unknowingly(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = begin(&b, &bob, &call).await;
    let (id, criterion) = (&review.id, &criteria()[0]);
    let (changed, evidence) = b
        .store
        .review_add_evidence(id, criterion, &PLACE, Some(1))
        .await
        .unwrap();
    assert_eq!(changed.version, 2);
    let rating = Rating::Value(3);
    let (store, bob) = (&b.store, actor(&bob));
    for stale in [
        store.review_set_summary(id, "", Some(1)).await,
        store.review_set_score(id, criterion, rating, "", Some(1)).await,
        store.review_unset_score(id, criterion, Some(3)).await,
        store
            .review_add_evidence(id, criterion, &PLACE, Some(1))
            .await
            .map(|it| it.0),
        store.review_remove_evidence(id, &evidence.id, Some(1)).await,
        store.review_submit(&bob, id, Some(1)).await,
        store.review_withdraw(&bob, id, Some(1)).await,
    ] {
        assert!(
            matches!(stale, Err(StoreError::Stale { what: "review" })),
            "{stale:?}"
        );
    }
    assert_eq!(store.review_get(id).await.unwrap().unwrap().version, 2);
}

async fn two_who_write_at_once_wait_for_each_other(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = begin(&b, &bob, &call).await;
    let mut tasks = tokio::task::JoinSet::new();
    for (i, criterion) in criteria().into_iter().chain(criteria()).enumerate() {
        let store = if i % 2 == 0 {
            b.store.clone()
        } else {
            b.other.clone()
        };
        let id = review.id.clone();
        tasks.spawn(async move {
            let rating = Rating::Value(1 + i as i64 % 5);
            store
                .review_set_score(&id, &criterion, rating, "", None)
                .await
                .unwrap()
                .version
        });
    }
    let mut versions = tasks.join_all().await;
    versions.sort_unstable();
    assert_eq!(versions, (2..=11).collect::<Vec<_>>());
    // Of two who know the same version, one wins.
    let known = b.store.review_get(&review.id).await.unwrap().unwrap().version;
    let (one, two) = tokio::join!(
        b.store.review_set_summary(&review.id, "one", Some(known)),
        b.other.review_set_summary(&review.id, "two", Some(known)),
    );
    assert_ne!(one.is_ok(), two.is_ok());
}

async fn a_deleted_call_takes_its_reviews_along(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = submitted(&b, &bob, &call).await;
    b.store.call_delete(&actor(&ann), &call.id).await.unwrap();
    assert_eq!(b.store.review_get(&review.id).await.unwrap(), None);
    assert_not_found(b.store.review_withdraw(&actor(&bob), &review.id, None).await);
    if b.place != Where::Memory {
        for table in ["reviews", "scores", "evidence", "anchors", "review_history"] {
            assert_eq!(b.count(table).await, 0, "{table}");
        }
    }
}
