use gametape_core::{
    comment::{Audience, CommentKind},
    id::{CallId, NoticeId, ReviewId, UserId},
    inbox::{Notice, NoticeFilter, NoticeKind, RequestState, ReviewRequest},
    page::PageRequest,
    policy::VisibleCalls,
    review::{Rating, ReviewResponse, ReviewState},
    rubric::default_rubric_id,
};
use gametape_store::{Actor, CommentPatch, JobEnd, NewComment, NewReply, NewRequest};

use crate::{
    bench::{Bench, MINUTE_MS, assert_conflict, assert_not_found},
    comment::{at, new, text},
};

crate::on_every_engine!(
    people_are_told_once_of_what_concerns_them,
    what_is_gone_or_out_of_sight_is_not_told,
    an_edit_tells_those_who_are_mentioned_since,
    a_question_waits_until_it_is_answered_or_settled,
    reviews_are_told_to_those_between_whom_they_are,
    nobody_hears_of_scores_while_they_review,
    a_request_is_done_with_the_review,
    a_request_goes_back_or_is_taken_back,
    the_owner_hears_how_the_work_ended,
    pages_hold_all_notices_once_and_reading_is_counted,
    marks_change_with_what_is_unread,
    a_forgotten_person_leaves_nothing_in_inboxes,
);

fn by(user_id: &UserId) -> Actor {
    Actor {
        user_id: Some(user_id.clone()),
        address: None,
    }
}

/// All that somebody is told who sees all calls.
async fn inbox(b: &Bench, user_id: &UserId) -> Vec<Notice> {
    let page = PageRequest::default();
    let filter = NoticeFilter::default();
    let all = &VisibleCalls::All;
    b.store
        .inbox_list(user_id, all, filter, &page)
        .await
        .unwrap()
        .items
}

/// Its kinds, the newest first, but that calls are ready.
async fn kinds(b: &Bench, user_id: &UserId) -> Vec<NoticeKind> {
    let all = inbox(b, user_id).await.into_iter().map(|notice| notice.kind);
    all.filter(|kind| *kind != NoticeKind::CallReady).collect()
}

/// Those that wait.
async fn waiting(b: &Bench, user_id: &UserId) -> Vec<NoticeKind> {
    let filter = NoticeFilter {
        unread: false,
        waiting: true,
    };
    let page = PageRequest::default();
    let found = b
        .store
        .inbox_list(user_id, &VisibleCalls::All, filter, &page)
        .await;
    let found = found.unwrap().items;
    assert!(found.iter().all(|notice| notice.waiting));
    let all = inbox(b, user_id).await;
    assert_eq!(all.iter().filter(|notice| notice.waiting).count(), found.len());
    found.into_iter().map(|notice| notice.kind).collect()
}

async fn unread(b: &Bench, user_id: &UserId) -> i64 {
    b.store.inbox_unread(user_id, &VisibleCalls::All).await.unwrap()
}

fn comment(b: &Bench, call: &CallId, author: &UserId, mentions: &[&UserId]) -> NewComment {
    b.clock.advance_ms(1);
    NewComment {
        mentions: mentions.iter().map(|id| (*id).clone()).collect(),
        place: Some(at(900, 1_050)),
        ..new(call, author, "Look at  this,\nplease")
    }
}

async fn people(b: &Bench) -> [UserId; 3] {
    [
        b.user("ann").await.id,
        b.user("bob").await.id,
        b.user("cid").await.id,
    ]
}

/// Fills in and submits a review.
async fn submit(b: &Bench, id: &ReviewId) {
    let detail = b.store.review_read(id).await.unwrap().unwrap();
    for criterion in &detail.rubric.definition.criteria {
        b.store
            .review_set_score(id, &criterion.id, Rating::NotApplicable, "", None)
            .await
            .unwrap();
    }
    let actor = by(&detail.review.reviewer_id);
    b.store.review_submit(&actor, id, None).await.unwrap();
}

async fn begin(b: &Bench, call: &CallId, reviewer: &UserId) -> ReviewId {
    b.clock.advance_ms(1);
    let begun = b.store.review_create(reviewer, call, &default_rubric_id()).await;
    begun.unwrap().id
}

fn request(call: &CallId, by: &UserId, of: &UserId) -> NewRequest {
    NewRequest {
        call_id: call.clone(),
        asker_id: by.clone(),
        asked_id: of.clone(),
        note: Some("nul \0".to_owned()),
        due_at: Some(1_800_000_000_000),
    }
}

async fn people_are_told_once_of_what_concerns_them(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let wanted = comment(&b, &call, &bob, &[&cid, &ann]);
    let root = b.store.comment_create(wanted).await.unwrap();
    assert_eq!(kinds(&b, &ann).await, [NoticeKind::Mention]);
    assert_eq!(kinds(&b, &cid).await, [NoticeKind::Mention]);
    assert!(kinds(&b, &bob).await.is_empty());
    let told = inbox(&b, &cid).await.remove(0);
    assert_eq!(
        (told.comment_id.as_ref(), told.actor_id.as_ref(), told.start_ms),
        (Some(&root.id), Some(&bob), Some(900))
    );
    assert_eq!(told.excerpt.as_deref(), Some("Look at this, please"));
    assert_eq!((told.call_title.as_str(), told.created_at), ("Talk", b.now()));

    // An answer: the author of what it answers, whoever answered before, and the owner, but not its author.
    for (author, told) in [(&cid, [&bob, &ann]), (&ann, [&bob, &cid])] {
        b.clock.advance_ms(1);
        let reply = NewReply {
            parent_id: root.id.clone(),
            author_id: author.clone(),
            text: text("so"),
            mentions: Vec::new(),
        };
        b.store.comment_reply(reply).await.unwrap();
        for person in told {
            let newest = inbox(&b, person).await.remove(0);
            assert_eq!(newest.start_ms, Some(900));
            let expected = if *person == ann {
                NoticeKind::Comment
            } else {
                NoticeKind::Reply
            };
            assert_eq!(newest.kind, expected);
        }
    }
    let wanted = comment(&b, &call, &bob, &[]);
    b.store.comment_create(wanted).await.unwrap();
    assert_eq!(kinds(&b, &ann).await[0], NoticeKind::Comment);
    let own = comment(&b, &call, &ann, &[&ann]);
    let before = inbox(&b, &ann).await.len();
    b.store.comment_create(own).await.unwrap();
    assert_eq!(inbox(&b, &ann).await.len(), before);
}

async fn what_is_gone_or_out_of_sight_is_not_told(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    for audience in [Audience::Author, Audience::Mentioned] {
        let mentions: &[&UserId] = if audience == Audience::Author {
            &[]
        } else {
            &[&cid]
        };
        let wanted = NewComment {
            audience,
            ..comment(&b, &call, &bob, mentions)
        };
        b.store.comment_create(wanted).await.unwrap();
    }
    assert!(kinds(&b, &ann).await.is_empty());
    assert_eq!(kinds(&b, &cid).await, [NoticeKind::Mention]);
    assert_eq!(unread(&b, &cid).await, 1);
    // Who does not see the call is told nothing of it.
    let mine = VisibleCalls::To(cid.clone());
    let page = PageRequest::default();
    let filter = NoticeFilter::default();
    let seen = b.store.inbox_list(&cid, &mine, filter, &page).await.unwrap();
    assert!(seen.items.is_empty());
    assert_eq!(b.store.inbox_unread(&cid, &mine).await.unwrap(), 0);

    let wanted = comment(&b, &call, &bob, &[&cid]);
    let gone = b.store.comment_create(wanted).await.unwrap();
    assert_eq!(kinds(&b, &cid).await.len(), 2);
    b.store.comment_delete(&gone.id, &by(&bob)).await.unwrap();
    assert_eq!(kinds(&b, &cid).await.len(), 1);
    b.store.call_delete(&by(&ann), &call).await.unwrap();
    assert!(inbox(&b, &cid).await.is_empty() && inbox(&b, &ann).await.is_empty());
}

async fn an_edit_tells_those_who_are_mentioned_since(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let wanted = comment(&b, &call, &bob, &[&cid]);
    let made = b.store.comment_create(wanted).await.unwrap();
    let mentioned = [NoticeKind::Mention];
    let cases: [(&UserId, &[NoticeKind], usize); 2] = [(&ann, &mentioned, 0), (&cid, &[], 1)];
    for (mentions, for_ann, for_cid) in cases {
        let patch = CommentPatch {
            place: None,
            text: text("so then"),
            mentions: vec![mentions.clone()],
            if_version: None,
        };
        b.store.comment_edit(&made.id, patch).await.unwrap();
        assert_eq!(kinds(&b, &cid).await.len(), for_cid);
        assert_eq!(kinds(&b, &ann).await, for_ann);
    }
    assert_eq!(inbox(&b, &cid).await[0].excerpt.as_deref(), Some("so then"));
}

async fn a_question_waits_until_it_is_answered_or_settled(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let mut roots = Vec::new();
    for _ in 0..2 {
        let mut wanted = comment(&b, &call, &bob, &[&cid]);
        wanted.text.kind = CommentKind::Question;
        roots.push(b.store.comment_create(wanted).await.unwrap().id);
    }
    assert_eq!(waiting(&b, &ann).await, [NoticeKind::Comment; 2]);
    assert_eq!(waiting(&b, &cid).await, [NoticeKind::Mention; 2]);
    b.clock.advance_ms(1);
    let reply = NewReply {
        parent_id: roots[0].clone(),
        author_id: ann.clone(),
        text: text("because"),
        mentions: Vec::new(),
    };
    b.store.comment_reply(reply).await.unwrap();
    assert_eq!(waiting(&b, &ann).await, [NoticeKind::Comment]);
    assert_eq!(waiting(&b, &cid).await, [NoticeKind::Mention; 2]);
    b.store.comment_resolve(&roots[0], Some(&bob)).await.unwrap();
    b.store.comment_resolve(&roots[1], Some(&bob)).await.unwrap();
    assert!(waiting(&b, &ann).await.is_empty() && waiting(&b, &cid).await.is_empty());
    b.store.comment_resolve(&roots[1], None).await.unwrap();
    assert_eq!(waiting(&b, &ann).await, [NoticeKind::Comment]);
}

async fn reviews_are_told_to_those_between_whom_they_are(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let review = begin(&b, &call, &bob).await;
    assert_eq!(waiting(&b, &bob).await, [NoticeKind::ReviewDraft]);
    assert_eq!(unread(&b, &bob).await, 0);
    assert!(kinds(&b, &ann).await.is_empty());
    submit(&b, &review).await;
    assert!(kinds(&b, &bob).await.is_empty());
    assert_eq!(waiting(&b, &ann).await, [NoticeKind::ReviewReceived]);
    let told = inbox(&b, &ann).await.remove(0);
    assert_eq!(
        (told.review_id, told.actor_id, told.excerpt),
        (Some(review.clone()), Some(bob.clone()), None)
    );
    b.clock.advance_ms(1);
    b.store
        .review_respond(&by(&ann), &review, ReviewResponse::Ask, "Where?", None)
        .await
        .unwrap();
    assert!(waiting(&b, &ann).await.is_empty());
    let answered = inbox(&b, &bob).await.remove(0);
    assert_eq!(
        (answered.kind, answered.note.as_deref()),
        (NoticeKind::ReviewAnswered, Some("Where?"))
    );
    b.store
        .review_reopen(&by(&bob), &review, "forgot", None)
        .await
        .unwrap();
    assert!(kinds(&b, &ann).await.is_empty());
    assert_eq!(waiting(&b, &bob).await, [NoticeKind::ReviewDraft]);
    b.store.review_submit(&by(&bob), &review, None).await.unwrap();
    assert_eq!(waiting(&b, &ann).await, [NoticeKind::ReviewReceived]);
    let withdrawn = b.store.review_withdraw(&by(&bob), &review, None).await.unwrap();
    assert_eq!(withdrawn.state, ReviewState::Withdrawn);
    for person in [&ann, &bob, &cid] {
        assert!(kinds(&b, person).await.is_empty());
    }
    // Of their own review of their own call nobody is told.
    let own = begin(&b, &call, &ann).await;
    submit(&b, &own).await;
    assert!(kinds(&b, &ann).await.is_empty());
}

async fn nobody_hears_of_scores_while_they_review(b: Bench) {
    let [ann, bob, _] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let review = begin(&b, &call, &bob).await;
    submit(&b, &review).await;
    assert_eq!(unread(&b, &ann).await, 2);
    let own = begin(&b, &call, &ann).await;
    assert_eq!(kinds(&b, &ann).await, [NoticeKind::ReviewDraft]);
    assert_eq!(unread(&b, &ann).await, 1);
    b.store.review_withdraw(&by(&ann), &own, None).await.unwrap();
    assert_eq!(kinds(&b, &ann).await, [NoticeKind::ReviewReceived]);
    b.store.review_release(&by(&ann), &review, None).await.unwrap();
    assert_eq!(waiting(&b, &ann).await, [NoticeKind::ReviewReceived]);
}

async fn a_request_is_done_with_the_review(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let made = b.store.request_create(request(&call, &cid, &bob)).await.unwrap();
    assert_eq!(
        (made.state, made.note.as_deref(), made.created_at),
        (RequestState::Open, Some("nul \u{fffd}"), b.now())
    );
    assert_eq!(b.store.request_get(&made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(
        b.store.request_list(&call).await.unwrap(),
        std::slice::from_ref(&made)
    );
    assert_conflict(b.store.request_create(request(&call, &ann, &bob)).await);
    let missing = CallId::new(1);
    assert_not_found(b.store.request_create(request(&missing, &ann, &bob)).await);

    assert_eq!(waiting(&b, &bob).await, [NoticeKind::ReviewRequested]);
    let told = inbox(&b, &bob).await.remove(0);
    assert_eq!(
        (told.request_id, told.due_at, told.note.as_deref()),
        (Some(made.id.clone()), made.due_at, Some("nul \u{fffd}"))
    );
    // What was asked for and begun waits once.
    let review = begin(&b, &call, &bob).await;
    assert_eq!(waiting(&b, &bob).await, [NoticeKind::ReviewRequested]);
    b.clock.advance_ms(MINUTE_MS);
    submit(&b, &review).await;
    assert!(waiting(&b, &bob).await.is_empty());
    let done = b.store.request_get(&made.id).await.unwrap().unwrap();
    assert_eq!((done.state, done.ended_at), (RequestState::Done, Some(b.now())));
    assert_conflict(b.store.request_hand_back(&made.id, "no").await);
    // And they can be asked again.
    b.store.request_create(request(&call, &ann, &bob)).await.unwrap();
}

async fn a_request_goes_back_or_is_taken_back(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let made: ReviewRequest = b.store.request_create(request(&call, &cid, &bob)).await.unwrap();
    b.clock.advance_ms(1);
    let back = b.store.request_hand_back(&made.id, "on leave").await.unwrap();
    assert_eq!(
        (back.state, back.reason.as_deref(), back.ended_at),
        (RequestState::HandedBack, Some("on leave"), Some(b.now()))
    );
    assert!(waiting(&b, &bob).await.is_empty());
    let told = inbox(&b, &cid).await.remove(0);
    assert_eq!(
        (told.kind, told.note.as_deref(), told.actor_id),
        (NoticeKind::ReviewHandedBack, Some("on leave"), Some(bob.clone()))
    );
    let again = b.store.request_create(request(&call, &cid, &bob)).await.unwrap();
    b.store.request_delete(&again.id).await.unwrap();
    assert!(waiting(&b, &bob).await.is_empty());
    assert_eq!(b.store.request_get(&again.id).await.unwrap(), None);
    assert_not_found(b.store.request_delete(&again.id).await);
    assert_not_found(b.store.request_hand_back(&again.id, "no").await);
}

async fn the_owner_hears_how_the_work_ended(b: Bench) {
    let [ann, ..] = people(&b).await;
    let call = b.call(&ann, "Talk").await;
    let (_, fence) = b.claim(gametape_core::job::JobKind::CallStore).await;
    let problem = gametape_core::call::CallProblem {
        code: "broken".to_owned(),
        detail: "It is broken.".to_owned(),
    };
    b.store.job_finish(&fence, JobEnd::Fail(problem)).await.unwrap();
    assert_eq!(kinds(&b, &ann).await, [NoticeKind::CallFailed]);
    b.store.call_retry(&call.id).await.unwrap();
    assert!(inbox(&b, &ann).await.is_empty());
    b.store_next().await;
    b.analyze_next().await;
    b.transcribe_and_publish(&call.id).await;
    let told = inbox(&b, &ann).await;
    assert_eq!((told.len(), told[0].kind), (1, NoticeKind::CallReady));
    assert_eq!((&told[0].actor_id, told[0].waiting), (&None, false));
}

async fn pages_hold_all_notices_once_and_reading_is_counted(b: Bench) {
    let [ann, bob, _] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    for number in 0..6 {
        if number % 2 == 0 {
            b.clock.advance_ms(1);
        }
        b.store.comment_create(new(&call, &bob, "so")).await.unwrap();
    }
    let all = inbox(&b, &ann).await;
    assert_eq!((all.len(), unread(&b, &ann).await), (7, 7));
    let mut paged = Vec::new();
    let mut page = PageRequest {
        after: None,
        limit: 2,
    };
    loop {
        let filter = NoticeFilter::default();
        let found = b.store.inbox_list(&ann, &VisibleCalls::All, filter, &page).await;
        let found = found.unwrap();
        paged.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);

    let first = &all[0].id;
    b.store.inbox_set_read(&ann, first, true).await.unwrap();
    b.clock.advance_ms(5);
    b.store.inbox_set_read(&ann, first, true).await.unwrap();
    assert_eq!(unread(&b, &ann).await, 6);
    assert_eq!(inbox(&b, &ann).await[0].read_at, Some(b.now() - 5));
    b.store.inbox_set_read(&ann, first, false).await.unwrap();
    assert_eq!(unread(&b, &ann).await, 7);
    assert_not_found(b.store.inbox_set_read(&bob, first, true).await);
    assert_not_found(b.store.inbox_set_read(&ann, &NoticeId::new(1), true).await);
    b.store.inbox_read_all(&ann).await.unwrap();
    assert_eq!(unread(&b, &ann).await, 0);
    assert!(
        inbox(&b, &ann)
            .await
            .iter()
            .all(|notice| notice.read_at.is_some())
    );
}

async fn marks_change_with_what_is_unread(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let all = [ann.clone(), bob.clone(), cid.clone()];
    let first = b.other.inbox_marks(&all).await.unwrap();
    assert_eq!((first.len(), first[&ann].count), (1, 1));
    b.clock.advance_ms(1);
    b.store.comment_create(new(&call, &bob, "so")).await.unwrap();
    let second = b.other.inbox_marks(&all).await.unwrap();
    assert_ne!(first[&ann], second[&ann]);
    b.store.inbox_read_all(&ann).await.unwrap();
    assert!(b.other.inbox_marks(&all).await.unwrap().is_empty());
    assert!(b.store.inbox_marks(&[]).await.unwrap().is_empty());
}

async fn a_forgotten_person_leaves_nothing_in_inboxes(b: Bench) {
    let [ann, bob, cid] = people(&b).await;
    crate::erase::admin(&b).await;
    let call = b.ready_call(&ann, "Talk").await.id;
    let wanted = comment(&b, &call, &ann, &[&bob]);
    b.store.comment_create(wanted).await.unwrap();
    let asked = b.store.request_create(request(&call, &ann, &bob)).await.unwrap();
    assert_eq!(inbox(&b, &bob).await.len(), 2);
    b.store.person_erase(&bob, &by(&cid)).await.unwrap();
    assert!(inbox(&b, &bob).await.is_empty());
    assert_eq!(b.store.request_get(&asked.id).await.unwrap(), None);
    let by_bob = b.store.request_create(request(&call, &ann, &cid)).await.unwrap();
    b.store.person_erase(&ann, &by(&cid)).await.unwrap();
    let kept = b.store.request_get(&by_bob.id).await.unwrap().unwrap();
    assert_eq!(kept.note, None);
}
