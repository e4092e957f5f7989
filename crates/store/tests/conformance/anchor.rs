use gametape_core::{
    anchor::{Anchor, AnchorStatus},
    comment::Comment,
    id::{CallId, CommentId, UserId},
    job::JobKind,
};
use gametape_store::{JobEnd, NewComment, NewSegment};

use crate::{
    bench::{Bench, progress, published, segment, windows},
    comment::{at, new},
};

crate::on_every_engine!(
    places_are_found_again_in_a_new_transcript,
    a_place_to_check_is_found_by_a_later_transcript,
    what_was_quoted_too_early_is_quoted_again,
    what_an_abandoned_transcript_said_is_quoted_again,
);

async fn comment(b: &Bench, call_id: &CallId, author: &UserId, start_ms: i64, end_ms: i64) -> CommentId {
    let new = NewComment {
        place: Some(at(start_ms, end_ms)),
        ..new(call_id, author, "here")
    };
    b.store.comment_create(new).await.unwrap().id
}

async fn anchor_of(b: &Bench, id: &CommentId) -> Anchor {
    let comment: Comment = b.store.comment_get(id).await.unwrap().expect("the comment");
    comment.anchor.expect("its place")
}

fn said(anchor: &Anchor) -> (AnchorStatus, &str) {
    (anchor.status, anchor.quote.as_str())
}

/// Segments of which every word takes 100 ms.
fn segments(texts: &[(i64, &str)]) -> Vec<NewSegment> {
    texts
        .iter()
        .map(|(start_ms, text)| segment(*start_ms, 0, text))
        .collect()
}

async fn places_are_found_again_in_a_new_transcript(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.ready_call(&ann, "Talk").await.id;
    let first = segments(&[
        (1_000, "we can offer ten percent off"),
        (8_000, "the prize list is on our site"),
        (15_000, "nobody will ever find this"),
    ]);
    b.transcribe_again(&call, &first).await;
    let same = comment(&b, &call, &ann, 1_200, 1_490).await;
    let silent = comment(&b, &call, &ann, 4_000, 5_000).await;
    let similar = comment(&b, &call, &ann, 8_000, 8_690).await;
    let lost = comment(&b, &call, &ann, 15_000, 15_490).await;
    let whole = b
        .store
        .comment_create(new(&call, &ann, "all of it"))
        .await
        .unwrap();
    assert_eq!(anchor_of(&b, &same).await.quote, "offer ten percent");

    let second = segments(&[
        (1_300, "We can offer ten percent off."),
        (9_000, "the price list is on our website"),
        (15_000, "completely other words here now"),
    ]);
    b.transcribe_again(&call, &second).await;
    let current = b.get(&call).await.transcript_id;

    let it = anchor_of(&b, &same).await;
    assert_eq!(said(&it), (AnchorStatus::Exact, "offer ten percent"));
    assert_eq!(
        (it.start_ms, it.end_ms, &it.transcript_id),
        (1_500, 1_790, &current)
    );
    assert_eq!(
        (it.prefix.as_str(), it.suffix.as_str()),
        ("We can", "off. the price list is on")
    );
    let it = anchor_of(&b, &silent).await;
    assert_eq!((said(&it), it.start_ms), ((AnchorStatus::Exact, ""), 4_000));
    let it = anchor_of(&b, &similar).await;
    assert_eq!(
        said(&it),
        (AnchorStatus::Moved, "the price list is on our website")
    );
    assert_eq!((it.start_ms, it.end_ms), (9_000, 9_690));
    let it = anchor_of(&b, &lost).await;
    assert_eq!(said(&it), (AnchorStatus::Check, "nobody will ever find this"));
    assert_eq!((it.start_ms, it.end_ms), (15_000, 15_490));
    assert_ne!(it.transcript_id, current);
    assert_eq!(b.store.comment_get(&whole.id).await.unwrap(), Some(whole));
}

async fn a_place_to_check_is_found_by_a_later_transcript(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.ready_call(&ann, "Talk").await.id;
    let good = segments(&[(1_000, "we can offer ten percent off")]);
    b.transcribe_again(&call, &good).await;
    let id = comment(&b, &call, &ann, 1_200, 1_490).await;
    b.transcribe_again(&call, &segments(&[(1_000, "mumble mumble mumble")]))
        .await;
    assert_eq!(
        said(&anchor_of(&b, &id).await),
        (AnchorStatus::Check, "offer ten percent")
    );
    b.transcribe_again(&call, &good).await;
    assert_eq!(
        said(&anchor_of(&b, &id).await),
        (AnchorStatus::Exact, "offer ten percent")
    );
}

async fn what_was_quoted_too_early_is_quoted_again(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.call(&ann, "Talk").await.id;
    b.store_next().await;
    b.analyze_next().await;
    let before = comment(&b, &call, &ann, 1_000, 1_300).await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let begun = b
        .store
        .transcript_begin(&fence, &call, "m", None, windows(2))
        .await
        .unwrap();
    let append = async |window, start_ms, text: &str| {
        let segments = segments(&[(start_ms, text)]);
        let id = &begun.transcript_id;
        b.store
            .transcript_append(&fence, id, window, Some("en"), &segments, &progress(1.0))
            .await
            .unwrap();
    };
    append(0, 2_000, "four five six").await;
    let early = comment(&b, &call, &ann, 1_000, 2_190).await;
    assert_eq!(anchor_of(&b, &before).await.quote, "");
    assert_eq!(anchor_of(&b, &early).await.quote, "four five");
    append(1, 1_000, "one two three").await;
    let end = JobEnd::Transcribed { language: None };
    b.store.job_finish(&fence, end).await.unwrap();

    let it = anchor_of(&b, &before).await;
    assert_eq!(said(&it), (AnchorStatus::Exact, "one two three"));
    assert_eq!(
        (it.start_ms, it.end_ms, it.suffix.as_str()),
        (1_000, 1_300, "four five six")
    );
    assert_eq!(it.transcript_id, Some(begun.transcript_id));
    let it = anchor_of(&b, &early).await;
    assert_eq!(said(&it), (AnchorStatus::Exact, "one two three four five"));
}

async fn what_an_abandoned_transcript_said_is_quoted_again(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.call(&ann, "Talk").await.id;
    b.store_next().await;
    b.analyze_next().await;
    let (_, fence) = b.claim(JobKind::CallTranscribe).await;
    let old = b
        .store
        .transcript_begin(&fence, &call, "m", None, windows(2))
        .await
        .unwrap();
    let heard = segments(&[(1_000, "half of")]);
    b.store
        .transcript_append(&fence, &old.transcript_id, 0, None, &heard, &progress(1.0))
        .await
        .unwrap();
    let id = comment(&b, &call, &ann, 1_000, 1_500).await;
    assert_eq!(anchor_of(&b, &id).await.quote, "half of");
    // Another model begins again.
    let new = b
        .store
        .transcript_begin(&fence, &call, "other", None, windows(1))
        .await
        .unwrap();
    let heard = segments(&[(1_000, "half of it only")]);
    b.store
        .transcript_append(&fence, &new.transcript_id, 0, None, &heard, &progress(1.0))
        .await
        .unwrap();
    let end = JobEnd::Transcribed { language: None };
    b.store.job_finish(&fence, end).await.unwrap();
    assert_eq!(
        said(&anchor_of(&b, &id).await),
        (AnchorStatus::Exact, "half of it only")
    );
    let (_, fence) = b.claim(JobKind::CallPublish).await;
    b.store.job_finish(&fence, published()).await.unwrap();
}
