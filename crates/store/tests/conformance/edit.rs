use gametape_core::{
    anchor::AnchorStatus,
    event::EventKind,
    id::{CallId, EditId, SegmentId, UserId},
    page::PageRequest,
    transcript::Segment,
};
use gametape_store::{Correction, NewComment, NewSegment, StoreError};

use crate::{
    bench::{Bench, assert_conflict, assert_not_found, segment},
    comment::{at, new},
};

crate::on_every_engine!(
    a_correction_is_read_and_the_machines_words_stay,
    a_correction_is_taken_back,
    quotes_read_as_people_do,
    corrections_survive_a_new_transcript,
    what_was_changed_meanwhile_is_not_overwritten,
    corrections_come_in_pages,
);

async fn call_with(b: &Bench, author: &UserId, segments: &[NewSegment]) -> CallId {
    let call = b.ready_call(author, "Talk").await.id;
    b.transcribe_again(&call, segments).await;
    call
}

async fn segments(b: &Bench, call_id: &CallId) -> Vec<Segment> {
    b.store.transcript_read(call_id).await.unwrap().unwrap().segments
}

async fn texts(b: &Bench, call_id: &CallId) -> Vec<String> {
    segments(b, call_id).await.into_iter().map(|it| it.text).collect()
}

fn write(author: &UserId, text: &str) -> Correction {
    Correction {
        author_id: author.clone(),
        text: text.to_owned(),
        was: None,
    }
}

async fn correct(b: &Bench, call_id: &CallId, index: usize, author: &UserId, text: &str) -> Segment {
    let id = segments(b, call_id).await[index].id.clone().unwrap();
    b.clock.advance_ms(1);
    b.store
        .segment_correct(call_id, &id, write(author, text))
        .await
        .unwrap()
}

async fn edits(b: &Bench, call_id: &CallId) -> Vec<(String, String, AnchorStatus, bool)> {
    let page = b.store.edit_list(call_id, &PageRequest::default()).await.unwrap();
    page.items
        .into_iter()
        .map(|it| {
            (
                it.anchor.quote,
                it.replacement,
                it.anchor.status,
                it.reverted.is_some(),
            )
        })
        .collect()
}

fn edit(
    before: &str,
    after: &str,
    status: AnchorStatus,
    reverted: bool,
) -> (String, String, AnchorStatus, bool) {
    (before.to_owned(), after.to_owned(), status, reverted)
}

async fn a_correction_is_read_and_the_machines_words_stay(b: Bench) {
    let ann = b.user("ann").await.id;
    let heard = [
        segment(1_000, 0, "we use sales force here"),
        segment(1_050, 1, "we use sales force too"),
    ];
    let call = call_with(&b, &ann, &heard).await;
    let machine = segments(&b, &call).await;
    let seq = b.store.event_last_seq(&call).await.unwrap();
    let shown = correct(&b, &call, 0, &ann, "we use \0 Salesforce here").await;
    assert_eq!(shown.text, "we use \u{fffd} Salesforce here");
    assert!(shown.edited);
    let read = segments(&b, &call).await;
    assert_eq!((&read[0], &read[1]), (&shown, &machine[1]));
    let events = b.store.events_after(&call, seq, 10).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Edit]);
    assert_eq!(
        b.store
            .transcript_read_machine(&call)
            .await
            .unwrap()
            .unwrap()
            .segments,
        machine
    );
    assert_eq!(
        b.store
            .transcript_read_version(&call, 2)
            .await
            .unwrap()
            .unwrap()
            .segments,
        machine
    );
    let list = b
        .store
        .edit_list(&call, &PageRequest::default())
        .await
        .unwrap()
        .items;
    assert_eq!(
        (list.len(), &list[0].author_id, list[0].created_at),
        (1, &ann, b.now())
    );
    assert_eq!((list[0].anchor.start_ms, list[0].anchor.end_ms), (1_200, 1_390));
    assert_eq!(list[0].anchor.channel, Some(0));
    assert_eq!(
        (list[0].anchor.prefix.as_str(), list[0].anchor.suffix.as_str()),
        ("we use", "here")
    );
    // The same text again is no correction.
    correct(&b, &call, 0, &ann, " we use \u{fffd}  Salesforce here\n").await;
    assert_eq!(edits(&b, &call).await.len(), 1);

    let other = b.ready_call(&ann, "Other").await.id;
    let id = shown.id.unwrap();
    assert_not_found(b.store.segment_correct(&other, &id, write(&ann, "x")).await);
    assert_not_found(
        b.store
            .segment_correct(&call, &SegmentId::new(1), write(&ann, "x"))
            .await,
    );
    assert_not_found(
        b.store
            .segment_correct(&CallId::new(1), &id, write(&ann, "x"))
            .await,
    );
    b.transcribe_again(&call, &[segment(1_000, 0, "…")]).await;
    // A segment of an older transcript is not read any more; one without words holds nothing to correct.
    assert_not_found(b.store.segment_correct(&call, &id, write(&ann, "x")).await);
    let empty = segments(&b, &call).await[0].id.clone().unwrap();
    assert_conflict(b.store.segment_correct(&call, &empty, write(&ann, "x")).await);
}

async fn a_correction_is_taken_back(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    let call = call_with(&b, &ann, &[segment(1_000, 0, "we met jon at acme")]).await;
    let machine = segments(&b, &call).await;
    correct(&b, &call, 0, &ann, "we met John at Acme").await;
    let list = b
        .store
        .edit_list(&call, &PageRequest::default())
        .await
        .unwrap()
        .items;
    let john = list.iter().find(|it| it.replacement == "John").unwrap();
    b.store.edit_revert(&call, &john.id, &bob).await.unwrap();
    assert_eq!(texts(&b, &call).await, ["we met jon at Acme"]);
    let seq = b.store.event_last_seq(&call).await.unwrap();
    b.store.edit_revert(&call, &john.id, &ann).await.unwrap();
    assert_eq!(b.store.event_last_seq(&call).await.unwrap(), seq);
    let list = b
        .store
        .edit_list(&call, &PageRequest::default())
        .await
        .unwrap()
        .items;
    let reverted = list.iter().find(|it| it.id == john.id).unwrap();
    assert_eq!(reverted.reverted, Some((bob, b.now())));
    // Writing the machine's words takes back what is left.
    let shown = correct(&b, &call, 0, &ann, "we met jon at acme").await;
    assert_eq!(shown, machine[0]);
    assert!(edits(&b, &call).await.iter().all(|(_, _, _, reverted)| *reverted));

    let other = b.ready_call(&ann, "Other").await.id;
    assert_not_found(b.store.edit_revert(&other, &john.id, &ann).await);
    assert_not_found(b.store.edit_revert(&call, &EditId::new(1), &ann).await);
    assert_not_found(b.store.edit_revert(&CallId::new(1), &john.id, &ann).await);
}

async fn quotes_read_as_people_do(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = call_with(&b, &ann, &[segment(1_000, 0, "we use sales force here")]).await;
    let comment = |start_ms, end_ms| NewComment {
        place: Some(at(start_ms, end_ms)),
        ..new(&call, &ann, "x")
    };
    let before = b.store.comment_create(comment(1_100, 1_490)).await.unwrap();
    assert_eq!(before.anchor.unwrap().quote, "use sales force here");
    correct(&b, &call, 0, &ann, "we use Salesforce here").await;
    let read = b
        .store
        .comment_get(&before.id)
        .await
        .unwrap()
        .unwrap()
        .anchor
        .unwrap();
    assert_eq!(
        (read.quote.as_str(), read.status),
        ("use Salesforce here", AnchorStatus::Exact)
    );
    let after = b
        .store
        .comment_create(comment(1_400, 1_490))
        .await
        .unwrap()
        .anchor
        .unwrap();
    assert_eq!(
        (after.prefix.as_str(), after.quote.as_str()),
        ("we use Salesforce", "here")
    );
    let edit = b
        .store
        .edit_list(&call, &PageRequest::default())
        .await
        .unwrap()
        .items
        .remove(0);
    b.store.edit_revert(&call, &edit.id, &ann).await.unwrap();
    let read = b
        .store
        .comment_get(&before.id)
        .await
        .unwrap()
        .unwrap()
        .anchor
        .unwrap();
    assert_eq!(read.quote, "use sales force here");
}

async fn corrections_survive_a_new_transcript(b: Bench) {
    use AnchorStatus::{Check, Exact};
    let ann = b.user("ann").await.id;
    let heard = [segment(1_000, 0, "we met jon at acme with zed today")];
    let call = call_with(&b, &ann, &heard).await;
    correct(&b, &call, 0, &ann, "we met John at acme with zed today").await;
    correct(&b, &call, 0, &ann, "we met John at Acme with zed today").await;
    correct(&b, &call, 0, &ann, "we met John at Acme with Zedd today").await;
    let new = NewComment {
        place: Some(at(1_100, 1_590)),
        ..new(&call, &ann, "x")
    };
    let comment = b.store.comment_create(new).await.unwrap();
    assert_eq!(comment.anchor.unwrap().quote, "met John at Acme with");

    // The first mistake again, the second is gone, the third is another one.
    let again = [segment(1_200, 0, "We met Jon at Acme with Seth today")];
    b.transcribe_again(&call, &again).await;
    assert_eq!(texts(&b, &call).await, ["We met John at Acme with Seth today"]);
    assert_eq!(
        edits(&b, &call).await,
        [
            edit("Jon", "John", Exact, false),
            edit("Acme", "Acme", Exact, false),
            edit("zed", "Zedd", Check, false)
        ]
    );
    let anchor = b
        .store
        .comment_get(&comment.id)
        .await
        .unwrap()
        .unwrap()
        .anchor
        .unwrap();
    assert_eq!(
        (anchor.quote.as_str(), anchor.status),
        ("met John at Acme with", Exact)
    );
    assert_eq!((anchor.start_ms, anchor.end_ms), (1_300, 1_790));

    // What was to be checked comes back with its words.
    b.transcribe_again(&call, &heard).await;
    assert_eq!(texts(&b, &call).await, ["we met John at Acme with Zedd today"]);
}

async fn what_was_changed_meanwhile_is_not_overwritten(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = call_with(&b, &ann, &[segment(1_000, 0, "one two")]).await;
    let id = segments(&b, &call).await[0].id.clone().unwrap();
    let write = |text: &str, was: &str| Correction {
        was: Some(was.to_owned()),
        ..write(&ann, text)
    };
    b.store
        .segment_correct(&call, &id, write("One two", "one two"))
        .await
        .unwrap();
    let late = b
        .other
        .segment_correct(&call, &id, write("one Two", "one two"))
        .await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    assert_eq!(texts(&b, &call).await, ["One two"]);
}

async fn corrections_come_in_pages(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = call_with(&b, &ann, &[segment(1_000, 0, "a b c d e f")]).await;
    // Three at once, in the same millisecond, and another.
    correct(&b, &call, 0, &ann, "A b C d E f").await;
    correct(&b, &call, 0, &ann, "A b C d E F").await;
    let mut page = PageRequest {
        after: None,
        limit: 2,
    };
    let mut seen = Vec::new();
    loop {
        let found = b.store.edit_list(&call, &page).await.unwrap();
        seen.extend(found.items.into_iter().map(|it| it.replacement));
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 4);
    assert_eq!(seen[3], "F");
    seen.sort();
    assert_eq!(seen, ["A", "C", "E", "F"]);
}
