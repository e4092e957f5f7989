//! The life of a review: handed over, shown, taken back, taken up again, answered.

use gametape_core::{
    audit::AuditAction,
    event::{EventAudience, EventKind},
    id::{CallId, ReviewId},
    page::PageRequest,
    review::{Rating, Review, ReviewResponse, ReviewState},
    user::User,
};
use gametape_store::{AuditFilter, StoreError};

use crate::{
    bench::{Bench, assert_conflict, assert_not_found},
    review::{PLACE, actor, begin, criteria, fill, submitted},
};

crate::on_every_engine!(
    what_is_missing_is_listed,
    a_review_is_submitted_with_its_result,
    the_whole_life_leaves_its_traces,
    each_state_allows_what_it_allows,
    a_draft_is_thrown_away_without_a_trace_for_others,
    a_self_review_is_a_review,
);

/// Audiences of the last `count` events about reviews.
async fn audiences(b: &Bench, call_id: &CallId, count: usize) -> Vec<(String, EventAudience)> {
    let events = b.store.events_after(call_id, 0, 1_000).await.unwrap();
    let events = events.into_iter().filter(|event| event.kind == EventKind::Review);
    let all: Vec<_> = events
        .map(|event| (event.data["state"].as_str().unwrap().to_owned(), event.audience))
        .collect();
    all[all.len() - count..].to_vec()
}

async fn log(b: &Bench) -> Vec<(AuditAction, String, String)> {
    let entries = b
        .store
        .audit_list(&AuditFilter::default(), &PageRequest::default())
        .await
        .unwrap();
    let mut entries: Vec<_> = entries
        .items
        .into_iter()
        .filter(|it| it.target_kind == "review")
        .map(|it| {
            (
                it.action,
                it.target_id,
                it.detail["to"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    entries.reverse();
    entries
}

async fn what_is_missing_is_listed(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = begin(&b, &bob, &call).await;
    let (id, all, bob) = (&review.id, criteria(), actor(&bob));
    let reasons = async || match b.store.review_submit(&bob, id, None).await {
        Err(StoreError::Incomplete {
            what: "review",
            reasons,
        }) => reasons,
        other => panic!("{other:?}"),
    };
    assert_eq!(reasons().await.len(), 5);
    for criterion in &all[1..] {
        b.store
            .review_set_score(id, criterion, Rating::NotApplicable, "", None)
            .await
            .unwrap();
    }
    b.store
        .review_set_score(id, &all[0], Rating::Value(3), "", None)
        .await
        .unwrap();
    let lacks = reasons().await;
    assert!(
        lacks.len() == 1 && lacks[0].contains("Discovery depth"),
        "{lacks:?}"
    );
    assert!(lacks[0].contains("a place in the call"), "{lacks:?}");
    b.store
        .review_add_evidence(id, &all[0], &PLACE, None)
        .await
        .unwrap();
    let review = b.store.review_submit(&bob, id, None).await.unwrap();
    assert_eq!(review.result_permille, Some(500));
}

async fn a_review_is_submitted_with_its_result(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = submitted(&b, &bob, &call).await;
    assert_eq!(
        (review.state, review.result_permille),
        (ReviewState::Submitted, Some(750))
    );
    assert_eq!((review.submitted_at, review.released_at), (Some(b.now()), None));
    assert!(!b.store.review_is_open(&bob.id, &call.id).await.unwrap());
    // Where nothing applies there is no result.
    let own = begin(&b, &ann, &call).await;
    for criterion in criteria() {
        let rating = Rating::NotApplicable;
        b.store
            .review_set_score(&own.id, &criterion, rating, "", None)
            .await
            .unwrap();
    }
    let own = b.store.review_submit(&actor(&ann), &own.id, None).await.unwrap();
    assert_eq!(own.result_permille, None);
}

/// What the reviewee says to the first submission.
const NOTE: &str = "I asked twice";

/// Takes bob's review of ann's call through everything that can happen to it.
async fn live(b: &Bench, ann: &User, bob: &User, review: &Review) {
    let (id, by_ann, by_bob) = (&review.id, actor(ann), actor(bob));
    let tick = || b.clock.advance_ms(1);
    fill(b, review, 4).await;
    tick();
    b.store.review_submit(&by_bob, id, None).await.unwrap();
    tick();
    let answered = b
        .store
        .review_respond(&by_ann, id, ReviewResponse::Disagree, NOTE, None)
        .await
        .unwrap();
    let response = Some((ReviewResponse::Disagree, NOTE.to_owned(), b.now()));
    assert_eq!(
        (answered.response.clone(), answered.state),
        (response, ReviewState::Submitted)
    );
    tick();
    let reopened = b.store.review_reopen(&by_bob, id, "You did", None).await.unwrap();
    assert_eq!(
        (reopened.state, reopened.result_permille),
        (ReviewState::Draft, None)
    );
    assert_eq!(reopened.response, answered.response);
    assert!(b.store.review_is_open(&bob.id, &review.call_id).await.unwrap());
    fill(b, &reopened, 5).await;
    tick();
    // What was answered to the first submission is history.
    let again = b.store.review_submit(&by_bob, id, None).await.unwrap();
    assert_eq!((again.response, again.result_permille), (None, Some(1_000)));
    tick();
    let released = b.store.review_release(&by_ann, id, None).await.unwrap();
    assert_eq!(
        (released.state, released.released_at),
        (ReviewState::Released, Some(b.now()))
    );
    tick();
    b.store
        .review_respond(&by_ann, id, ReviewResponse::Thank, "", None)
        .await
        .unwrap();
    tick();
    let reopened = b.store.review_reopen(&by_bob, id, "A slip", None).await.unwrap();
    assert_eq!((reopened.state, reopened.released_at), (ReviewState::Draft, None));
    tick();
    b.store.review_submit(&by_bob, id, None).await.unwrap();
    tick();
    b.store.review_release(&by_ann, id, None).await.unwrap();
    tick();
    let gone = b.store.review_withdraw(&by_bob, id, None).await.unwrap();
    assert_eq!(
        (gone.state, gone.withdrawn_at),
        (ReviewState::Withdrawn, Some(b.now()))
    );
}

async fn the_whole_life_leaves_its_traces(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = begin(&b, &bob, &call).await;
    let id = &review.id;
    live(&b, &ann, &bob, &review).await;

    let detail = b.store.review_read(id).await.unwrap().unwrap();
    let steps: Vec<_> = detail
        .steps
        .iter()
        .map(|it| (it.action.as_str(), it.actor_id == ann.id, it.reason.as_deref()))
        .collect();
    assert_eq!(
        steps,
        [
            ("create", false, None),
            ("submit", false, None),
            ("disagree", true, Some(NOTE)),
            ("reopen", false, Some("You did")),
            ("submit", false, None),
            ("release", true, None),
            ("thank", true, None),
            ("reopen", false, Some("A slip")),
            ("submit", false, None),
            ("release", true, None),
            ("withdraw", false, None),
        ]
    );
    let entry = |action, to: &str| (action, id.to_string(), to.to_owned());
    assert_eq!(
        log(&b).await,
        [
            entry(AuditAction::ReviewWithdraw, "draft"),
            entry(AuditAction::ReviewRelease, "released"),
            entry(AuditAction::ReviewWithdraw, "draft"),
            entry(AuditAction::ReviewRelease, "released"),
            entry(AuditAction::ReviewWithdraw, "withdrawn"),
        ]
    );
    let both = || EventAudience::People(vec![bob.id.clone(), ann.id.clone()]);
    let all = || EventAudience::Scores {
        reviewer_id: bob.id.clone(),
    };
    let told = |state: &str, audience| (state.to_owned(), audience);
    assert_eq!(
        audiences(&b, &call.id, 7).await,
        [
            told("submitted", both()),
            told("released", all()),
            told("released", all()),
            told("draft", all()),
            told("submitted", both()),
            told("released", all()),
            told("withdrawn", all()),
        ]
    );
}

/// What happens to a review in each state on each step.
async fn each_state_allows_what_it_allows(b: Bench) {
    async fn in_state(b: &Bench, ann: &User, bob: &User, state: ReviewState, title: &str) -> Review {
        let call = b.ready_call(&ann.id, title).await;
        if state == ReviewState::Draft {
            let review = begin(b, bob, &call).await;
            fill(b, &review, 2).await;
            return review;
        }
        let review = submitted(b, bob, &call).await;
        match state {
            ReviewState::Released => b
                .store
                .review_release(&actor(ann), &review.id, None)
                .await
                .unwrap(),
            ReviewState::Withdrawn => b
                .store
                .review_withdraw(&actor(bob), &review.id, None)
                .await
                .unwrap(),
            _ => review,
        }
    }
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let (by_ann, by_bob) = (actor(&ann), actor(&bob));
    let steps = ["submit", "release", "respond", "reopen", "withdraw"];
    for state in ReviewState::ALL {
        let mut allowed = Vec::new();
        for step in steps {
            let review = in_state(&b, &ann, &bob, *state, &format!("{state} {step}")).await;
            let id = &review.id;
            let done = match step {
                "submit" => b.store.review_submit(&by_bob, id, None).await,
                "release" => b.store.review_release(&by_ann, id, None).await,
                "respond" => {
                    let response = ReviewResponse::Acknowledge;
                    b.store.review_respond(&by_ann, id, response, "", None).await
                }
                "reopen" => b.store.review_reopen(&by_bob, id, "why not", None).await,
                _ => b.store.review_withdraw(&by_bob, id, None).await,
            };
            match done {
                Ok(changed) => {
                    assert!(changed.version > review.version);
                    allowed.push(step);
                }
                refused => assert_conflict(refused),
            }
        }
        let expected: &[&str] = match state {
            ReviewState::Draft => &["submit", "withdraw"],
            ReviewState::Submitted => &["release", "respond", "reopen", "withdraw"],
            ReviewState::Released => &["respond", "reopen", "withdraw"],
            ReviewState::Withdrawn => &[],
        };
        assert_eq!(allowed, expected, "{state}");
    }
    let unknown = ReviewId::new(1);
    assert_not_found(b.store.review_submit(&by_bob, &unknown, None).await);
    assert_not_found(b.store.review_release(&by_ann, &unknown, None).await);
    assert_not_found(b.store.review_reopen(&by_bob, &unknown, "x", None).await);
    let response = ReviewResponse::Acknowledge;
    assert_not_found(
        b.store
            .review_respond(&by_ann, &unknown, response, "", None)
            .await,
    );
}

async fn a_draft_is_thrown_away_without_a_trace_for_others(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = begin(&b, &bob, &call).await;
    b.store
        .review_withdraw(&actor(&bob), &review.id, None)
        .await
        .unwrap();
    assert_eq!(log(&b).await, []);
    let author_alone = EventAudience::People(vec![bob.id.clone()]);
    assert_eq!(
        audiences(&b, &call.id, 2).await,
        [
            ("draft".to_owned(), author_alone.clone()),
            ("withdrawn".to_owned(), author_alone)
        ]
    );
}

async fn a_self_review_is_a_review(b: Bench) {
    let ann = b.user("ann").await;
    let call = b.ready_call(&ann.id, "Talk").await;
    let review = submitted(&b, &ann, &call).await;
    let released = b
        .store
        .review_release(&actor(&ann), &review.id, None)
        .await
        .unwrap();
    assert_eq!(
        (released.state, released.result_permille),
        (ReviewState::Released, Some(750))
    );
}
