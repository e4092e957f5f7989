use gametape_core::{
    audit::AuditAction,
    comment::{Audience, Comment, CommentKind, CommentText, Thread},
    event::{EventAudience, EventKind},
    id::{CallId, CommentId, UserId},
    page::PageRequest,
    policy::{Viewer, may_see_comment},
    user::Role,
};
use gametape_store::{Actor, AuditFilter, CommentPatch, NewComment, NewReply, Place, StoreError};

use crate::bench::{Bench, assert_conflict, assert_not_found};

crate::on_every_engine!(
    a_comment_quotes_the_words_of_its_place,
    lists_show_each_their_own,
    pages_hold_all_comments_once,
    all_that_somebody_wrote_is_found,
    answers_follow_their_comment,
    an_edit_keeps_what_was_said_before,
    two_who_edit_do_not_overwrite_each_other,
    a_deleted_comment_keeps_its_place_for_its_answers_alone,
    deleting_anothers_comment_is_noted,
    the_call_counts_what_everybody_sees,
    a_comment_is_settled_and_opened_again,
    reactions_are_given_once_and_taken_back,
    those_are_told_who_may_see_it,
);

pub(crate) fn text(body: &str) -> CommentText {
    CommentText {
        kind: CommentKind::Note,
        body: body.to_owned(),
        situation: None,
        behaviour: None,
        impact: None,
    }
}

pub(crate) fn new(call_id: &CallId, author_id: &UserId, body: &str) -> NewComment {
    NewComment {
        call_id: call_id.clone(),
        author_id: author_id.clone(),
        place: None,
        text: text(body),
        audience: Audience::Call,
        mentions: Vec::new(),
    }
}

pub(crate) fn at(start_ms: i64, end_ms: i64) -> Place {
    Place {
        start_ms,
        end_ms,
        channel: None,
    }
}

fn reply(parent: &Comment, author_id: &UserId, body: &str) -> NewReply {
    NewReply {
        parent_id: parent.id.clone(),
        author_id: author_id.clone(),
        text: text(body),
        mentions: Vec::new(),
    }
}

fn by(user_id: &UserId) -> Actor {
    Actor {
        user_id: Some(user_id.clone()),
        address: None,
    }
}

async fn threads(b: &Bench, call_id: &CallId, viewer: &UserId) -> Vec<Thread> {
    let page = PageRequest::default();
    b.store.comment_list(call_id, viewer, &page).await.unwrap().items
}

async fn bodies(b: &Bench, call_id: &CallId, viewer: &UserId) -> Vec<String> {
    let threads = threads(b, call_id, viewer).await;
    threads.into_iter().map(|it| it.comment.text.body).collect()
}

async fn a_comment_quotes_the_words_of_its_place(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.ready_call(&ann, "Talk").await;
    let mut wanted = NewComment {
        place: Some(at(900, 1_050)),
        text: CommentText {
            kind: CommentKind::Praise,
            body: "nul \0 'quote' 😀".to_owned(),
            situation: Some("At the start".to_owned()),
            behaviour: None,
            impact: Some("They smiled.".to_owned()),
        },
        ..new(&call.id, &ann, "")
    };
    let made = b.store.comment_create(wanted.clone()).await.unwrap();
    assert_eq!(made.text.body, "nul \u{fffd} 'quote' 😀");
    assert_eq!(made.text.impact.as_deref(), Some("They smiled."));
    assert_eq!(
        (made.version, made.created_at, &made.author_id),
        (1, b.now(), &ann)
    );
    let anchor = made.anchor.clone().unwrap();
    assert_eq!(
        (anchor.start_ms, anchor.end_ms, anchor.channel),
        (900, 1_050, None)
    );
    assert_eq!(
        (
            anchor.prefix.as_str(),
            anchor.quote.as_str(),
            anchor.suffix.as_str()
        ),
        ("Hello.", "Hi", "there.")
    );
    assert_eq!(anchor.transcript_id, call.transcript_id);
    assert_eq!(b.store.comment_get(&made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(threads(&b, &call.id, &ann).await[0].comment, made);

    // Of one channel only.
    wanted.place = Some(Place {
        channel: Some(0),
        ..wanted.place.unwrap()
    });
    let silent = b
        .store
        .comment_create(wanted.clone())
        .await
        .unwrap()
        .anchor
        .unwrap();
    assert_eq!(
        (silent.channel, silent.quote.as_str(), silent.prefix.as_str()),
        (Some(0), "", "Hello.")
    );

    wanted.call_id = CallId::new(1);
    assert_not_found(b.store.comment_create(wanted).await);
    assert_eq!(b.store.comment_get(&CommentId::new(1)).await.unwrap(), None);
}

async fn lists_show_each_their_own(b: Bench) {
    let (ann, bob, cyd) = (
        b.user("ann").await.id,
        b.user("bob").await.id,
        b.user("cyd").await.id,
    );
    let call = b.ready_call(&ann, "Talk").await;
    for (body, audience, mentions) in [
        ("all", Audience::Call, vec![]),
        ("bob", Audience::Mentioned, vec![bob.clone()]),
        ("bob and cyd", Audience::Mentioned, vec![bob.clone(), cyd.clone()]),
        ("me", Audience::Author, vec![]),
        ("hello cyd", Audience::Call, vec![cyd.clone()]),
    ] {
        b.clock.advance_ms(1);
        let new = NewComment {
            audience,
            mentions,
            ..new(&call.id, &ann, body)
        };
        b.store.comment_create(new).await.unwrap();
    }
    let everything = threads(&b, &call.id, &ann).await;
    assert_eq!(everything.len(), 5);
    let expected: [(&UserId, &[&str]); 3] = [
        (&ann, &["all", "bob", "bob and cyd", "me", "hello cyd"]),
        (&bob, &["all", "bob", "bob and cyd", "hello cyd"]),
        (&cyd, &["all", "bob and cyd", "hello cyd"]),
    ];
    for (viewer, expected) in expected {
        assert_eq!(bodies(&b, &call.id, viewer).await, expected);
        // The condition of the list and the rule say the same.
        let rule = Viewer {
            user_id: viewer.clone(),
            role: Role::Admin,
            team_ids: Vec::new(),
        };
        let allowed: Vec<&str> = everything
            .iter()
            .filter(|it| may_see_comment(&rule, &it.comment))
            .map(|it| it.comment.text.body.as_str())
            .collect();
        assert_eq!(allowed, expected);
    }
}

async fn pages_hold_all_comments_once(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    let call = b.ready_call(&ann, "Talk").await;
    let mut made = Vec::new();
    for n in 0..9 {
        // Three to a millisecond, and every third is for its author's eyes.
        if n % 3 == 0 {
            b.clock.advance_ms(1);
        }
        let mut new = new(&call.id, &ann, &n.to_string());
        if n % 3 == 2 {
            new.audience = Audience::Author;
        }
        let comment = b.store.comment_create(new).await.unwrap();
        let answer = b.store.comment_reply(reply(&comment, &ann, "yes")).await.unwrap();
        b.store.comment_react(&answer.id, &bob, "👍", true).await.unwrap();
        b.store
            .comment_react(&comment.id, &bob, "👀", true)
            .await
            .unwrap();
        if n % 3 != 2 {
            made.push((comment.created_at, comment.id));
        }
    }
    made.sort();
    for limit in [1, 2, 4, 50] {
        let mut page = PageRequest { after: None, limit };
        let mut seen = Vec::new();
        loop {
            let found = b.store.comment_list(&call.id, &bob, &page).await.unwrap();
            assert!(found.items.len() <= limit as usize);
            for thread in found.items {
                assert_eq!(thread.replies.len(), 1);
                assert_eq!(thread.replies[0].parent_id.as_ref(), Some(&thread.comment.id));
                assert_eq!(thread.replies[0].reactions[0].reaction, "👍");
                assert_eq!(thread.comment.reactions[0].reaction, "👀");
                seen.push((thread.comment.created_at, thread.comment.id));
            }
            page.after = found.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!(seen, made, "pages of {limit}");
    }
    let none = b
        .store
        .comment_list(&CallId::new(1), &bob, &PageRequest::default())
        .await;
    assert!(none.unwrap().items.is_empty());
}

async fn answers_follow_their_comment(b: Bench) {
    let (ann, bob, cyd) = (
        b.user("ann").await.id,
        b.user("bob").await.id,
        b.user("cyd").await.id,
    );
    let call = b.ready_call(&ann, "Talk").await;
    let new = NewComment {
        audience: Audience::Mentioned,
        mentions: vec![bob.clone()],
        place: Some(at(0, 1_000)),
        ..new(&call.id, &ann, "Bob?")
    };
    let comment = b.store.comment_create(new).await.unwrap();
    let first = b
        .store
        .comment_reply(reply(&comment, &bob, "Yes."))
        .await
        .unwrap();
    assert_eq!(
        (first.parent_id.as_ref(), first.audience, first.anchor.as_ref()),
        (Some(&comment.id), Audience::Mentioned, None)
    );
    b.clock.advance_ms(1);
    b.store
        .comment_reply(reply(&comment, &ann, "Good."))
        .await
        .unwrap();
    let thread = &threads(&b, &call.id, &bob).await[0];
    let answers: Vec<&str> = thread.replies.iter().map(|it| it.text.body.as_str()).collect();
    assert_eq!(answers, ["Yes.", "Good."]);
    assert!(threads(&b, &call.id, &cyd).await.is_empty());
    assert_conflict(b.store.comment_reply(reply(&first, &ann, "No.")).await);
    let unknown = Comment {
        id: CommentId::new(1),
        ..comment
    };
    assert_not_found(b.store.comment_reply(reply(&unknown, &ann, "No.")).await);
}

fn patch(body: &str, if_version: Option<i64>) -> CommentPatch {
    CommentPatch {
        place: None,
        text: text(body),
        mentions: Vec::new(),
        if_version,
    }
}

async fn an_edit_keeps_what_was_said_before(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.ready_call(&ann, "Talk").await;
    let comment = b.store.comment_create(new(&call.id, &ann, "one")).await.unwrap();
    let made_at = b.now();
    b.clock.advance_ms(5);
    let mut second = patch("two", None);
    second.text.kind = CommentKind::Improve;
    second.text.situation = Some("then".to_owned());
    let edited = b.store.comment_edit(&comment.id, second).await.unwrap();
    assert_eq!((edited.version, edited.edited_at), (2, Some(b.now())));
    b.clock.advance_ms(5);
    b.store
        .comment_edit(&comment.id, patch("three", None))
        .await
        .unwrap();
    let versions = b.store.comment_versions(&comment.id).await.unwrap();
    let said: Vec<_> = versions
        .iter()
        .map(|it| (it.version, it.text.body.as_str(), it.text.kind, it.created_at))
        .collect();
    assert_eq!(
        said,
        [
            (1, "one", CommentKind::Note, made_at),
            (2, "two", CommentKind::Improve, made_at + 5),
            (3, "three", CommentKind::Note, made_at + 10),
        ]
    );
    assert_eq!(versions[1].text.situation.as_deref(), Some("then"));
    // What changes nothing leaves no trace.
    let seq = b.store.event_last_seq(&call.id).await.unwrap();
    let same = b
        .store
        .comment_edit(&comment.id, patch("three", Some(3)))
        .await
        .unwrap();
    assert_eq!(same.version, 3);
    assert_eq!(b.store.event_last_seq(&call.id).await.unwrap(), seq);
    assert_not_found(b.store.comment_edit(&CommentId::new(1), patch("x", None)).await);
    assert!(
        b.store
            .comment_versions(&CommentId::new(1))
            .await
            .unwrap()
            .is_empty()
    );
}

async fn two_who_edit_do_not_overwrite_each_other(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.ready_call(&ann, "Talk").await;
    let comment = b.store.comment_create(new(&call.id, &ann, "one")).await.unwrap();
    b.store
        .comment_edit(&comment.id, patch("two", Some(1)))
        .await
        .unwrap();
    let late = b.other.comment_edit(&comment.id, patch("late", Some(1))).await;
    assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
    assert_eq!(bodies(&b, &call.id, &ann).await, ["two"]);
}

async fn a_deleted_comment_keeps_its_place_for_its_answers_alone(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    let call = b.ready_call(&ann, "Talk").await;
    let mut secret = new(&call.id, &ann, "secret");
    secret.text.impact = Some("secret".to_owned());
    secret.mentions = vec![bob.clone()];
    secret.place = Some(at(0, 500));
    let comment = b.store.comment_create(secret).await.unwrap();
    b.store
        .comment_edit(&comment.id, patch("more secret", None))
        .await
        .unwrap();
    b.store
        .comment_react(&comment.id, &bob, "👍", true)
        .await
        .unwrap();
    let answer = b.store.comment_reply(reply(&comment, &bob, "Oh.")).await.unwrap();
    b.store.comment_delete(&comment.id, &by(&ann)).await.unwrap();

    let thread = threads(&b, &call.id, &bob).await.remove(0);
    let left = &thread.comment;
    assert_eq!((left.text.body.as_str(), left.text.impact.as_ref()), ("", None));
    assert_eq!(
        (left.deleted_at, left.mentions.len(), left.reactions.len()),
        (Some(b.now()), 0, 0)
    );
    assert_eq!(left.anchor, comment.anchor);
    assert_eq!(thread.replies.len(), 1);
    assert!(b.store.comment_versions(&comment.id).await.unwrap().is_empty());
    if b.place != crate::bench::Where::Memory {
        assert_eq!(b.count("comment_versions").await, 0);
        assert_eq!(b.count("comment_mentions").await, 0);
    }
    // Nothing more can be done with it.
    assert_conflict(b.store.comment_delete(&comment.id, &by(&ann)).await);
    assert_conflict(b.store.comment_edit(&comment.id, patch("x", None)).await);
    assert_conflict(b.store.comment_reply(reply(&comment, &bob, "x")).await);
    assert_conflict(b.store.comment_react(&comment.id, &bob, "👍", true).await);
    assert_conflict(b.store.comment_resolve(&comment.id, Some(&bob)).await);

    b.store.comment_delete(&answer.id, &by(&bob)).await.unwrap();
    assert!(threads(&b, &call.id, &ann).await.is_empty());
    assert_eq!(b.store.comment_get(&comment.id).await.unwrap(), None);
    assert_eq!(b.store.comment_get(&answer.id).await.unwrap(), None);
}

async fn deleting_anothers_comment_is_noted(b: Bench) {
    let (ann, root) = (b.user("ann").await.id, b.user("root").await.id);
    let call = b.ready_call(&ann, "Talk").await;
    let own = b.store.comment_create(new(&call.id, &root, "own")).await.unwrap();
    let anns = b.store.comment_create(new(&call.id, &ann, "anns")).await.unwrap();
    b.store.comment_delete(&own.id, &by(&root)).await.unwrap();
    b.store.comment_delete(&anns.id, &by(&root)).await.unwrap();
    let log = b
        .store
        .audit_list(&AuditFilter::default(), &PageRequest::default())
        .await;
    let log: Vec<_> = log
        .unwrap()
        .items
        .into_iter()
        .filter(|entry| entry.action == AuditAction::CommentDelete)
        .collect();
    assert_eq!(log.len(), 1);
    assert_eq!(
        (
            log[0].actor_id.as_ref(),
            log[0].target_id.as_str(),
            log[0].call_id.as_ref()
        ),
        (Some(&root), anns.id.as_str(), Some(&call.id))
    );
}

async fn the_call_counts_what_everybody_sees(b: Bench) {
    let ann = b.user("ann").await.id;
    let call = b.ready_call(&ann, "Talk").await;
    let comment = b.store.comment_create(new(&call.id, &ann, "a")).await.unwrap();
    let answer = b.store.comment_reply(reply(&comment, &ann, "b")).await.unwrap();
    let hidden = NewComment {
        audience: Audience::Author,
        ..new(&call.id, &ann, "c")
    };
    let hidden = b.store.comment_create(hidden).await.unwrap();
    let note = b.store.comment_reply(reply(&hidden, &ann, "d")).await.unwrap();
    let after = b.get(&call.id).await;
    assert_eq!(after.comment_count, 2);
    // Comments are no change of the call itself.
    assert_eq!(after.updated_at, call.updated_at);
    b.store.comment_delete(&note.id, &by(&ann)).await.unwrap();
    b.store.comment_delete(&comment.id, &by(&ann)).await.unwrap();
    assert_eq!(b.get(&call.id).await.comment_count, 1);
    b.store.comment_delete(&answer.id, &by(&ann)).await.unwrap();
    assert_eq!(b.get(&call.id).await.comment_count, 0);
}

async fn a_comment_is_settled_and_opened_again(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    let call = b.ready_call(&ann, "Talk").await;
    let comment = b.store.comment_create(new(&call.id, &ann, "a")).await.unwrap();
    let settled = b.store.comment_resolve(&comment.id, Some(&bob)).await.unwrap();
    assert_eq!(settled.resolved, Some((bob.clone(), b.now())));
    // The first to do it did it, and its text was not changed.
    let again = b.store.comment_resolve(&comment.id, Some(&ann)).await.unwrap();
    assert_eq!((again.resolved, again.version), (settled.resolved, 1));
    assert_eq!(
        b.store.comment_resolve(&comment.id, None).await.unwrap().resolved,
        None
    );
    let answer = b.store.comment_reply(reply(&comment, &bob, "b")).await.unwrap();
    assert_conflict(b.store.comment_resolve(&answer.id, Some(&bob)).await);
}

async fn reactions_are_given_once_and_taken_back(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    let call = b.ready_call(&ann, "Talk").await;
    let comment = b.store.comment_create(new(&call.id, &ann, "a")).await.unwrap();
    for (user_id, reaction) in [(&bob, "👍"), (&ann, "💡"), (&ann, "👍"), (&bob, "👍")] {
        b.clock.advance_ms(1);
        b.store
            .comment_react(&comment.id, user_id, reaction, true)
            .await
            .unwrap();
    }
    let seq = b.store.event_last_seq(&call.id).await.unwrap();
    let comment = b.store.comment_get(&comment.id).await.unwrap().unwrap();
    let given: Vec<_> = comment
        .reactions
        .iter()
        .map(|it| (it.reaction.as_str(), it.user_ids.clone()))
        .collect();
    assert_eq!(
        given,
        [("👍", vec![bob.clone(), ann.clone()]), ("💡", vec![ann.clone()])]
    );
    assert_eq!(threads(&b, &call.id, &bob).await[0].comment, comment);
    let left = b
        .store
        .comment_react(&comment.id, &ann, "👍", false)
        .await
        .unwrap();
    assert_eq!(left.reactions[0].user_ids, [bob]);
    b.store
        .comment_react(&comment.id, &ann, "👍", false)
        .await
        .unwrap();
    assert_eq!(b.store.event_last_seq(&call.id).await.unwrap(), seq + 1);
}

async fn those_are_told_who_may_see_it(b: Bench) {
    let (ann, bob, cyd) = (
        b.user("ann").await.id,
        b.user("bob").await.id,
        b.user("cyd").await.id,
    );
    let call = b.ready_call(&ann, "Talk").await;
    let seq = b.store.event_last_seq(&call.id).await.unwrap();
    let for_bob = NewComment {
        audience: Audience::Mentioned,
        mentions: vec![bob.clone()],
        ..new(&call.id, &ann, "a")
    };
    let for_bob = b.store.comment_create(for_bob).await.unwrap();
    let answer = b.store.comment_reply(reply(&for_bob, &bob, "b")).await.unwrap();
    let for_cyd = CommentPatch {
        place: None,
        mentions: vec![cyd.clone()],
        ..patch("a", None)
    };
    b.store.comment_edit(&for_bob.id, for_cyd).await.unwrap();
    b.store.comment_delete(&for_bob.id, &by(&ann)).await.unwrap();
    let open = b.store.comment_create(new(&call.id, &ann, "c")).await.unwrap();
    let note = NewComment {
        audience: Audience::Author,
        ..new(&call.id, &cyd, "d")
    };
    b.store.comment_create(note).await.unwrap();

    let events = b.store.events_after(&call.id, seq, 10).await.unwrap();
    assert!(events.iter().all(|event| event.kind == EventKind::Comment));
    let people = |ids: &[&UserId]| EventAudience::People(ids.iter().map(|id| (*id).clone()).collect());
    let audiences: Vec<_> = events.iter().map(|event| event.audience.clone()).collect();
    assert_eq!(
        audiences,
        [
            people(&[&ann, &bob]),
            people(&[&ann, &bob]),
            people(&[&ann, &cyd, &bob]),
            people(&[&ann, &cyd]),
            EventAudience::Everyone,
            people(&[&cyd]),
        ]
    );
    assert_eq!(
        events[1].data,
        serde_json::json!({"id": answer.id, "parent_id": for_bob.id})
    );
    assert_eq!(
        events[4].data,
        serde_json::json!({"id": open.id, "parent_id": null})
    );
}

async fn all_that_somebody_wrote_is_found(b: Bench) {
    let (ann, bob) = (b.user("ann").await.id, b.user("bob").await.id);
    let first = b.ready_call(&ann, "Talk").await;
    let second = b.ready_call(&bob, "Other talk").await;
    let mut written = Vec::new();
    for n in 0..7 {
        if n % 3 == 0 {
            b.clock.advance_ms(1);
        }
        let call = if n % 2 == 0 { &first } else { &second };
        let comment = b
            .store
            .comment_create(new(&call.id, &ann, &n.to_string()))
            .await
            .unwrap();
        let others = b.store.comment_reply(reply(&comment, &bob, "no")).await.unwrap();
        let own = b.store.comment_reply(reply(&comment, &ann, "yes")).await.unwrap();
        assert_ne!(others.id, own.id);
        written.extend([(comment.created_at, comment.id), (own.created_at, own.id)]);
    }
    let (_, gone) = written.pop().unwrap();
    b.store.comment_delete(&gone, &by(&ann)).await.unwrap();
    written.sort();
    for limit in [1, 5, 50] {
        let mut page = PageRequest { after: None, limit };
        let mut found = Vec::new();
        loop {
            let part = b.store.comment_by_author(&ann, &page).await.unwrap();
            assert!(part.items.len() <= limit as usize);
            found.extend(part.items.into_iter().map(|it| (it.created_at, it.id)));
            page.after = part.next;
            if page.after.is_none() {
                break;
            }
        }
        assert_eq!(found, written, "{limit} at once");
    }
}
