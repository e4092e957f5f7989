//! Lists and exports of reviews, and who sees what in them.

use gametape_core::{
    id::{ReviewId, RubricId, UserId},
    page::PageRequest,
    policy::{self, Viewer, VisibleCalls},
    review::{Review, ReviewState},
    rubric::{default_definition, default_rubric_id},
    user::{Role, User},
};
use gametape_store::{ReviewExportFilter, ReviewFilter, ReviewRelation};

use crate::{
    bench::{Bench, HOUR_MS},
    review::{actor, begin, criteria, fill, submitted},
};

crate::on_every_engine!(
    lists_show_what_the_policy_allows,
    lists_are_paged_and_filtered,
    an_export_carries_scores_and_names,
);

pub(crate) async fn list(b: &Bench, viewer: &User, filter: &ReviewFilter) -> Vec<Review> {
    let visible = VisibleCalls::All;
    let page = PageRequest::default();
    let page = b
        .store
        .review_list(&viewer.id, &visible, filter, &page)
        .await
        .unwrap();
    page.items.into_iter().map(|line| line.review).collect()
}

/// Every state, seen by the owner, the author, an onlooker and somebody who reviews the call, with and without
/// an open review: the list, and the export, have exactly what the policy allows.
async fn lists_show_what_the_policy_allows(b: Bench) {
    let owner = b.user("owner").await;
    let onlooker = b.user("onlooker").await;
    let call = b.ready_call(&owner.id, "Talk").await;
    let mut reviews = Vec::new();
    let mut people = vec![owner.clone(), onlooker];
    for (i, state) in ReviewState::ALL.iter().enumerate() {
        let reviewer = b.user(&format!("reviewer-{i}")).await;
        let mut review = begin(&b, &reviewer, &call).await;
        if *state != ReviewState::Draft {
            fill(&b, &review, 3).await;
            let (id, by) = (&review.id.clone(), actor(&reviewer));
            review = b.store.review_submit(&by, id, None).await.unwrap();
            review = match state {
                ReviewState::Released => b.store.review_release(&actor(&owner), id, None).await.unwrap(),
                ReviewState::Withdrawn => b.store.review_withdraw(&by, id, None).await.unwrap(),
                _ => review,
            };
        }
        assert_eq!(review.state, *state);
        reviews.push(review);
        people.push(reviewer);
    }
    for self_review in [false, true] {
        if self_review {
            reviews.push(begin(&b, &owner, &call).await);
        }
        for person in &people {
            let viewer = Viewer {
                user_id: person.id.clone(),
                role: Role::Rep,
                team_ids: Vec::new(),
            };
            let blind = b.store.review_is_open(&person.id, &call.id).await.unwrap();
            let mut expected: Vec<&ReviewId> = reviews
                .iter()
                .filter(|review| policy::may_see_review(&viewer, &call, review, blind))
                .map(|review| &review.id)
                .collect();
            expected.sort();
            let mut found = list(&b, person, &ReviewFilter::default()).await;
            found.sort_by(|a, b| a.id.cmp(&b.id));
            let found: Vec<_> = found.iter().map(|it| &it.id).collect();
            assert_eq!(found, expected, "{} blind: {blind}", person.name);
            let exported = export(&b, &person.id, &ReviewExportFilter::default()).await;
            assert_eq!(exported.iter().collect::<Vec<_>>(), expected);
        }
    }
}

async fn export(b: &Bench, viewer_id: &UserId, filter: &ReviewExportFilter) -> Vec<ReviewId> {
    let visible = VisibleCalls::All;
    let rows = b
        .store
        .review_export(viewer_id, &visible, filter, None, 200)
        .await
        .unwrap();
    rows.into_iter().map(|it| it.review.id).collect()
}

async fn lists_are_paged_and_filtered(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let mut made = Vec::new();
    for n in 0..3 {
        let call = b.ready_call(&ann.id, &format!("Talk {n}")).await;
        b.clock.advance_ms(1);
        made.push(submitted(&b, &bob, &call).await.id);
    }
    let bobs = b.ready_call(&bob.id, "Bob's").await;
    b.clock.advance_ms(1);
    made.push(begin(&b, &bob, &bobs).await.id);
    made.reverse();
    let mut request = PageRequest {
        after: None,
        limit: 3,
    };
    let filter = |relation| ReviewFilter {
        relation,
        ..ReviewFilter::default()
    };
    let mut found = Vec::new();
    loop {
        let (visible, filter) = (
            VisibleCalls::To(bob.id.clone()),
            filter(Some(ReviewRelation::ByOrOf)),
        );
        let page = b
            .store
            .review_list(&bob.id, &visible, &filter, &request)
            .await
            .unwrap();
        found.extend(page.items);
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    // Ann's calls are private, so that bob does not see his own reviews of them any more.
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].review.id, made[0]);
    assert_eq!(
        (found[0].call_title.as_str(), &found[0].call_owner_id),
        ("Bob's", &bob.id)
    );

    let ids = |reviews: Vec<Review>| reviews.into_iter().map(|it| it.id).collect::<Vec<_>>();
    assert_eq!(ids(list(&b, &bob, &filter(Some(ReviewRelation::By))).await), made);
    assert_eq!(
        ids(list(&b, &bob, &filter(Some(ReviewRelation::ByOrOf))).await),
        made
    );
    assert_eq!(
        ids(list(&b, &bob, &filter(Some(ReviewRelation::Of))).await),
        made[..1]
    );
    assert_eq!(
        ids(list(&b, &ann, &filter(Some(ReviewRelation::Of))).await),
        made[1..]
    );
    assert_eq!(ids(list(&b, &ann, &filter(Some(ReviewRelation::By))).await), []);
    let submitted = ReviewFilter {
        state: Some(ReviewState::Submitted),
        ..ReviewFilter::default()
    };
    assert_eq!(ids(list(&b, &bob, &submitted).await), made[1..]);
    let of_call = ReviewFilter {
        call_id: Some(bobs.id.clone()),
        rubric_id: Some(default_rubric_id()),
        ..ReviewFilter::default()
    };
    assert_eq!(ids(list(&b, &bob, &of_call).await), made[..1]);
    let of_rubric = ReviewFilter {
        rubric_id: Some(RubricId::new(1)),
        ..ReviewFilter::default()
    };
    assert_eq!(ids(list(&b, &bob, &of_rubric).await), []);
}

async fn an_export_carries_scores_and_names(b: Bench) {
    let (ann, bob) = (b.user("ann").await, b.user("bob").await);
    let call = b.ready_call(&ann.id, "Talk").await;
    let other = b.ready_call(&ann.id, "Other").await;
    let first = submitted(&b, &bob, &call).await;
    let begun_at = b.now();
    b.clock.advance_ms(HOUR_MS);
    let second = submitted(&b, &bob, &other).await;

    let visible = VisibleCalls::All;
    let filter = ReviewExportFilter::default();
    let rows = b
        .store
        .review_export(&ann.id, &visible, &filter, None, 1)
        .await
        .unwrap();
    let [row] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(row.review, first);
    assert_eq!(
        (row.rep_name.as_str(), row.reviewer_name.as_str()),
        ("ann", "bob")
    );
    assert_eq!((row.call_title.as_str(), &row.rep_id), ("Talk", &ann.id));
    assert_eq!(row.occurred_at, call.occurred_at);
    let scored: Vec<_> = row.scores.iter().map(|it| it.criterion_id.clone()).collect();
    assert_eq!(scored, criteria());
    assert_eq!(row.scores[0].evidence[0].anchor.quote, "Hello.");
    assert_eq!(row.rubric.definition, default_definition());
    let after = Some(&first.id);
    let rows = b
        .store
        .review_export(&ann.id, &visible, &filter, after, 1)
        .await
        .unwrap();
    assert_eq!(rows[0].review.id, second.id);
    let after = Some(&second.id);
    assert!(
        b.store
            .review_export(&ann.id, &visible, &filter, after, 1)
            .await
            .unwrap()
            .is_empty()
    );

    let only = |change: fn(&mut ReviewExportFilter, i64)| {
        let mut filter = ReviewExportFilter::default();
        change(&mut filter, begun_at);
        filter
    };
    let from = only(|filter, at| filter.from = Some(at + 1));
    assert_eq!(export(&b, &ann.id, &from).await, std::slice::from_ref(&second.id));
    let until = only(|filter, at| filter.until = Some(at + 1));
    assert_eq!(export(&b, &ann.id, &until).await, std::slice::from_ref(&first.id));
    let of_call = ReviewExportFilter {
        call_id: Some(other.id.clone()),
        rubric_id: Some(default_rubric_id()),
        ..ReviewExportFilter::default()
    };
    assert_eq!(
        export(&b, &ann.id, &of_call).await,
        std::slice::from_ref(&second.id)
    );
    let of_rubric = ReviewExportFilter {
        rubric_id: Some(RubricId::new(1)),
        ..ReviewExportFilter::default()
    };
    assert!(export(&b, &ann.id, &of_rubric).await.is_empty());
    // Bob does not see ann's private calls, whatever he wrote about them.
    let hidden = VisibleCalls::To(bob.id.clone());
    let rows = b
        .store
        .review_export(&bob.id, &hidden, &filter, None, 200)
        .await
        .unwrap();
    assert!(rows.is_empty());
}
