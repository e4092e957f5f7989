//! Comments that are put elsewhere.

use gametape_core::{
    comment::{Audience, Comment},
    id::UserId,
    moment::MomentSort,
    page::PageRequest,
    policy::VisibleCalls,
    search::Query,
};
use gametape_store::{CommentPatch, MomentFilter, NewComment, NewReply, Place, SearchFilter};

use crate::{
    bench::{Bench, Where, assert_conflict, assert_stale, segment},
    comment::{at, new},
};

crate::on_every_engine!(
    a_comment_is_put_elsewhere_with_its_answers,
    a_place_that_had_to_be_checked_is_confirmed,
    moments_follow_a_comment_that_is_put_elsewhere,
);

fn to(comment: &Comment, place: Place) -> CommentPatch {
    CommentPatch {
        text: comment.text.clone(),
        mentions: comment.mentions.clone(),
        place: Some(place),
        if_version: Some(comment.version),
    }
}

fn quote(comment: &Comment) -> (i64, i64, &str) {
    let anchor = comment.anchor.as_ref().unwrap();
    (anchor.start_ms, anchor.end_ms, anchor.quote.as_str())
}

async fn found_at(b: &Bench, viewer: &UserId, text: &str) -> Vec<Option<(i64, i64)>> {
    let (query, page) = (Query::parse(text).unwrap(), PageRequest::default());
    let found = b
        .store
        .search(
            &VisibleCalls::All,
            viewer,
            &query,
            &SearchFilter::default(),
            &page,
        )
        .await
        .unwrap();
    found.items.iter().map(|hit| hit.range_ms).collect()
}

async fn moments(b: &Bench, viewer: &UserId) -> Vec<(i64, i64)> {
    let (filter, page) = (MomentFilter::default(), PageRequest::default());
    let list = b
        .store
        .moment_list(&VisibleCalls::All, viewer, &filter, MomentSort::Newest, &page)
        .await
        .unwrap();
    let mut ranges: Vec<_> = list.items.iter().map(|it| (it.start_ms, it.end_ms)).collect();
    ranges.sort_unstable();
    ranges
}

async fn a_comment_is_put_elsewhere_with_its_answers(b: Bench) {
    let ann = b.user("ann").await.id;
    let segments = [segment(0, 0, "Good morning."), segment(10_000, 1, "Hello you.")];
    let call = b.call_saying(&ann, "A", &segments).await.id;
    let whole = b
        .store
        .comment_create(new(&call, &ann, "wherever"))
        .await
        .unwrap();
    let reply = NewReply {
        parent_id: whole.id.clone(),
        author_id: ann.clone(),
        text: crate::comment::text("likewise"),
        mentions: Vec::new(),
    };
    let reply = b.store.comment_reply(reply).await.unwrap();
    assert_eq!(found_at(&b, &ann, "likewise").await, [None]);

    // From nowhere to a place, and from there to another.
    b.clock.advance_ms(1);
    let first = b
        .store
        .comment_edit(&whole.id, to(&whole, at(0, 300)))
        .await
        .unwrap();
    assert_eq!(quote(&first), (0, 300, "Good morning."));
    assert_eq!((first.version, first.edited_at), (2, Some(b.now())));
    let place = Place {
        channel: Some(1),
        ..at(9_900, 10_500)
    };
    let second = b.store.comment_edit(&whole.id, to(&first, place)).await.unwrap();
    assert_eq!(quote(&second), (9_900, 10_500, "Hello you."));
    assert_eq!(second.anchor.as_ref().unwrap().channel, Some(1));
    assert_eq!(
        b.store.comment_get(&whole.id).await.unwrap(),
        Some(second.clone())
    );
    for text in ["wherever", "likewise"] {
        assert_eq!(found_at(&b, &ann, text).await, [Some((9_900, 10_500))], "{text}");
    }
    if b.place != Where::Memory {
        assert_eq!(b.count("anchors").await, 1);
    }
    // It says what it said: nothing was kept of that.
    assert_eq!(b.store.comment_versions(&whole.id).await.unwrap().len(), 1);

    let seq = b.store.event_last_seq(&call).await.unwrap();
    let same = b.store.comment_edit(&whole.id, to(&second, place)).await.unwrap();
    assert_eq!(
        (same, b.store.event_last_seq(&call).await.unwrap()),
        (second, seq)
    );
    assert_stale(b.store.comment_edit(&whole.id, to(&first, at(1, 2))).await);
    assert_conflict(b.store.comment_edit(&reply.id, to(&reply, at(1, 2))).await);
}

async fn a_place_that_had_to_be_checked_is_confirmed(b: Bench) {
    if b.place == Where::Memory {
        return;
    }
    let ann = b.user("ann").await.id;
    let call = b
        .call_saying(&ann, "A", &[segment(0, 0, "Good morning.")])
        .await
        .id;
    let wanted = NewComment {
        place: Some(at(0, 300)),
        ..new(&call, &ann, "so")
    };
    let made = b.store.comment_create(wanted).await.unwrap();
    b.write(&["UPDATE anchors SET status = 'check', quote = 'Guten Morgen.'".to_owned()])
        .await;
    let unsure = b.store.comment_get(&made.id).await.unwrap().unwrap();
    assert_eq!(unsure.anchor.as_ref().unwrap().status.as_str(), "check");
    let sure = b
        .store
        .comment_edit(&made.id, to(&unsure, at(0, 300)))
        .await
        .unwrap();
    assert_eq!(sure.anchor, made.anchor);
    assert_eq!(sure.version, made.version + 1);
}

async fn moments_follow_a_comment_that_is_put_elsewhere(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.ready_call(&ann, "A").await.id;
    let mut made = Vec::new();
    for (start_ms, end_ms) in [(0, 1_000), (900, 2_000), (1_900, 3_000), (50_000, 51_000)] {
        let wanted = NewComment {
            place: Some(at(start_ms, end_ms)),
            ..new(&call, &ann, "so")
        };
        made.push(b.store.comment_create(wanted).await.unwrap());
        b.clock.advance_ms(1);
    }
    assert_eq!(moments(&b, &ann).await, [(0, 3_000), (50_000, 51_000)]);
    // What held two together goes to a third.
    let moved = b
        .store
        .comment_edit(&made[1].id, to(&made[1], at(50_500, 52_000)));
    let moved = moved.await.unwrap();
    let apart = [(0, 1_000), (1_900, 3_000), (50_000, 52_000)];
    assert_eq!(moments(&b, &ann).await, apart);
    let back = b.store.comment_edit(&moved.id, to(&moved, at(2_900, 51_000)));
    let back = back.await.unwrap();
    assert_eq!(moments(&b, &ann).await, [(0, 1_000), (1_900, 51_000)]);
    let parted = moments(&b, &ann).await;
    b.store.moment_rebuild(&call, None).await.unwrap();
    assert_eq!(moments(&b, &ann).await, parted, "made anew as a whole");

    // What only some see is no part of a moment wherever it is.
    let note = NewComment {
        audience: Audience::Author,
        place: Some(at(100_000, 101_000)),
        ..new(&call, &ann, "mine")
    };
    let note = b.store.comment_create(note).await.unwrap();
    b.store.comment_edit(&note.id, to(&note, at(7, 9))).await.unwrap();
    assert_eq!(moments(&b, &ann).await, parted);
    assert_eq!(quote(&back).1, 51_000);
}
